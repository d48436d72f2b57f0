import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  centerCamera,
  fitCamera,
  fromScreen,
  isInside,
  metresPerPixel,
  toScreen,
  zoomAbout,
} from "../../../src/map/ground/view";

const phone = { width: 390, height: 844 };
const padding = { top: 100, right: 30, bottom: 140, left: 30 };

const point = fc.record({
  lat: fc.double({ min: -70, max: 70, noNaN: true }),
  lon: fc.double({ min: -179.9, max: 179.9, noNaN: true }),
});

/** A group within a few degrees, perhaps over the antimeridian. */
const group = fc
  .tuple(
    point,
    fc.array(fc.tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true })), {
      maxLength: 8,
    }),
  )
  .map(([first, others]) => [
    first,
    ...others.map(([dLat, dLon]) => ({ lat: first.lat + dLat, lon: ((first.lon + dLon + 540) % 360) - 180 })),
  ]);

describe("fitCamera", () => {
  test("without points there is no camera", () => {
    expect(fitCamera([], phone, padding)).toBeNull();
  });

  test("everybody is inside what the panels leave free", () => {
    fc.assert(
      fc.property(group, fc.constantFrom(0, 45, 137, 270), (people, bearing) => {
        const camera = fitCamera(people, phone, padding, bearing);
        expect(camera).not.toBeNull();
        for (const one of people) expect(camera && isInside(camera, one, phone, padding)).toBe(true);
      }),
    );
  });

  test("any two on the globe are inside, poles and antimeridian included", () => {
    const anywhere = fc.record({
      lat: fc.double({ min: -90, max: 90, noNaN: true }),
      lon: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.tuple(anywhere, anywhere), (pair) => {
        const camera = fitCamera(pair, phone, padding);
        for (const one of pair) expect(camera && isInside(camera, one, phone, padding)).toBe(true);
      }),
    );
  });

  test("one person alone is in the middle of the free space, not closer than streets", () => {
    const camera = fitCamera([{ lat: 60.17, lon: 24.94 }], phone, padding);
    expect(camera?.zoom).toBe(16);
    const at = camera && toScreen(camera, { lat: 60.17, lon: 24.94 }, phone);
    expect(at?.x).toBeCloseTo(195, 3);
    expect(at?.y).toBeCloseTo((100 + 844 - 140) / 2, 3);
  });
});

test("centerCamera puts the point into the middle of the free space", () => {
  fc.assert(
    fc.property(point, fc.integer({ min: 4, max: 18 }), fc.integer({ min: 0, max: 359 }), (one, zoom, bearing) => {
      const at = toScreen(centerCamera(one, zoom, padding, bearing), one, phone);
      expect(at.x).toBeCloseTo(195, 2);
      expect(at.y).toBeCloseTo(402, 2);
    }),
  );
});

test("a pixel at zoom 0 on the equator is a 512th of the way round", () => {
  expect(metresPerPixel(0, 0)).toBeCloseTo(78_271.5, 0);
});

test("with east up, who is in the east stands above", () => {
  const camera = { center: { lat: 0, lon: 0 }, zoom: 10, bearing: 90 };
  const at = toScreen(camera, { lat: 0, lon: 0.1 }, phone);
  expect(at.x).toBeCloseTo(195, 6);
  expect(at.y).toBeLessThan(400);
});

test("fromScreen is the way back from toScreen", () => {
  const there = fc.record({ x: fc.integer({ min: 0, max: 390 }), y: fc.integer({ min: 0, max: 844 }) });
  fc.assert(
    fc.property(
      point,
      there,
      fc.integer({ min: 8, max: 18 }),
      fc.integer({ min: 0, max: 359 }),
      (one, at, zoom, up) => {
        const camera = { center: one, zoom, bearing: up };
        const back = toScreen(camera, fromScreen(camera, at, phone), phone);
        expect(back.x).toBeCloseTo(at.x, 3);
        expect(back.y).toBeCloseTo(at.y, 3);
      },
    ),
  );
});

test("zooming about a place leaves what stands there, and its bearing", () => {
  const there = fc.record({ x: fc.integer({ min: 0, max: 390 }), y: fc.integer({ min: 0, max: 844 }) });
  fc.assert(
    fc.property(
      point,
      there,
      fc.integer({ min: 8, max: 17 }),
      fc.integer({ min: 0, max: 359 }),
      (one, at, zoom, up) => {
        const camera = { center: one, zoom, bearing: up };
        const zoomed = zoomAbout(camera, zoom + 1, at, phone);
        expect(zoomed).toMatchObject({ zoom: zoom + 1, bearing: up });
        const still = toScreen(zoomed, fromScreen(camera, at, phone), phone);
        expect(still.x).toBeCloseTo(at.x, 3);
        expect(still.y).toBeCloseTo(at.y, 3);
      },
    ),
  );
});
