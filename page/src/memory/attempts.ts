/** Attempts to start or to join, which keep their key until they are answered, so that a repeated one is the same. */
import { agree, withdraw } from "./agreement";
import { randomId } from "./random_id";
import { read, write } from "./storage";

const STARTING = "cavalcade.attempt.start";
const JOINING = "cavalcade.attempt.join.";

/** The key of an attempt to start that may not have been answered; it survives a reload, and `settleStart` ends it. */
export function startKey(): string {
  const known = read("tab", STARTING);
  if (known) return known;
  const key = randomId();
  write("tab", STARTING, key);
  return key;
}

export function settleStart(): void {
  write("tab", STARTING, null);
}

/** An attempt to join: a repeated one under the same key with the same name is the same participant. */
export interface JoinAttempt {
  readonly key: string;
  readonly name: string;
}

export type JoinRole = "member" | "viewer";

/**
 * The attempt to join that all tabs of this browser make, so that a link that is open twice makes one participant. The
 * first tab's name counts. It stands until it is refused or the place is forgotten: a tab that does not know yet that
 * another one is in asks the same again, and gets the same place.
 */
export async function joinAttempt(sessionId: string, role: JoinRole, name: string): Promise<JoinAttempt> {
  const proposal: JoinAttempt = { key: randomId(), name };
  return JSON.parse(await agree(attemptOf(sessionId, role), JSON.stringify(proposal))) as JoinAttempt;
}

/** Ends an attempt that was refused: the next one is another. */
export function refusedJoin(sessionId: string, role: JoinRole): Promise<void> {
  return withdraw(attemptOf(sessionId, role));
}

/** Forgets that this browser ever asked to join a session. */
export function forgetJoins(sessionId: string): Promise<void> {
  return withdraw(attemptOf(sessionId, "member"), attemptOf(sessionId, "viewer"));
}

function attemptOf(sessionId: string, role: JoinRole): string {
  return `${JOINING}${role}.${sessionId}`;
}
