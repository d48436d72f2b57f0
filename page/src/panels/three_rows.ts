/**
 * The three rows of the handlebar view, which never change places: who is next ahead, who is next behind, and who sweeps, or
 * where nobody does, who is farthest. Pure.
 */
import { bearingBetween, distanceBetween, type Point } from "../model/geo";

export interface RowPerson {
  readonly id: number;
  readonly point: Point;
  readonly isSweep: boolean;
}

export interface Rows {
  readonly ahead: number | null;
  readonly behind: number | null;
  readonly sweep: number | null;
  readonly farthest: number | null;
}

export const NO_ROWS: Rows = { ahead: null, behind: null, sweep: null, farthest: null };
/** Somebody else takes a row only where they are so much nearer: two side by side must not take turns. */
const NEARER = 0.85;
/** Degrees from straight across, within which somebody stays ahead or behind as they were. */
const SLACK = 20;

/** @param before - The rows that were shown last. */
export function chooseRows(
  before: Rows,
  me: { readonly point: Point; readonly heading: number | null },
  others: readonly RowPerson[],
): Rows {
  const metres = new Map(others.map(({ id, point }) => [id, distanceBetween(me.point, point)]));
  const far = (id: number) => metres.get(id) ?? Number.POSITIVE_INFINITY;
  const byDistance = others.map(({ id }) => id).sort((a, b) => far(a) - far(b) || a - b);
  const sweep = others.find(({ isSweep }) => isSweep)?.id ?? null;
  const farthest = sweep === null ? last(byDistance, far, before.farthest) : null;
  const { heading } = me;
  if (heading === null) {
    // Standing still there is no ahead; who was there still is.
    const still = (id: number | null) => (id !== null && metres.has(id) ? id : null);
    return { ahead: still(before.ahead), behind: still(before.behind), sweep, farthest };
  }
  const isAhead = (one: RowPerson) => {
    const turn = Math.abs(((bearingBetween(me.point, one.point) - heading + 540) % 360) - 180);
    const slack = one.id === before.ahead ? SLACK : one.id === before.behind ? -SLACK : 0;
    return turn < 90 + slack;
  };
  const ahead = new Set(others.filter(isAhead).map(({ id }) => id));
  const nearest = (candidates: readonly number[], had: number | null) => {
    const [first] = candidates;
    if (first === undefined) return null;
    return had !== null && candidates.includes(had) && far(first) > far(had) * NEARER ? had : first;
  };
  return {
    ahead: nearest(
      byDistance.filter((id) => ahead.has(id)),
      before.ahead,
    ),
    behind: nearest(
      byDistance.filter((id) => !ahead.has(id)),
      before.behind,
    ),
    sweep,
    farthest,
  };
}

function last(byDistance: readonly number[], far: (id: number) => number, had: number | null): number | null {
  const farthest = byDistance.at(-1) ?? null;
  const isAsFar = had !== null && farthest !== null && byDistance.includes(had) && far(had) > far(farthest) * NEARER;
  return isAsFar ? had : farthest;
}
