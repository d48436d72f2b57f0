/** Places people's names beside their discs so that none covers a disc or another name; pure, in CSS pixels. */

import type { Size } from "../ground/view";

export interface Labelled {
  readonly id: number;
  /** The middle of the disc on the screen. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a name stands relative to its disc; `none` where there is no room, and the initials must do. */
export type Side = "below" | "right" | "left" | "above" | "none";

/** A part of the screen. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const DISC_PX = 23;
const OFFSET_PX = 26;
const SIDES = ["below", "right", "left", "above"] as const;

/**
 * Chooses a side for each name.
 *
 * @param people - The most important first: they get the best places.
 * @param size - The picture's: a name that would run out of it is no help.
 * @param before - The sides chosen last; a name stays where it is while there is room, so that it does not flicker.
 * @param covered - Where something lies already that comes first.
 */
export function placeLabels(
  people: readonly Labelled[],
  size: Size,
  before: ReadonlyMap<number, Side>,
  covered: readonly Box[] = [],
): Map<number, Side> {
  const discs = people.map((one): [number, Box] => [one.id, around(one.x, one.y, DISC_PX, DISC_PX)]);
  const taken = [...covered];
  const sides = new Map<number, Side>();
  for (const one of people) {
    const isFree = (side: Side) => {
      const box = boxAt(one, side);
      if (box.left < 0 || box.right > size.width) return false;
      return (
        !taken.some((other) => overlap(box, other)) && !discs.some(([id, disc]) => id !== one.id && overlap(box, disc))
      );
    };
    const last = before.get(one.id);
    const wanted = last && last !== "none" ? [last, ...SIDES] : SIDES;
    const side = wanted.find(isFree) ?? "none";
    sides.set(one.id, side);
    if (side !== "none") taken.push(boxAt(one, side));
  }
  return sides;
}

/** What people cover with their discs, and with the names that have a side. */
export function boxesOf(people: readonly Labelled[], sides: ReadonlyMap<number, Side>): Box[] {
  return people.flatMap((one) => {
    const disc = around(one.x, one.y, DISC_PX, DISC_PX);
    const side = sides.get(one.id) ?? "none";
    return side === "none" ? [disc] : [disc, boxAt(one, side)];
  });
}

function boxAt(one: Labelled, side: Side): Box {
  const [halfWidth, halfHeight] = [one.width / 2, one.height / 2];
  switch (side) {
    case "right":
      return around(one.x + OFFSET_PX + halfWidth, one.y, halfWidth, halfHeight);
    case "left":
      return around(one.x - OFFSET_PX - halfWidth, one.y, halfWidth, halfHeight);
    case "above":
      return around(one.x, one.y - OFFSET_PX - halfHeight, halfWidth, halfHeight);
    default:
      return around(one.x, one.y + OFFSET_PX + halfHeight, halfWidth, halfHeight);
  }
}

function around(x: number, y: number, halfWidth: number, halfHeight: number): Box {
  return { left: x - halfWidth, top: y - halfHeight, right: x + halfWidth, bottom: y + halfHeight };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
