import { describe, expect, test } from "vitest";
import { Glide } from "../../../src/map/people/interpolation";

describe("interpolation", () => {
  const start = { lat: 60, lon: 25 };
  const end = { lat: 60.001, lon: 25.002 };

  test("glides to the newest fix and never beyond it", () => {
    const glide = new Glide(start, 0);
    glide.moveTo(end, 1_000);
    expect(glide.at(1_000)).toEqual(start);
    expect(glide.at(1_500).lat).toBeCloseTo(60.0005, 9);
    expect(glide.left(1_400)).toBe(600);
    expect(glide.at(2_000)).toEqual(end);
    expect(glide.at(60_000)).toEqual(end);
    expect(glide.target).toEqual(end);
    expect(glide.left(2_000)).toBe(0);
  });

  test("a fix under way continues from where the marker is", () => {
    const glide = new Glide(start, 0);
    glide.moveTo(end, 1_000);
    const half = glide.at(1_500);
    glide.moveTo({ lat: 60.002, lon: 25.004 }, 1_500);
    expect(glide.at(1_500)).toEqual(half);
  });

  test("tells another fix from the same one", () => {
    const glide = new Glide(start, 0);
    expect(glide.moveTo(end, 1_000)).toBe(true);
    expect(glide.moveTo({ ...end }, 1_500)).toBe(false);
    expect(glide.left(1_500)).toBe(500);
  });

  test("a far jump is not ridden", () => {
    const glide = new Glide(start, 0);
    glide.moveTo({ lat: 61, lon: 25 }, 1_000);
    expect(glide.at(1_000)).toEqual({ lat: 61, lon: 25 });
  });

  test("takes the short way over the antimeridian", () => {
    const glide = new Glide({ lat: 0, lon: 179.999 }, 0);
    glide.moveTo({ lat: 0, lon: -179.999 }, 1_000);
    expect(Math.abs(glide.at(1_500).lon)).toBeCloseTo(180, 2);
  });
});
