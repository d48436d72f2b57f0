/** Where arrows stand at the edge of the picture for people who are beyond it; pure, in CSS pixels. */
import type { Padding, Projected, Size } from "../ground/view";

export interface EdgeArrow {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  /** Where it points, in degrees clockwise from up. */
  readonly angle: number;
  /** How many more people are that way, for whom there was no room beside it. */
  readonly others: number;
}

/** A disc that is cut off by less is still seen. */
const BEYOND_PX = 16;
const INSET_PX = 30;
const APART_PX = 62;

/**
 * Finds an arrow's place for each person beyond the picture.
 *
 * @param people - Where they would stand, those that matter most first: they keep their arrows where room is short.
 */
export function edgeArrows(
  people: readonly (Projected & { readonly id: number })[],
  size: Size,
  padding: Padding,
): EdgeArrow[] {
  const inner = {
    left: padding.left + INSET_PX,
    top: padding.top + INSET_PX,
    right: Math.max(padding.left + INSET_PX + 1, size.width - padding.right - INSET_PX),
    bottom: Math.max(padding.top + INSET_PX + 1, size.height - padding.bottom - INSET_PX),
  };
  const middle = { x: (inner.left + inner.right) / 2, y: (inner.top + inner.bottom) / 2 };
  const arrows: { id: number; x: number; y: number; angle: number; others: number }[] = [];
  for (const { id, x, y } of people) {
    if (x >= -BEYOND_PX && y >= -BEYOND_PX && x <= size.width + BEYOND_PX && y <= size.height + BEYOND_PX) continue;
    const [dx, dy] = [x - middle.x, y - middle.y];
    const reach = Math.min(
      dx === 0 ? Number.POSITIVE_INFINITY : ((dx > 0 ? inner.right : inner.left) - middle.x) / dx,
      dy === 0 ? Number.POSITIVE_INFINITY : ((dy > 0 ? inner.bottom : inner.top) - middle.y) / dy,
    );
    const at = { x: Math.round(middle.x + dx * reach), y: Math.round(middle.y + dy * reach) };
    const near = arrows.find((other) => Math.hypot(other.x - at.x, other.y - at.y) < APART_PX);
    if (near) near.others += 1;
    else arrows.push({ id, ...at, angle: ((Math.atan2(dx, -dy) * 180) / Math.PI + 360) % 360, others: 0 });
  }
  return arrows;
}
