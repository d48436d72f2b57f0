/** Tokens, codes and places are secrets: they are forgotten on leaving and when the session ends. */
import { forgetJoins } from "./attempts";
import { forgetKept, forgetSeen, keptSessions } from "./kept";
import { dropMembership, everyMembership, recallMembership } from "./membership";

const DAY_MS = 86_400_000;

export function forgetMembership(sessionId: string): void {
  dropMembership(sessionId);
  forgetKept(sessionId);
  void forgetJoins(sessionId);
}

/** Forgets what was seen of sessions that are over, and the places in them after a day of grace, since the host may have given them more time. */
export function forgetExpired(now: number): void {
  for (const { sessionId, expiresAt } of everyMembership()) {
    if (expiresAt < now) forgetSeen(sessionId);
    if (expiresAt + DAY_MS < now) forgetMembership(sessionId);
  }
  for (const sessionId of keptSessions()) {
    if (recallMembership(sessionId) === null) forgetKept(sessionId);
  }
}
