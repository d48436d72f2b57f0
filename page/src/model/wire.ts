/** Generated from the domain by `tools/generate.py`: what goes over the wire. */

export type Role = "host" | "member" | "viewer";
export type Post = "lead" | "sweep";
export type Status = "break" | "fuel" | "problem" | "late" | "ready" | "going_home";
export type Newcomers = "none" | "recent" | "all";
export type Writers = "all" | "leaders";
export type Signal = "wait_for_me" | "next_stop" | "fuel" | "break" | "go_on" | "all_good" | "seen" | "thanks";
export type Addressee = "all" | "lead" | "sweep";
export type SosKind = "injured" | "breakdown" | "lost" | "other";
export type SosAnswer = "going" | "staying" | "calling";
export type SosEnd = "solved" | "false_alarm" | "left";
export type PlaceKind = "meet" | "fuel" | "food" | "view" | "hazard" | "parking" | "camp" | "note";
export type RegroupEnd = "by_hand" | "all_here";
export type AlertKind =
  | "straggler"
  | "off_route"
  | "no_news"
  | "stopped"
  | "arrival"
  | "departure"
  | "all_here"
  | "hazard_gone";
export type AlertAnswer = "going";
export type SosReason = "solved" | "false_alarm";

/** Why something is refused. A later server may say others. */
export type ErrorCode =
  | "invalid_request"
  | "unauthorized"
  | "forbidden"
  | "session_not_found"
  | "session_full"
  | "op_id_reused"
  | "payload_too_large"
  | "too_many_requests"
  | "unavailable";

/** The settings of a sharing group; times in ms since the epoch. */
export interface Session {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly time_asked_by?: number | null;
}

/** A member of a session. */
export interface Participant {
  readonly id: number;
  readonly name: string;
  readonly initials: string;
  readonly color: string;
  readonly role: Role;
  readonly sharing: boolean;
  readonly joined_at: number;
  readonly features?: Features;
}

/** An open SOS. */
export interface Sos {
  readonly sos: number;
  readonly participant: number;
  readonly by: number;
  readonly kind: SosKind;
  readonly lat: number | null;
  readonly lon: number | null;
  readonly at: number;
  readonly again_at: number;
  readonly call_at: number;
  readonly stage?: number;
  readonly answers?: Readonly<Record<string, SosAnswer>>;
}

/** A place of the session. */
export interface Place {
  readonly place: number;
  readonly participant: number;
  readonly kind: PlaceKind;
  readonly lat: number;
  readonly lon: number;
  readonly name: string | null;
  readonly note: string | null;
  readonly radius_m: number | null;
  readonly at: number;
  readonly written: number;
  readonly ticked?: readonly number[];
  readonly gone?: readonly number[];
}

/** An alert that was raised a short while ago. */
export interface Alert {
  readonly alert: number;
  readonly kind: AlertKind;
  readonly participant: number | null;
  readonly by: number;
  readonly at: number;
  readonly place?: number | null;
  readonly going?: readonly number[];
}

/** The post of a participant; None for none. */
export interface PersonPost {
  readonly post?: Post | null;
}

/** The status of a participant. */
export interface PersonStatus {
  readonly status?: Status | null;
  readonly since?: number;
}

/** Who may write and read in the chat of a session. */
export interface SessionChat {
  readonly viewers_read?: boolean;
  readonly newcomers_see?: Newcomers;
  readonly writers?: Writers;
}

/** The SOS that are open, by offset: at most one for each person. */
export interface OpenSos {
  readonly open?: readonly Sos[];
  readonly audience: "members";
}

/** The places of a session, by offset. */
export interface SessionPlaces {
  readonly places?: readonly Place[];
}

/** The call that stands; nothing where none does. */
export interface Regroup {
  readonly place?: number | null;
  readonly by?: number | null;
  readonly at?: number;
}

/** What the next alert may be the same as. */
export interface RecentAlerts {
  readonly recent?: readonly Alert[];
  readonly gathered?: readonly number[];
  readonly audience: "members";
}

/** What features keep, by key. A later server may keep what is not among these. */
export interface Features {
  readonly post?: PersonPost;
  readonly status?: PersonStatus;
  readonly chat?: SessionChat;
  readonly sos?: OpenSos;
  readonly places?: SessionPlaces;
  readonly regroup?: Regroup;
  readonly alerts?: RecentAlerts;
  readonly [key: string]: unknown;
}

/** A reading of one's own receiver; what is unknown is absent. */
export interface Fix {
  readonly lat: number;
  readonly lon: number;
  readonly fix_time?: number;
  readonly accuracy?: number;
  readonly heading?: number;
  readonly speed?: number;
  readonly altitude?: number;
  readonly battery?: number;
}

/** Where somebody was last; what is unknown is absent. */
export interface Position {
  readonly lat: number;
  readonly lon: number;
  readonly fix_time: number;
  readonly accuracy?: number;
  readonly heading?: number;
  readonly speed?: number;
  readonly altitude?: number;
  readonly battery?: number;
  readonly participant: number;
}

/** A session as it is now; those who left are not in it. */
export interface Snapshot {
  readonly session: Session;
  readonly participants: readonly Participant[];
  readonly features?: Features;
}

/** The ok reply to a join: with a snapshot, or with the events since the offset that was given. */
export interface JoinReply {
  readonly offset: number;
  readonly mark: string | null;
  readonly server_time: number;
  readonly me: number;
  readonly mode: "json" | "binary";
  readonly positions: readonly Position[];
  readonly snapshot?: Snapshot;
  readonly events?: readonly SessionEvent[];
}

