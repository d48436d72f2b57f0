/**
 * Who this device is in sessions, so that a reload comes back as the same participant. A browser that refuses storage costs
 * this comfort and nothing else.
 */
import { keysOf, read, write } from "./storage";

/** A place in a session. The token and the codes are secrets; they are forgotten on leaving and when the session ends. */
export interface Membership {
  readonly sessionId: string;
  /** The session's name, to find it again from the start page. */
  readonly name: string;
  /** Where the page shows it: `/j#<code>`. */
  readonly path: string;
  readonly token: string;
  readonly socket: string;
  /** The link that others may join with; absent for one who only watches. */
  readonly link?: string;
  readonly viewerLink?: string;
  /** The app on this person's phone sends their position, and this device none. */
  readonly isLocatedByApp?: boolean;
  readonly expiresAt: number;
}

const MEMBERSHIP = "cavalcade.session.";

export function recallMembership(sessionId: string): Membership | null {
  const text = read("device", MEMBERSHIP + sessionId);
  if (text === null) return null;
  try {
    const membership = JSON.parse(text) as Membership;
    return typeof membership.token === "string" && typeof membership.socket === "string" ? membership : null;
  } catch {
    return null;
  }
}

export function rememberMembership(membership: Membership): void {
  write("device", MEMBERSHIP + membership.sessionId, JSON.stringify(membership));
}

/** Forgets the membership alone; `forgetting.ts` forgets all that belongs to it. */
export function dropMembership(sessionId: string): void {
  write("device", MEMBERSHIP + sessionId, null);
}

/** The places whose sessions are not over by the clock, the longest lasting first. */
export function recallMemberships(now: number): Membership[] {
  return everyMembership()
    .filter((membership) => membership.expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt);
}

export function everyMembership(): Membership[] {
  return keysOf("device", MEMBERSHIP)
    .map((key) => recallMembership(key.slice(MEMBERSHIP.length)))
    .filter((membership) => membership !== null);
}
