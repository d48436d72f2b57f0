/** Which marks are drawn as dots, because others stand where they would; pure, in CSS pixels. */

export interface Spot {
  readonly id: number;
  readonly x: number;
  readonly y: number;
}

/** A mark's whole target: two that are whole do not touch. */
const TARGET_PX = 44;

/** @param spots - The most important first: they are drawn whole. */
export function crowded(spots: readonly Spot[]): Set<number> {
  const whole: Spot[] = [];
  const small = new Set<number>();
  for (const spot of spots) {
    const isFree = whole.every(({ x, y }) => Math.max(Math.abs(x - spot.x), Math.abs(y - spot.y)) >= TARGET_PX);
    if (isFree) whole.push(spot);
    else small.add(spot.id);
  }
  return small;
}
