/**
 * What this device remembers: who it is in a session (so that a reload comes back as the same participant), the last
 * name used, the theme, the language, the units and how people move. A browser that refuses storage costs these comforts
 * and nothing else.
 */

import type { Fix } from "./model";

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
const ATTEMPT = "cavalcade.attempt.";
const KEPT_FIXES = "cavalcade.fixes.";
const NOTED = "cavalcade.noted.";
const NAME = "cavalcade.name";
const THEME = "cavalcade.theme";
const LANGUAGE = "cavalcade.language";
const UNITS = "cavalcade.units";
const MOTION = "cavalcade.motion";

export function recallMembership(sessionId: string): Membership | null {
  const text = read(localStorageOrNull(), MEMBERSHIP + sessionId);
  if (text === null) return null;
  try {
    const membership = JSON.parse(text) as Membership;
    return typeof membership.token === "string" && typeof membership.socket === "string" ? membership : null;
  } catch {
    return null;
  }
}

export function rememberMembership(membership: Membership): void {
  write(localStorageOrNull(), MEMBERSHIP + membership.sessionId, JSON.stringify(membership));
}

export function forgetMembership(sessionId: string): void {
  remove(localStorageOrNull(), MEMBERSHIP + sessionId);
  remove(localStorageOrNull(), KEPT_FIXES + sessionId);
}

/** Where a session's fixes wait that could not be sent yet; forgotten with the membership. */
export function keptFixes(sessionId: string): { read(): readonly Fix[]; write(fixes: readonly Fix[]): void } {
  const key = KEPT_FIXES + sessionId;
  return {
    read() {
      try {
        const fixes: unknown = JSON.parse(read(localStorageOrNull(), key) ?? "[]");
        return Array.isArray(fixes) ? fixes : [];
      } catch {
        return [];
      }
    },
    write: (fixes) => choose(key, fixes.length > 0 ? JSON.stringify(fixes) : null),
  };
}

/** The places whose sessions are not over by the clock, the longest lasting first. */
export function recallMemberships(now: number): Membership[] {
  return everyMembership()
    .filter((membership) => membership.expiresAt > now)
    .sort((a, b) => b.expiresAt - a.expiresAt);
}

/** Forgets the places whose sessions are over; a day of grace, since the host may have given them more time. */
export function forgetExpired(now: number): void {
  for (const { sessionId, expiresAt } of everyMembership()) {
    if (expiresAt + DAY_MS < now) forgetMembership(sessionId);
  }
}

function everyMembership(): Membership[] {
  return Object.keys(localStorageOrNull() ?? {})
    .filter((key) => key.startsWith(MEMBERSHIP))
    .map((key) => recallMembership(key.slice(MEMBERSHIP.length)))
    .filter((membership) => membership !== null);
}

/** The key of an attempt that may not have been answered; it survives a reload, and `settleAttempt` ends it. */
export function attemptKey(purpose: string): string {
  const storage = sessionStorageOrNull();
  const known = read(storage, ATTEMPT + purpose);
  if (known) return known;
  const key = randomId();
  write(storage, ATTEMPT + purpose, key);
  return key;
}

export function settleAttempt(purpose: string): void {
  remove(sessionStorageOrNull(), ATTEMPT + purpose);
}

/** Whether something was said once on this device and need not be said again. */
export function isNoted(note: string): boolean {
  return read(localStorageOrNull(), NOTED + note) !== null;
}

export function note(what: string): void {
  choose(NOTED + what, "yes");
}

export function recallName(): string {
  return read(localStorageOrNull(), NAME) ?? "";
}

export function rememberName(name: string): void {
  choose(NAME, name || null);
}

export function recallTheme(): string | null {
  return read(localStorageOrNull(), THEME);
}

export function rememberTheme(theme: string | null): void {
  choose(THEME, theme);
}

export function recallLanguage(): string | null {
  return read(localStorageOrNull(), LANGUAGE);
}

export function rememberLanguage(language: string): void {
  choose(LANGUAGE, language);
}

export function recallUnits(): string | null {
  return read(localStorageOrNull(), UNITS);
}

export function rememberUnits(units: string): void {
  choose(UNITS, units);
}

export function recallMotion(): string | null {
  return read(localStorageOrNull(), MOTION);
}

export function rememberMotion(motion: string): void {
  choose(MOTION, motion);
}

function choose(key: string, value: string | null): void {
  if (value === null) remove(localStorageOrNull(), key);
  else write(localStorageOrNull(), key, value);
}

/** 128 random bits in hex; `crypto.randomUUID` is missing on insecure addresses. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What could not be stored lives as long as the page does. */
const unstored = new Map<string, string>();

function localStorageOrNull(): Storage | null {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

function sessionStorageOrNull(): Storage | null {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null;
  }
}

function read(storage: Storage | null, key: string): string | null {
  try {
    return storage?.getItem(key) ?? unstored.get(key) ?? null;
  } catch {
    return unstored.get(key) ?? null;
  }
}

function write(storage: Storage | null, key: string, value: string): void {
  try {
    if (!storage) throw new Error("no storage");
    storage.setItem(key, value);
    unstored.delete(key);
  } catch {
    unstored.set(key, value);
  }
}

function remove(storage: Storage | null, key: string): void {
  unstored.delete(key);
  try {
    storage?.removeItem(key);
  } catch {
    // Nothing was stored then.
  }
}
