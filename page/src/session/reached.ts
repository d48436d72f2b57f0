/** On whose phones something arrived, from what they report; pure. Arrived, never "read": that nobody knows. */
import { type SessionState, seenAt } from "./session_state";

/** The highest offset that each participant's visible page has shown. */
export type Reached = ReadonlyMap<number, number>;

/** Reads what each has reported, as the broadcast `reached` says it. */
export function readReached(reports: ReadonlyMap<string, unknown> | undefined): Reached {
  const offsets = [...(reports ?? [])].map(([key, report]) => {
    const offset: unknown = typeof report === "object" && report !== null ? Reflect.get(report, "offset") : null;
    return [Number(key), typeof offset === "number" ? offset : 0] as const;
  });
  return new Map(offsets);
}

export interface Reach {
  readonly on: number;
  readonly of: number;
  readonly missing: readonly Missing[];
}

export interface Missing {
  readonly name: string;
  /** For how long nothing was heard of them, in milliseconds; null where they are connected, with the page out of sight. */
  readonly silentFor: number | null;
}

/** On how many of the others' phones an offset arrived; those who watch report nothing, and do not count. */
export function reachOf(reached: Reached, offset: number, state: SessionState, now: number): Reach {
  const others = [...state.participants.values()].filter(({ id, role }) => id !== state.me && role !== "viewer");
  const missing = others.filter(({ id }) => (reached.get(id) ?? 0) < offset);
  return {
    on: others.length - missing.length,
    of: others.length,
    missing: missing.map(({ id, name }) => {
      const isConnected = state.connected === null || state.connected.has(id);
      const seen = seenAt(state, id);
      return { name, silentFor: isConnected || seen === undefined ? null : Math.max(0, now - seen) };
    }),
  };
}
