/** What the contract's JSON carries: the shapes that the API and the socket answer with. */

import type { Participant, Session, SessionEvent } from "./wire";

export type { Participant, Role, Session, SessionEvent } from "./wire";

/** A reading of this device. Metres, metres per second, degrees; an unknown field is absent. */
export interface Fix {
  readonly lat: number;
  readonly lon: number;
  readonly accuracy?: number;
  readonly speed?: number;
  readonly heading?: number;
  readonly altitude?: number;
  readonly battery?: number;
  /** Milliseconds since the epoch, on the server's clock. */
  readonly fix_time: number;
}

/** A fix that the server accepted, and whose it is. */
export interface Position extends Fix {
  readonly participant: number;
}

export interface Snapshot {
  readonly session: Session;
  readonly participants: readonly Participant[];
}

/** The ok answer to `phx_join`: a snapshot, or the events missed since the offset that was given. */
export interface JoinReply {
  readonly offset: number;
  /** The newest event's mark; an older server gives none. */
  readonly mark?: string | null;
  readonly server_time: number;
  readonly me: number;
  readonly positions: readonly Position[];
  readonly snapshot?: Snapshot;
  readonly events?: readonly SessionEvent[];
}
