import { describe, expect, test } from "vitest";
import { bearingBetween, destination, distanceBetween } from "../src/geo";

describe("geo", () => {
  const helsinki = { lat: 60.1699, lon: 24.9384 };

  test("there and back", () => {
    const there = destination(helsinki, 5_000, 72);
    expect(distanceBetween(helsinki, there)).toBeCloseTo(5_000, 3);
    expect(bearingBetween(helsinki, there)).toBeCloseTo(72, 6);
  });

  test("a degree of latitude is about 111 km", () => {
    expect(distanceBetween({ lat: 0, lon: 0 }, { lat: 1, lon: 0 })).toBeCloseTo(111_195, 0);
  });
});
