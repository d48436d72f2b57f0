import { describe, expect, test } from "vitest";
import { type Circumstances, follow, paceFor, type Whereabouts } from "../../src/device/location_pace";

describe("pace", () => {
  test.each<[string, Circumstances, number, boolean]>([
    ["riding", { speed: 20, stillFor: 0 }, 1_000, true],
    ["walking", { speed: 1.2, stillFor: 0 }, 2_000, true],
    ["waiting at lights", { speed: 0, stillFor: 50_000 }, 2_000, true],
    ["standing", { speed: 0, stillFor: 60_000 }, 20_000, true],
    ["riding on a low battery", { speed: 20, stillFor: 0, battery: 20 }, 2_000, true],
    [
      "riding on a low battery that is being charged",
      { speed: 20, stillFor: 0, battery: 5, isCharging: true },
      1_000,
      true,
    ],
    ["riding on the last of the battery", { speed: 20, stillFor: 0, battery: 10 }, 4_000, false],
    ["standing on the last of the battery", { speed: 0, stillFor: 1e9, battery: 1 }, 20_000, false],
  ])("%s", (_, circumstances, intervalMs, isPrecise) => {
    expect(paceFor(circumstances)).toEqual({ intervalMs, isPrecise });
  });
});

describe("following a device", () => {
  const at = (seconds: number, metresNorth: number, fields: { speed?: number; accuracy?: number } = {}) => ({
    lat: 60 + metresNorth / 111_195,
    lon: 25,
    fix_time: seconds * 1_000,
    ...fields,
  });
  const trip = (...fixes: ReturnType<typeof at>[]) => {
    const end = fixes.reduce<Whereabouts | null>(follow, null);
    if (!end) throw new Error("nothing was followed");
    return end;
  };

  test("a receiver that wanders stands still", () => {
    const wandering = Array.from({ length: 90 }, (_, second) => at(second, second % 2 === 0 ? 0 : 15));
    expect(trip(...wandering).movedAt).toBe(0);
  });

  test("a bad reading is no journey", () => {
    expect(trip(at(0, 0), at(10, 300, { accuracy: 400 })).movedAt).toBe(0);
  });

  test("leaving a place is noticed with the first fix that is away from it", () => {
    const end = trip(at(0, 0), at(300, 0), at(301, 25));
    expect(end.movedAt).toBe(301_000);
    expect(end.speed).toBeCloseTo(25, 0);
  });

  test("creeping on is moving", () => {
    const creeping = Array.from({ length: 60 }, (_, second) => at(second, second));
    expect(trip(...creeping).movedAt).toBeGreaterThanOrEqual(40_000);
  });

  test("the receiver's own speed counts more than the way", () => {
    expect(trip(at(0, 0), at(1, 30, { speed: 2 })).speed).toBe(2);
  });
});
