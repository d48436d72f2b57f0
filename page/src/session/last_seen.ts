/** What was last seen of a session, so that a page that is loaded again without a network shows it, with its age. */
import type { JoinReply } from "../model/model";
import { reduce, type SessionState } from "./session_state";

const VERSION = 1;

interface Kept extends Omit<JoinReply, "events"> {
  readonly version: number;
  readonly is_incomplete?: boolean;
}

/**
 * Writes a state down.
 *
 * @param serverTime - When it was seen, on the server's clock.
 */
export function writeSeen(state: SessionState, serverTime: number): string {
  const { session, features, me, offset, mark } = state;
  const snapshot = { session, participants: [...state.participants.values()], features };
  const positions = [...state.positions.values()];
  const kept: Kept = {
    version: VERSION,
    is_incomplete: state.isIncomplete,
    server_time: serverTime,
    me,
    offset,
    mark,
    snapshot,
    positions,
  };
  return JSON.stringify(kept);
}

/**
 * Reads what `writeSeen` wrote; null where it cannot be read, or the session is over.
 *
 * @param now - Milliseconds since the epoch.
 */
export function readSeen(text: string | null, now: number): SessionState | null {
  try {
    const kept = JSON.parse(text ?? "null") as Kept | null;
    if (kept?.version !== VERSION) return null;
    const state = reduce(null, { type: "joined", reply: kept });
    if (!state || state.session.expires_at <= now || !state.participants.has(state.me)) return null;
    return { ...state, isIncomplete: kept.is_incomplete === true };
  } catch {
    return null;
  }
}
