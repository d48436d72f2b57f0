import fc from "fast-check";
import { expect, test } from "vitest";
import { spread } from "../src/spread";

const spot = (id: number, x: number, y: number, isFixed = false) => ({ id, x, y, isFixed });

test("discs with room stay where they are", () => {
  const offsets = spread([spot(1, 0, 0), spot(2, 60, 0)]);
  expect([...offsets.values()]).toEqual([
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ]);
});

test("two that overlap make room for each other, along the line between them", () => {
  const offsets = spread([spot(1, 0, 0), spot(2, 18, 0)]);
  expect(offsets.get(1)).toEqual({ x: -10, y: 0 });
  expect(offsets.get(2)).toEqual({ x: 10, y: 0 });
});

test("who is fixed does not move", () => {
  const offsets = spread([spot(1, 0, 0, true), spot(2, 8, 0)]);
  expect(offsets.get(1)).toEqual({ x: 0, y: 0 });
  expect(offsets.get(2)).toEqual({ x: 30, y: 0 });
});

test("a crowd on one spot is spread the same way each time, and nobody goes far", () => {
  const crowd = Array.from({ length: 12 }, (_, index) => spot(index, 100, 100));
  expect(spread(crowd)).toEqual(spread(crowd));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ max: 200, min: 0 }), fc.integer({ max: 200, min: 0 })), { maxLength: 40 }),
      (at) => {
        for (const { x, y } of spread(at.map(([left, top], id) => spot(id, left, top))).values()) {
          expect(Math.hypot(x, y)).toBeLessThanOrEqual(35);
        }
      },
    ),
  );
});
