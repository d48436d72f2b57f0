/**
 * What this device remembers: who it is in a session (so that a reload comes back as the same participant), what was last
 * seen there, the last name used, the theme, the language, the units and how people move. A browser that refuses storage
 * costs these comforts and nothing else.
 */

import type { Fix } from "../model/model";
import { agree, withdraw } from "./agreement";
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
  readonly expiresAt: number;
}

const DAY_MS = 86_400_000;
const MEMBERSHIP = "cavalcade.session.";
const STARTING = "cavalcade.attempt.start";
const JOINING = "cavalcade.attempt.join.";
const SEEN = "cavalcade.seen.";
const KEPT_FIXES = "cavalcade.fixes.";
const KEPT_OPERATIONS = "cavalcade.operations.";
const NOTED = "cavalcade.noted.";
const NAME = "cavalcade.name";
const THEME = "cavalcade.theme";
const LANGUAGE = "cavalcade.language";
const UNITS = "cavalcade.units";
const MOTION = "cavalcade.motion";

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

export function forgetMembership(sessionId: string): void {
  for (const kind of [MEMBERSHIP, KEPT_FIXES, KEPT_OPERATIONS, SEEN]) write("device", kind + sessionId, null);
  void withdraw(attemptOf(sessionId, "member"), attemptOf(sessionId, "viewer"));
}

/** A list that outlives a reload; forgotten with the membership. */
export interface KeptList<Item> {
  read(): readonly Item[];
  write(items: readonly Item[]): void;
}

/** Where a session's fixes wait that could not be sent yet. */
export function keptFixes(sessionId: string): KeptList<Fix> {
  return keptList(KEPT_FIXES + sessionId);
}

/** Where the operations wait that were not acknowledged yet. */
export function keptOperations<Operation>(sessionId: string): KeptList<Operation> {
  return keptList(KEPT_OPERATIONS + sessionId);
}

function keptList<Item>(key: string): KeptList<Item> {
  return {
    read() {
      try {
        const items: unknown = JSON.parse(read("device", key) ?? "[]");
        return Array.isArray(items) ? items : [];
      } catch {
        return [];
      }
    },
    write: (items) => write("device", key, items.length > 0 ? JSON.stringify(items) : null),
  };
}

/** The places whose sessions are not over by the clock, the longest lasting first. */
export function recallMemberships(now: number): Membership[] {
  return everyMembership()
    .filter((membership) => membership.expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt);
}

/** Forgets what was seen of sessions that are over, and the places in them after a day of grace, since the host may have given them more time. */
export function forgetExpired(now: number): void {
  for (const { sessionId, expiresAt } of everyMembership()) {
    if (expiresAt < now) write("device", SEEN + sessionId, null);
    if (expiresAt + DAY_MS < now) forgetMembership(sessionId);
  }
  for (const kind of [SEEN, KEPT_FIXES, KEPT_OPERATIONS]) {
    const lost = keysOf("device", kind).filter((key) => recallMembership(key.slice(kind.length)) === null);
    for (const key of lost) write("device", key, null);
  }
}

function everyMembership(): Membership[] {
  return keysOf("device", MEMBERSHIP)
    .map((key) => recallMembership(key.slice(MEMBERSHIP.length)))
    .filter((membership) => membership !== null);
}

/** What was last seen of a session, as JSON; forgotten with the membership. */
export function lastSeen(sessionId: string): { read(): string | null; write(text: string): void } {
  const key = SEEN + sessionId;
  return { read: () => read("device", key), write: (text) => write("device", key, text) };
}

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

function attemptOf(sessionId: string, role: JoinRole): string {
  return `${JOINING}${role}.${sessionId}`;
}

/** Whether something was said once on this device and need not be said again. */
export function isNoted(note: string): boolean {
  return read("device", NOTED + note) !== null;
}

export function note(what: string): void {
  write("device", NOTED + what, "yes");
}

export function forgetNote(what: string): void {
  write("device", NOTED + what, null);
}

export function recallName(): string {
  return read("device", NAME) ?? "";
}

export function rememberName(name: string): void {
  write("device", NAME, name || null);
}

export function recallTheme(): string | null {
  return read("device", THEME);
}

export function rememberTheme(theme: string | null): void {
  write("device", THEME, theme);
}

export function recallLanguage(): string | null {
  return read("device", LANGUAGE);
}

export function rememberLanguage(language: string): void {
  write("device", LANGUAGE, language);
}

export function recallUnits(): string | null {
  return read("device", UNITS);
}

export function rememberUnits(units: string): void {
  write("device", UNITS, units);
}

export function recallMotion(): string | null {
  return read("device", MOTION);
}

export function rememberMotion(motion: string): void {
  write("device", MOTION, motion);
}

/** 128 random bits in hex; `crypto.randomUUID` is missing on insecure addresses. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
