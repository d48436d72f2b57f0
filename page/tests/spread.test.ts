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
  expect(offsets.get(1)).toEqual({ x: -13, y: 0 });
  expect(offsets.get(2)).toEqual({ x: 13, y: 0 });
});

test("who is fixed does not move", () => {
  const offsets = spread([spot(1, 0, 0, true), spot(2, 8, 0)]);
  expect(offsets.get(1)).toEqual({ x: 0, y: 0 });
  expect(offsets.get(2)).toEqual({ x: 36, y: 0 });
});

test.each([
  ["in a row", (index: number) => ({ x: 200 + index * 12, y: 200 + index * 5 })],
  ["on one spot", () => ({ x: 200, y: 200 })],
])("nobody of eight %s covers another's disc", (_name, place) => {
  const spots = Array.from({ length: 8 }, (_, id) => {
    const { x, y } = place(id);
    return spot(id, x, y, id === 4);
  });
  const offsets = spread(spots);
  const drawn = spots.map(({ id, x, y }) => ({ x: x + (offsets.get(id)?.x ?? 0), y: y + (offsets.get(id)?.y ?? 0) }));
  for (const [index, a] of drawn.entries()) {
    for (const b of drawn.slice(index + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(38);
  }
});

test("a crowd on one spot is spread the same way each time, and nobody goes far", () => {
  const crowd = Array.from({ length: 12 }, (_, index) => spot(index, 100, 100));
  expect(spread(crowd)).toEqual(spread(crowd));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ max: 200, min: 0 }), fc.integer({ max: 200, min: 0 })), { maxLength: 40 }),
      (at) => {
        for (const { x, y } of spread(at.map(([left, top], id) => spot(id, left, top))).values()) {
          expect(Math.hypot(x, y)).toBeLessThanOrEqual(73);
        }
      },
    ),
  );
});
