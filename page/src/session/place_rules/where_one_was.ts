/**
 * Where one was a moment ago: a hazard is seen before it can be marked. Pure, by tests/vectors/place_rules.json; the same as
 * the Python client's `place_rules/where_one_was.py`. Times are on the server's clock.
 */
import { bearingBetween, destination, distanceBetween, type Point } from "../../model/geo";
import type { Fix } from "../../model/model";
import { STALE_MS } from "../staleness";

/** So long ago one passed what one marks now. */
const BEFORE_MS = 3_000;
const KEPT_MS = 10_000;
/** A fix that may be wrong by more marks nothing. */
const VAGUE_M = 100;

/** One's recent fixes with the next one, the oldest first. */
export function keepRecent(before: readonly Fix[], fix: Fix): readonly Fix[] {
  const newest = before.at(-1);
  if ((fix.accuracy ?? 0) > VAGUE_M || (newest && fix.fix_time <= newest.fix_time)) return before;
  return [...before.filter((one) => fix.fix_time - one.fix_time <= KEPT_MS), fix];
}

/** Where one was 3 s ago, between the fixes around that time; null where one's place is not known. */
export function whereOneWas(fixes: readonly Fix[], now: number): Point | null {
  const newest = fixes.at(-1);
  if (!newest || now - newest.fix_time > STALE_MS) return null;
  const at = now - BEFORE_MS;
  const before = fixes.findLast((one) => one.fix_time <= at);
  const after = fixes.find((one) => one.fix_time > at);
  if (!before || !after) {
    const { lat, lon } = before ?? fixes[0] ?? newest;
    return { lat, lon };
  }
  const part = (at - before.fix_time) / (after.fix_time - before.fix_time);
  return destination(before, distanceBetween(before, after) * part, bearingBetween(before, after));
}
