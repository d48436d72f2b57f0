/** What the contract's JSON carries: the shapes that the API and the socket answer with. */

export type Role = "host" | "member" | "viewer";

export interface Session {
  readonly id: string;
  readonly name: string;
  readonly created_at: number;
  readonly expires_at: number;
  /** Who of those here asked for more time since the session was last extended. */
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
}

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

/** A durable change, in the order of offsets. */
export interface SessionEvent {
  readonly offset: number;
  readonly at: number;
  readonly by: number | null;
  readonly op_id: string | null;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The ok answer to `phx_join`: a snapshot, or the events missed since the offset that was given. */
export interface JoinReply {
  readonly offset: number;
  readonly server_time: number;
  readonly me: number;
  readonly positions: readonly Position[];
  readonly snapshot?: Snapshot;
  readonly events?: readonly SessionEvent[];
}
