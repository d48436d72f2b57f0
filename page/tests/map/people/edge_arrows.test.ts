import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { edgeArrows } from "../../../src/map/people/edge_arrows";

const SIZE = { width: 400, height: 800 };
const PADDING = { top: 100, right: 20, bottom: 150, left: 20 };

describe("edgeArrows", () => {
  test("a person in the picture has none", () => {
    expect(edgeArrows([{ id: 1, x: 200, y: 400 }], SIZE, PADDING)).toEqual([]);
    expect(edgeArrows([{ id: 1, x: -10, y: 400 }], SIZE, PADDING)).toEqual([]);
  });

  test("it points the way they are", () => {
    const at = (x: number, y: number) => edgeArrows([{ id: 1, x, y }], SIZE, PADDING)[0];
    expect(at(200, -5_000)).toMatchObject({ x: 200, y: 130, angle: 0 });
    expect(at(5_000, 375)).toMatchObject({ x: 350, y: 375, angle: 90 });
    expect(at(200, 9_000)).toMatchObject({ x: 200, y: 620, angle: 180 });
    expect(at(-5_000, 375)).toMatchObject({ x: 50, y: 375, angle: 270 });
  });

  test("where there is no room for all, the first keeps its place and says how many more there are", () => {
    const people = [1, 2, 3].map((id) => ({ id, x: 200 + id, y: -900 * id }));
    expect(edgeArrows(people, SIZE, PADDING)).toMatchObject([{ id: 1, others: 2 }]);
  });

  test("it stands within what the panels leave free, and everyone beyond is counted once", () => {
    const far = fc.oneof(fc.integer({ min: -9_000, max: -20 }), fc.integer({ min: 820, max: 9_000 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(far, far), { maxLength: 12 }), (places) => {
        const arrows = edgeArrows(
          places.map(([x, y], id) => ({ id, x, y })),
          SIZE,
          PADDING,
        );
        expect(arrows.reduce((sum, { others }) => sum + 1 + others, 0)).toBe(places.length);
        for (const { x, y } of arrows) {
          expect(x).toBeGreaterThanOrEqual(49.9);
          expect(x).toBeLessThanOrEqual(350.1);
          expect(y).toBeGreaterThanOrEqual(129.9);
          expect(y).toBeLessThanOrEqual(620.1);
        }
      }),
    );
  });
});
