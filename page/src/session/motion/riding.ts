/**
 * Who rides: 4 m/s for 5 s, until slower than 1.5 m/s for 15 s. Without fixes nobody counts as riding. Pure, by
 * tests/vectors/motion.json; the same as the Python client's `motion/riding.py`. Times are on the server's clock.
 */
import { distanceBetween } from "../../model/geo";
import type { Fix } from "../../model/model";

/** Metres per second. */
const FAST = 4;
const FAST_FOR_MS = 5_000;
export const SLOW = 1.5;
const SLOW_FOR_MS = 15_000;
/** A fix that may be wrong by more says nothing about motion. */
const VAGUE_M = 50;
/** Fixes come at least every 20 s while one stands: after so long without any, nothing is known. */
export const UNSEEN_MS = 30_000;
const PASSENGER_FOR_MS = 600_000;

/** What is remembered of one's own motion. */
export interface Riding {
  /** The newest fix that counts. */
  readonly last: Fix | null;
  /** Of that fix. */
  readonly speed: number;
  /** Since when one has been fast without a break. */
  readonly fastSince: number | null;
  readonly slowSince: number | null;
  /** One began to ride, and did not stop by the fixes that came. */
  readonly isOn: boolean;
  /** When one last counted as riding. */
  readonly rodeAt: number | null;
  /** When one said that somebody else rides. */
  readonly passengerSince: number | null;
}

export const UNMOVED: Riding = {
  last: null,
  speed: 0,
  fastSince: null,
  slowSince: null,
  isOn: false,
  rodeAt: null,
  passengerSince: null,
};

/** Whether a fix says enough about a place to judge by it. */
export function isClear(fix: Fix): boolean {
  return fix.accuracy === undefined || fix.accuracy <= VAGUE_M;
}

/** Takes one's next fix; one that is vague, or no newer, changes nothing. */
export function follow(before: Riding, fix: Fix): Riding {
  const at = fix.fix_time;
  if (!isClear(fix) || (before.last && at <= before.last.fix_time)) return before;
  const isUnseen = before.last !== null && at - before.last.fix_time > UNSEEN_MS;
  const known = isUnseen ? { ...before, last: null, fastSince: null, slowSince: null, isOn: false } : before;
  const speed = speedBetween(known.last, fix);
  const fastSince = speed < FAST ? null : (known.fastSince ?? at);
  const slowSince = speed >= SLOW ? null : (known.slowSince ?? at);
  const begins = fastSince !== null && at - fastSince >= FAST_FOR_MS;
  const ends = slowSince !== null && at - slowSince >= SLOW_FOR_MS;
  const isOn = (known.isOn || begins) && !ends;
  return { ...known, last: fix, speed, fastSince, slowSince, isOn, rodeAt: isOn ? at : known.rodeAt };
}

/** As the receiver says, or from the way since the last fix, less what both may be wrong by. */
export function speedBetween(last: Fix | null, fix: Fix): number {
  if (fix.speed !== undefined) return fix.speed;
  if (last === null || fix.fix_time <= last.fix_time) return 0;
  const certain = distanceBetween(last, fix) - (fix.accuracy ?? 0) - (last.accuracy ?? 0);
  return Math.max(0, certain) / ((fix.fix_time - last.fix_time) / 1_000);
}

/** Whether one rides now. */
export function isRiding({ isOn, last, slowSince }: Riding, now: number): boolean {
  if (!isOn || last === null || now - last.fix_time > UNSEEN_MS) return false;
  return slowSince === null || now - slowSince < SLOW_FOR_MS;
}

/** One says that somebody else rides, so that one may write. */
export function sayPassenger(riding: Riding, now: number): Riding {
  return { ...riding, passengerSince: now };
}

/** Whether what one said about being a passenger still holds: until one has not ridden for 10 minutes. */
export function isPassenger({ passengerSince, rodeAt }: Riding, now: number): boolean {
  return passengerSince !== null && now - Math.max(passengerSince, rodeAt ?? 0) < PASSENGER_FOR_MS;
}
