/** Generated from the domain by `tools/generate.py`: what the contract's events carry. */

export type Role = "host" | "member" | "viewer";

export interface Session {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly time_asked_by?: number | null;
}

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

/** What features keep, by key. A later server may keep what is not among these. */
export interface Features {
  readonly [key: string]: unknown;
}

interface Change<Type extends string, Data> {
  readonly offset: number;
  readonly at: number;
  readonly by: number | null;
  readonly op_id: string | null;
  readonly mark?: string | null;
  readonly type: Type;
  readonly data: Data;
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
  | Change<"session_ended", { reason: string }>;
