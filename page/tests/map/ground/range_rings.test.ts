import { describe, expect, test } from "vitest";
import { metreGrid, rangeRings, ringStep } from "../../../src/map/ground/range_rings";
import { distanceBetween } from "../../../src/model/geo";

describe("range rings", () => {
  test.each([
    [1, 100],
    [0.5, 50],
    [10, 1_000],
    [1e5, null],
  ])("at %f metres a pixel the step is %s", (metres, step) => expect(ringStep(metres)).toBe(step));

  test("three closed rings at their distances", () => {
    const center = { lat: 60, lon: 25 };
    const rings = rangeRings(center, 200);
    expect(rings.map((ring) => ring.radius)).toEqual([200, 400, 600]);
    for (const ring of rings) {
      expect(ring.outline[0]).toEqual(ring.outline.at(-1));
      expect(distanceBetween(center, ring.label)).toBeCloseTo(ring.radius, 3);
    }
  });

  test("the grid stays put when the picture moves", () => {
    const grid = (west: number) => metreGrid({ south: 60.1, north: 60.12, west, east: west + 0.04 }, 500);
    const columns = (west: number) =>
      grid(west)
        .map((line) => line[0]?.[0])
        .filter((lon) => lon && lon > 24.92 && lon < 24.93);
    expect(columns(24.9).length).toBeGreaterThan(0);
    expect(columns(24.91)).toEqual(expect.arrayContaining(columns(24.9).slice(1)));
  });
});
