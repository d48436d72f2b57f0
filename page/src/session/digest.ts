/** What arrived while somebody rode, told in one sentence once they stand; pure. */
import type { Unread } from "./chat";

/** Riding ends after 15 s of standing; the digest comes after 20 s. */
const AFTER_RIDING_MS = 5_000;

export interface Digest {
  /** The offsets of messages that came while one rode. */
  readonly missed: readonly number[];
  readonly endedAt: number | null;
  readonly wasRiding: boolean;
}

export const NOTHING_MISSED: Digest = { missed: [], endedAt: null, wasRiding: false };

/** A message came. */
export function noteArrival(digest: Digest, id: number, isRiding: boolean): Digest {
  return isRiding ? { ...digest, missed: [...digest.missed, id] } : digest;
}

/** Looks whether it is time to tell; `due` is what came while one rode, once. */
export function lookAt(digest: Digest, isRiding: boolean, now: number): { digest: Digest; due: readonly number[] } {
  if (isRiding) return { digest: { ...digest, endedAt: null, wasRiding: true }, due: [] };
  const endedAt = digest.wasRiding ? now : digest.endedAt;
  if (endedAt === null || now - endedAt < AFTER_RIDING_MS)
    return { digest: { ...digest, endedAt, wasRiding: false }, due: [] };
  return { digest: NOTHING_MISSED, due: digest.missed };
}

/** How many of those that came are still unread. */
export function stillUnread(due: readonly number[], readUpTo: number, isForMe: (id: number) => boolean): Unread {
  const left = due.filter((id) => id > readUpTo);
  return { count: left.length, forMe: left.filter(isForMe).length };
}
