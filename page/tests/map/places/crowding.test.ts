import fc from "fast-check";
import { expect, test } from "vitest";
import { crowded } from "../../../src/map/places/crowding";

test("of two on one spot the more important one is whole", () => {
  const [first, second, far] = [
    { id: 7, x: 100, y: 100 },
    { id: 8, x: 130, y: 110 },
    { id: 9, x: 144, y: 100 },
  ];
  expect(crowded([first, second, far])).toEqual(new Set([8]));
  expect(crowded([second, first, far])).toEqual(new Set([7, 9]));
});

test("targets that are whole never touch, and what is a dot has one beside it", () => {
  const spot = fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.integer({ min: 0, max: 800 }) });
  fc.assert(
    fc.property(fc.array(spot, { maxLength: 100 }), (places) => {
      const spots = places.map((place, id) => ({ id, ...place }));
      const small = crowded(spots);
      const whole = spots.filter(({ id }) => !small.has(id));
      const touch = (a: (typeof spots)[0], b: (typeof spots)[0]) =>
        Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y)) < 44;
      for (const one of whole) expect(whole.some((other) => other !== one && touch(one, other))).toBe(false);
      for (const id of small) {
        const dot = spots.find((one) => one.id === id);
        expect(whole.some((other) => dot && other.id < id && touch(dot, other))).toBe(true);
      }
    }),
  );
});
