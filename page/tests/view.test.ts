import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { centerCamera, fitCamera, isInside, metresPerPixel, needsRefit, toScreen } from "../src/view";

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
      fc.property(group, (people) => {
        const camera = fitCamera(people, phone, padding);
        expect(camera).not.toBeNull();
        for (const one of people) expect(camera && isInside(camera, one, phone, padding)).toBe(true);
      }),
    );
  });

  test("having moved, it does not want to move again", () => {
    fc.assert(
      fc.property(group, (people) => {
        const camera = fitCamera(people, phone, padding);
        expect(camera && needsRefit(camera, people, phone, padding)).toBe(false);
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

describe("needsRefit", () => {
  const pair = [
    { lat: 60.17, lon: 24.9 },
    { lat: 60.18, lon: 24.96 },
  ];
  const camera = fitCamera(pair, phone, padding);
  if (!camera) throw new Error("no camera");

  test("not for the jitter of receivers", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e-4, max: 1e-4, noNaN: true }), (noise) => {
        const jittered = pair.map((one) => ({ lat: one.lat + noise, lon: one.lon - noise }));
        expect(needsRefit(camera, jittered, phone, padding)).toBe(false);
      }),
    );
  });

  test("when somebody is about to leave the picture", () => {
    expect(needsRefit(camera, [...pair, { lat: 60.2, lon: 25.1 }], phone, padding)).toBe(true);
  });

  test("when the group has drawn together", () => {
    const close = pair.map((one) => ({ lat: one.lat, lon: 24.93 + (one.lon - 24.93) / 10 }));
    const closer = close.map((one) => ({ lat: 60.175 + (one.lat - 60.175) / 10, lon: one.lon }));
    expect(needsRefit(camera, closer, phone, padding)).toBe(true);
  });
});

test("centerCamera puts the point into the middle of the free space", () => {
  fc.assert(
    fc.property(point, fc.integer({ min: 4, max: 18 }), (one, zoom) => {
      const at = toScreen(centerCamera(one, zoom, padding), one, phone);
      expect(at.x).toBeCloseTo(195, 2);
      expect(at.y).toBeCloseTo(402, 2);
    }),
  );
});

test("a pixel at zoom 0 on the equator is a 512th of the way round", () => {
  expect(metresPerPixel(0, 0)).toBeCloseTo(78_271.5, 0);
});
