/**
 * The newest fix that was shared goes out again after a join whose answer does not have it: a connection that broke or
 * a server that failed may have lost it, and a person who stands still would have no position. The Python client does the same.
 */
import type { Fix, JoinReply, SessionEvent } from "../model/model";
import { isAhead } from "./staleness";

/**
 * What is the newest once a fix was taken: receivers may say an older one late.
 *
 * @param now - Milliseconds on the server's clock. A fix that lies ahead of it is from before that clock was set back.
 */
export function newestOf(known: Fix | null, fix: Fix, now: number): Fix {
  return known === null || fix.fix_time >= known.fix_time || isAhead(known, now) ? fix : known;
}

/**
 * The fix to send after a join, or null where there is none to send.
 *
 * @param maySend - Whether this participant wants to share and is no viewer.
 */
export function fixToSendAgain(newest: Fix | null, maySend: boolean, { me, positions }: JoinReply): Fix | null {
  if (newest === null || !maySend) return null;
  const stored = positions.find((position) => position.participant === me);
  return stored === undefined || stored.fix_time < newest.fix_time ? newest : null;
}

/** Whether a participant's position must disappear everywhere with an event, and nothing from before it may go out. */
export function withdraws(event: SessionEvent, participant: number): boolean {
  if (event.type === "participant_left") return event.data?.participant === participant;
  return event.type === "sharing_changed" && event.data?.participant === participant && !event.data.on;
}
