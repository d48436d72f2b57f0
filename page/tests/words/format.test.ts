import { describe, expect, test } from "vitest";
import { age, chooseUnits, compass, distance, duration, speed, unitsOf } from "../../src/words/format";

describe("format", () => {
  test.each([
    [0, "just now"],
    [40_900, "40 s ago"],
    [125_000, "2 min ago"],
    [7_300_000, "2 h ago"],
  ])("age %i", (milliseconds, words) => expect(age(milliseconds)).toBe(words));

  test.each([
    [28_800_000, "8 h"],
    [27_720_000, "7 h 42 min"],
    [59_000, "59 s"],
    [-5, "0 s"],
    [100 * 3_600_000, "4 d 4 h"],
  ])("duration %i", (milliseconds, words) => expect(duration(milliseconds)).toBe(words));

  test.each([
    [4.2, "4 m"],
    [847, "850 m"],
    [996, "1 km"],
    [1_240, "1.2 km"],
    [38_400, "38 km"],
  ])("distance %f", (metres, words) => expect(distance(metres)).toBe(words));

  test("speed in km/h", () => expect(speed(13.9)).toBe("50 km/h"));

  test("miles, where they are chosen", () => {
    chooseUnits("imperial");
    expect([4.2, 260, 1_950, 38_400].map(distance)).toEqual(["14 ft", "850 ft", "1.2 mi", "24 mi"]);
    expect(speed(13.9)).toBe("31 mph");
    chooseUnits("metric");
  });

  test.each([
    [["en-GB"], "imperial"],
    [["de", "en-US"], "imperial"],
    [["de-DE", "en-US"], "metric"],
    [["en"], "metric"],
    [["no_such", "x"], "metric"],
  ])("the units of %j are %s", (languages, units) => expect(unitsOf(languages)).toBe(units));

  test.each([
    [-10, "north"],
    [350, "north"],
    [100, "east"],
    [225, "south-west"],
  ])("compass %i", (bearing, words) => expect(compass(bearing)).toBe(words));
});
