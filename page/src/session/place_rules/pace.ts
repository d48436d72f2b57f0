/**
 * How fast somebody rides when they ride, and whether they stand: what minutes are made of. Pure; the same as the Python
 * client's `place_rules/pace.py`.
 */
import type { Fix } from "../../model/model";
import { isClear, SLOW, speedBetween, UNSEEN_MS } from "../motion/riding";

const EACH_MS = 5_000;
/** Speeds of the last 5 minutes of riding, one in 5 s. */
const KEPT = 60;
/** A red light is shorter. */
const STANDS_AFTER_MS = 60_000;

/** What is remembered of somebody's riding. */
export interface Pace {
  /** The newest fix that counts. */
  readonly last: Fix | null;
  /** Of the last minutes in which they moved. */
  readonly speeds: readonly number[];
  /** When the newest of them was. */
  readonly notedAt: number | null;
  readonly slowSince: number | null;
}

export const NO_PACE: Pace = { last: null, speeds: [], notedAt: null, slowSince: null };

/** Takes somebody's next fix; one that is vague, or no newer, changes nothing. */
export function followPace(before: Pace, fix: Fix): Pace {
  const at = fix.fix_time;
  if (!isClear(fix) || (before.last && at <= before.last.fix_time)) return before;
  const wasSeen = before.last !== null && at - before.last.fix_time <= UNSEEN_MS;
  const speed = speedBetween(wasSeen ? before.last : null, fix);
  if (speed < SLOW) return { ...before, last: fix, slowSince: (wasSeen ? before.slowSince : null) ?? at };
  const after = { ...before, last: fix, slowSince: null };
  if (before.notedAt !== null && at - before.notedAt < EACH_MS) return after;
  return { ...after, speeds: [...before.speeds, speed].slice(-KEPT), notedAt: at };
}

/** How fast they usually ride; null where they have not ridden yet. */
export function usualSpeed({ speeds }: Pace): number | null {
  const sorted = [...speeds].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

/** Whether they have stood for a minute. */
export function stands({ slowSince }: Pace, now: number): boolean {
  return slowSince !== null && now - slowSince >= STANDS_AFTER_MS;
}
