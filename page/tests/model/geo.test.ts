import { describe, expect, test } from "vitest";
import { bearingBetween, destination, distanceBetween, spreadOf } from "../../src/model/geo";

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

test("a group is as spread out as the two who are farthest apart", () => {
  const start = { lat: 60.17, lon: 24.94 };
  expect(spreadOf([])).toBe(0);
  expect(spreadOf([start])).toBe(0);
  const convoy = [0, 300, 1_200, 900].map((metres) => destination(start, metres, 30));
  expect(spreadOf(convoy)).toBeCloseTo(1_200, 3);
});
