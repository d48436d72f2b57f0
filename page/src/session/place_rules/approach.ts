/**
 * Whether somebody comes to a place or rides away from it, by the straight distance; roads wind, so 200 m decide. Pure; the
 * same as the Python client's `place_rules/approach.py`.
 */
const TURN_M = 200;

/** What is remembered of somebody's way to a place. */
export interface Approach {
  /** They ride away from it. */
  readonly isAway: boolean;
  /** How far it was, in metres, where they were nearest, or farthest while they ride away. */
  readonly turn: number | null;
}

export const NO_WAY: Approach = { isAway: false, turn: null };

/** Takes their next distance from the place. */
export function followApproach({ isAway, turn }: Approach, metres: number): Approach {
  const extreme = turn === null ? metres : isAway ? Math.max(turn, metres) : Math.min(turn, metres);
  return Math.abs(metres - extreme) >= TURN_M ? { isAway: !isAway, turn: metres } : { isAway, turn: extreme };
}
