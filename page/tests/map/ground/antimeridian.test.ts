import fc from "fast-check";
import { expect, test } from "vitest";
import { unwrapLine, unwrapPolygon } from "../../../src/map/ground/antimeridian";

test("a line goes on beyond 180 degrees, and comes back", () => {
  const line = [
    [170, 60],
    [179, 61],
    [-179, 62],
    [-170, 63],
    [178, 64],
  ];
  expect(unwrapLine(line).map(([lon]) => lon)).toEqual([170, 179, 181, 190, 178]);
  expect(unwrapLine(line.map(([lon = 0, lat = 0]) => [-lon, lat])).map(([lon]) => lon)).toEqual([
    -170, -179, -181, -190, -178,
  ]);
});

test("a ring across it stays closed", () => {
  const [ring = []] = unwrapPolygon([
    [
      [178, -16],
      [-179, -16],
      [-179, -17],
      [178, -17],
      [178, -16],
    ],
  ]);
  expect(ring.map(([lon]) => lon)).toEqual([178, 181, 181, 178, 178]);
});

test("a ring around a pole is closed beyond the edge of the map", () => {
  const [ring = []] = unwrapPolygon([
    [
      [-120, -70],
      [0, -72],
      [120, -71],
      [-120, -70],
    ],
  ]);
  expect(ring.at(-1)).toEqual([-120, -70]);
  expect(ring.slice(-3, -1)).toEqual([
    [240, -90],
    [-120, -90],
  ]);
});

test("a hole is on the side on which its outline is", () => {
  const square = (west: number, east: number) => [
    [west, 0],
    [east, 0],
    [east, 9],
    [west, 9],
    [west, 0],
  ];
  const [outline, ...holes] = unwrapPolygon([square(170, -170), square(-175, -172), square(171, 175)]);
  expect(outline?.map(([lon]) => lon)).toEqual([170, 190, 190, 170, 170]);
  expect(holes.map((hole) => hole.map(([lon]) => lon))).toEqual([
    [185, 188, 188, 185, 185],
    [171, 175, 175, 171, 171],
  ]);
});

test("nothing steps across the world any more, and every place is where it was", () => {
  const place = fc.tuple(
    fc.double({ min: -180, max: 180, noNaN: true }),
    fc.double({ min: -85, max: 85, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(place, { maxLength: 20 }), (line) => {
      const unwrapped = unwrapLine(line);
      for (const [index, [lon = 0, lat]] of unwrapped.entries()) {
        const before = unwrapped[index - 1]?.[0];
        if (before !== undefined) expect(Math.abs(lon - before)).toBeLessThanOrEqual(180 + 1e-9);
        const turns = (lon - (line[index]?.[0] ?? 0)) / 360;
        expect(turns).toBeCloseTo(Math.round(turns), 9);
        expect(lat).toBe(line[index]?.[1]);
      }
    }),
  );
});
