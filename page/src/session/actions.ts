/** What the sans-I/O channel asks of the shell around it, and what it is told beforehand. */
import type { SessionEvent } from "../model/model";
import type { Refusal } from "../net/waits";

export type ConnectionState = "waiting" | "connecting" | "joined" | "closed";

/** What an operation came to: the reply's content, or why it was refused. */
export type Outcome = { readonly ok: Readonly<Record<string, unknown>> } | { readonly error: Refusal };

/** What happened beside the folded state. */
export type News =
  /** An event was folded in. */
  | { readonly type: "event"; readonly event: SessionEvent }
  /** The whole session came again: events in between were not seen. */
  | { readonly type: "snapshot" }
  /** A broadcast that the state does not hold. */
  | { readonly type: "broadcast"; readonly name: string; readonly payload: unknown };

/** What the shell is asked for. */
export type Action =
  /** Open a WebSocket, then call `opened` or `lost`. */
  | { readonly type: "dial" }
  | { readonly type: "send"; readonly frame: string | ArrayBuffer }
  /** Sharing was paused: no fix from before may leave this device any more. */
  | { readonly type: "withhold" }
  /** Close the WebSocket and forget it: nothing of it is to be reported any more. */
  | { readonly type: "disconnect"; readonly code: number }
  | { readonly type: "settle"; readonly opId: string; readonly outcome: Outcome }
  /** Tell those who listen. */
  | { readonly type: "notify"; readonly news: News };

/** How patient a channel is, in milliseconds. */
export interface Timing {
  readonly heartbeat: number;
  /** How long nothing may come after a heartbeat: then the connection is dead, though nobody said so. */
  readonly silence: number;
  readonly answer: number;
  /** How long a channel must have been joined before the next back-off starts from the beginning. */
  readonly stable: number;
  /** Whether an attempt to come back that takes longer than usual is started again; a browser waits for minutes. */
  readonly isImpatient: boolean;
}
