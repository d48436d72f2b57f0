/** When a position stops counting as where somebody is. */
import type { Fix, Position } from "../model/model";

/** Fixes come each second while moving, and at least every twenty while standing still. */
export const STALE_MS = 30_000;
/** Someone silent for so long no longer holds the camera. */
const FORGOTTEN_MS = 15 * 60_000;

/** Whether a position must be shown with its age. */
export function isStale(position: Position, now: number): boolean {
  return now - position.fix_time >= STALE_MS;
}

/** Whether the camera still keeps the position in the picture. */
export function isRecent(position: Position, now: number): boolean {
  return now - position.fix_time < FORGOTTEN_MS;
}

/** No position is taken so long after it is sent: frames of several processes may differ by less. */
const AHEAD_MS = 5_000;

/** Whether a fix lies ahead of the server's clock: that was set back since. Newer ones count in its place. */
export function isAhead(fix: Fix, now: number): boolean {
  return fix.fix_time > now + AHEAD_MS;
}
