import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { course, STEPS_PER_SECOND } from "../../src/device/motion";

const BEAT_MS = 1_000 / STEPS_PER_SECOND;

describe("the course of a movement", () => {
  test("is none where nothing is to move, or nothing may", () => {
    expect(course("still", 5_000, 1_000)).toBeNull();
    expect(course("sparing", 5_000, 0)).toBeNull();
    expect(course("smooth", 5_000, 0)).toBeNull();
  });

  test("is even where it may be smooth", () => {
    expect(course("smooth", 5_010, 990)).toEqual({ startTime: 5_010, duration: 990, easing: "linear" });
  });

  test("goes by steps on a beat that all share, and ends within half a beat", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), fc.integer({ min: 1, max: 1_600 }), (now, lasts) => {
        const way = course("sparing", now, lasts);
        if (!way) throw new Error("there is none");
        const steps = Number(/^steps\((\d+)\)$/.exec(way.easing)?.[1]);
        expect(steps).toBeGreaterThan(0);
        expect(way.duration).toBeCloseTo(steps * BEAT_MS, 6);
        expect(way.startTime / BEAT_MS).toBeCloseTo(Math.round(way.startTime / BEAT_MS), 5);
        expect(way.startTime).toBeLessThanOrEqual(now);
        expect(now - way.startTime).toBeLessThanOrEqual(BEAT_MS + 1e-6);
        const late = way.startTime + way.duration - (now + lasts);
        expect(late).toBeGreaterThanOrEqual(-BEAT_MS / 2 - 1e-6);
        expect(late).toBeLessThanOrEqual(BEAT_MS);
      }),
    );
  });
});