interface Change<Type extends string, Data> {
  readonly offset: number;
  readonly at: number;
  readonly by: number | null;
  readonly op_id: string | null;
  readonly mark?: string | null;
  readonly audience?: string | null;
  readonly scrubs?: readonly number[];
  readonly type: Type;
  /** Null where it was left out: it was scrubbed, or is not for this reader. Then only the offset moves. */
  readonly data: Data | null;
}

/** A durable change, in the order of offsets. A later server may send types that are not among these. */
export type SessionEvent =
  | Change<"participant_joined", { participant: Participant }>
  | Change<"participant_left", { participant: number; reason: string }>
  | Change<"profile_changed", { participant: number; name: string; initials: string; color: string }>
  | Change<"sharing_changed", { participant: number; on: boolean }>
  | Change<"host_changed", { participant: number }>
  | Change<"session_changed", { session: Session }>
  | Change<"time_asked", { participant: number }>
  | Change<"post_changed", { post: Post; holders: readonly number[] }>
  | Change<"status_changed", { participant: number; status: Status | null; since: number }>
  | Change<
      "message_sent",
      {
        participant: number;
        text: string | null;
        signal: Signal | null;
        to: Addressee;
        reply_to: number | null;
        written_at?: number | null;
      }
    >
  | Change<"message_removed", { message: number }>
  | Change<"chat_changed", { viewers_read: boolean; newcomers_see: Newcomers; writers: Writers }>
  | Change<
      "sos_raised",
      {
        participant: number;
        by: number;
        kind: SosKind;
        lat: number | null;
        lon: number | null;
        at: number;
        again_at: number;
        call_at: number;
        replaces?: number | null;
      }
    >
  | Change<"sos_escalated", { sos: number; stage: number }>
  | Change<"sos_answered", { sos: number; participant: number; answer: SosAnswer }>
  | Change<"sos_cleared", { sos: number; reason: SosEnd }>
  | Change<
      "place_added",
      {
        participant: number;
        kind: PlaceKind;
        lat: number;
        lon: number;
        name: string | null;
        note: string | null;
        radius_m: number | null;
        at: number;
      }
    >
  | Change<
      "place_changed",
      {
        place: number;
        participant: number;
        kind: PlaceKind;
        lat: number;
        lon: number;
        name: string | null;
        note: string | null;
        radius_m: number | null;
        at: number;
        ticked: readonly number[];
        gone: readonly number[];
        replaces: number;
      }
    >
  | Change<"place_removed", { place: number; by: number | null; erases: number }>
  | Change<"place_ticked", { place: number; participant: number; here: boolean; by: number }>
  | Change<"hazard_denied", { place: number; participant: number }>
  | Change<"regroup_called", { place: number | null; participant: number; at: number }>
  | Change<"regroup_ended", { by: number | null; reason: RegroupEnd }>
  | Change<
      "alert_raised",
      { kind: AlertKind; participant: number | null; by: number; at: number; place?: number | null }
    >
  | Change<"alert_answered", { alert: number; participant: number; answer: AlertAnswer | null }>
  | Change<"session_ended", { reason: string }>;

/** What each operation takes, beside its `op_id`. */
export interface Operations {
  readonly leave: Record<string, never>;
  readonly "profile:set": { readonly name?: string; readonly color?: string };
  readonly "sharing:set": { readonly on: boolean };
  readonly "host:claim": Record<string, never>;
  readonly "session:set": { readonly name?: string; readonly extend_s?: number };
  readonly "time:ask": Record<string, never>;
  readonly "post:set": { readonly post: Post; readonly participant?: number; readonly instead_of?: number };
  readonly "status:set": { readonly status?: Status; readonly participant?: number };
  readonly "chat:send": {
    readonly text?: string;
    readonly signal?: Signal;
    readonly to?: Addressee;
    readonly reply_to?: number;
    readonly written_at?: number;
  };
  readonly "chat:remove": { readonly message: number };
  readonly "chat:set": {
    readonly viewers_read?: boolean;
    readonly newcomers_see?: Newcomers;
    readonly writers?: Writers;
  };
  readonly "sos:raise": {
    readonly kind: SosKind;
    readonly lat?: number;
    readonly lon?: number;
    readonly participant?: number;
  };
  readonly "sos:answer": { readonly sos: number; readonly answer: SosAnswer };
  readonly "sos:clear": { readonly sos: number; readonly reason: SosReason };
  readonly "place:add": {
    readonly kind: PlaceKind;
    readonly lat: number;
    readonly lon: number;
    readonly name?: string;
    readonly note?: string;
    readonly radius_m?: number;
  };
  readonly "place:set": {
    readonly place: number;
    readonly kind?: PlaceKind;
    readonly lat?: number;
    readonly lon?: number;
    readonly name?: string;
    readonly note?: string;
    readonly radius_m?: number;
  };
  readonly "place:remove": { readonly place: number };
  readonly "place:tick": { readonly place: number; readonly participant: number; readonly here: boolean };
  readonly "hazard:gone": { readonly place: number };
  readonly "regroup:call": { readonly place?: number };
  readonly "regroup:place": { readonly lat: number; readonly lon: number };
  readonly "regroup:end": Record<string, never>;
  readonly "alert:raise": { readonly kind: AlertKind; readonly participant?: number; readonly place?: number };
  readonly "alert:answer": { readonly alert: number; readonly answer?: AlertAnswer };
  readonly "session:end": Record<string, never>;
  readonly "fixes:send": { readonly fixes: readonly Fix[] };
}
