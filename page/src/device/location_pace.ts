/** How often this device sends where it is: often while it moves, seldom while it stands, less on a low battery. */
import { distanceBetween } from "../model/geo";
import type { Fix } from "../model/model";

/** What the pace depends on; the battery is unknown in most browsers. */
export interface Circumstances {
  /** Metres per second. */
  readonly speed: number;
  /** How long the device has not left its place, in milliseconds. */
  readonly stillFor: number;
  /** Whole percent. */
  readonly battery?: number | undefined;
  readonly isCharging?: boolean | undefined;
}

export interface Pace {
  readonly intervalMs: number;
  /** Whether the receiver may use satellites, which cost most of the energy. */
  readonly isPrecise: boolean;
}

const STILL_MS = 60_000;
/** As the app does; why is in docs/decisions/0042-one-channel-for-page-and-python.md. */
const STANDING_MS = 20_000;
/** Walking pace and below. */
const SLOW = 2.5;
const SLOW_MS = 2_000;
const FAST_MS = 1_000;
const LOW_BATTERY = 20;
const EMPTY_BATTERY = 10;
/** Fixes that come less often would make somebody look as if they were gone. */
const LONGEST_MS = 20_000;

/** The pace for some circumstances. */
export function paceFor({ speed, stillFor, battery, isCharging }: Circumstances): Pace {
  const basic = stillFor >= STILL_MS ? STANDING_MS : speed < SLOW ? SLOW_MS : FAST_MS;
  const left = isCharging || battery === undefined ? 100 : battery;
  const thrift = left <= EMPTY_BATTERY ? 4 : left <= LOW_BATTERY ? 2 : 1;
  return { intervalMs: Math.min(basic * thrift, LONGEST_MS), isPrecise: left > EMPTY_BATTERY };
}

/** Where a device was when it last left its place. */
export interface Whereabouts {
  readonly anchor: Fix;
  readonly movedAt: number;
  /** Metres per second, from the receiver or from the last two fixes. */
  readonly speed: number;
  readonly last: Fix;
}

/** Receivers wander by so much while they lie still. */
const WANDER_M = 20;
/** Fixes closer together say nothing about a speed. */
const SPEED_MS = 500;

/** Follows a device from fix to fix. */
export function follow(before: Whereabouts | null, fix: Fix): Whereabouts {
  if (before === null) return { anchor: fix, movedAt: fix.fix_time, speed: fix.speed ?? 0, last: fix };
  const seconds = Math.max(SPEED_MS, fix.fix_time - before.last.fix_time) / 1_000;
  const speed = fix.speed ?? distanceBetween(before.last, fix) / seconds;
  const hasMoved = distanceBetween(before.anchor, fix) > Math.max(WANDER_M, fix.accuracy ?? 0);
  return hasMoved
    ? { anchor: fix, movedAt: fix.fix_time, speed, last: fix }
    : { anchor: before.anchor, movedAt: before.movedAt, speed, last: fix };
}
