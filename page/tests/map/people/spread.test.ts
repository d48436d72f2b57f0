import fc from "fast-check";
import { expect, test } from "vitest";
import { type Drawn, type Offset, type Spot, spread } from "../../../src/map/people/spread";

function offsets(spots: readonly Spot[], before?: ReadonlyMap<number, Drawn>): Offset[] {
  return [...spread(spots, before).values()].map(({ offset }) => offset);
}

function apart(spots: readonly Spot[], drawn: ReadonlyMap<number, Drawn>): number {
  const at = spots.map(({ id, x, y }) => ({
    x: x + (drawn.get(id)?.offset.x ?? 0),
    y: y + (drawn.get(id)?.offset.y ?? 0),
  }));
  const distances = at.flatMap((a, index) => at.slice(index + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)));
  return Math.min(...distances);
}

const spot = (id: number, x: number, y: number, isFixed = false) => ({ id, x, y, isFixed });

test("discs with room stay where they are", () => {
  expect(offsets([spot(1, 0, 0), spot(2, 60, 0)])).toEqual([
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ]);
});

test("two that overlap make room for each other, along the line between them", () => {
  expect(offsets([spot(1, 0, 0), spot(2, 18, 0)])).toEqual([
    { x: -13, y: 0 },
    { x: 13, y: 0 },
  ]);
});

test("who is fixed does not move", () => {
  expect(offsets([spot(1, 0, 0, true), spot(2, 8, 0)])).toEqual([
    { x: 0, y: 0 },
    { x: 36, y: 0 },
  ]);
});

test.each([
  ["in a row", (index: number) => ({ x: 200 + index * 12, y: 200 + index * 5 })],
  ["on one spot", () => ({ x: 200, y: 200 })],
])("nobody of eight %s covers another's disc", (_name, place) => {
  const spots = Array.from({ length: 8 }, (_, id) => {
    const { x, y } = place(id);
    return spot(id, x, y, id === 4);
  });
  expect(apart(spots, spread(spots))).toBeGreaterThan(38);
});

test("a crowd on one spot is spread the same way each time, and nobody goes far", () => {
  const crowd = Array.from({ length: 12 }, (_, index) => spot(index, 100, 100));
  expect(spread(crowd)).toEqual(spread(crowd));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ max: 200, min: 0 }), fc.integer({ max: 200, min: 0 })), { maxLength: 40 }),
      (at) => {
        for (const { x, y } of offsets(at.map(([left, top], id) => spot(id, left, top)))) {
          expect(Math.hypot(x, y)).toBeLessThanOrEqual(73);
        }
      },
    ),
  );
});

/** A crowd of 40 in a square of 400, each of whom moves so far with each step. */
function crowd(steps: number, speed: number): Spot[] {
  return Array.from({ length: 40 }, (_, id) => {
    const way = id * 2.4;
    const [x, y] = [(id * 137) % 400, (id * 211) % 400];
    return spot(id, x + Math.cos(way) * speed * steps, y + Math.sin(way) * speed * steps);
  });
}

test("a crowd that moves a little is not thrown about", () => {
  let before = spread(crowd(0, 1));
  let jumps = 0;
  for (let steps = 1; steps <= 20; steps++) {
    const drawn = spread(crowd(steps, 1), before);
    for (const [id, { offset }] of drawn) {
      const { x, y } = before.get(id)?.offset ?? offset;
      if (Math.hypot(offset.x - x, offset.y - y) >= 12) jumps += 1;
    }
    before = drawn;
  }
  expect(jumps).toBeLessThan((20 * 40) / 20);
  expect(apart(crowd(20, 1), before)).toBeGreaterThan(30);
});

test("those whose row draws together step out of it", () => {
  const eight = (width: number) => Array.from({ length: 8 }, (_, id) => spot(id, id * width, 0));
  let drawn = spread(eight(46));
  for (let width = 45; width >= 10; width--) drawn = spread(eight(width), drawn);
  expect(apart(eight(10), drawn)).toBeGreaterThan(34);
});

/** A hundred in a row in which there is room for a few. */
function row(moved = 0): Spot[] {
  return Array.from({ length: 100 }, (_, id) => spot(id, id * 3 + moved, 0));
}

test("while nobody moves nobody steps aside, also where there is no room for all", () => {
  const drawn = spread(row());
  expect(spread(row(), drawn)).toBe(drawn);
  expect(spread(row(0.4), drawn)).toBe(drawn);
  expect(spread(row(2), drawn)).not.toBe(drawn);
});

test("where there is no room for all, hardly anybody is thrown about", () => {
  let drawn = spread(row());
  for (let moved = 2; moved <= 20; moved += 2) drawn = spread(row(moved), drawn);
  const before = drawn;
  drawn = spread(row(22), before);
  const jumps = [...drawn].filter(([id, { offset }]) => {
    const { x, y } = before.get(id)?.offset ?? offset;
    return Math.hypot(offset.x - x, offset.y - y) >= 8;
  });
  expect(jumps.length).toBeLessThan(5);
});

test("who was in the way and is gone lets the others go home", () => {
  const before = spread([spot(1, 0, 0), spot(2, 18, 0)]);
  expect(offsets([spot(1, 0, 0)], before)).toEqual([{ x: 0, y: 0 }]);
});

test("who becomes fixed stands in their place", () => {
  const before = spread([spot(1, 0, 0), spot(2, 18, 0)]);
  const [me, other] = offsets([spot(1, 0, 0, true), spot(2, 18, 0)], before);
  expect(me).toEqual({ x: 0, y: 0 });
  expect(other?.x).toBeGreaterThanOrEqual(22);
});
