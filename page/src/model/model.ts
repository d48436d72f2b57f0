/** What goes over the wire, as the page uses it. */

import type * as wire from "./wire";

export type {
  Alert,
  AlertKind,
  ErrorCode,
  Features,
  Operations,
  Participant,
  Place,
  PlaceKind,
  Position,
  Post,
  Regroup,
  Role,
  Session,
  SessionChat,
  SessionEvent,
  Signal,
  Snapshot,
  Sos,
  SosAnswer,
  SosKind,
  SosReason,
  Status,
} from "./wire";

/** A reading of this device; its time is known, in milliseconds since the epoch on the server's clock. */
export interface Fix extends wire.Fix {
  readonly fix_time: number;
}

/** The ok reply to a join; an older server gives no mark. */
export interface JoinReply extends Omit<wire.JoinReply, "mark" | "mode"> {
  readonly mark?: string | null;
}
