import { expect, test } from "vitest";
import { inkOn, shortWay, translation } from "../../../src/map/people/avatars";

test("letters are readable on every colour", () => {
  expect(inkOn("#e5484d")).toBe("#ffffff");
  expect(inkOn("#f08c00")).toBe("#14181a");
  expect(inkOn("#ffffff")).toBe("#14181a");
});

test.each([
  [350, 10, 370],
  [10, 350, -10],
  [0, 90, 90],
  [720, 30, 750],
  [-30, -30, -30],
])("an arrow turns the short way from %i to %i", (from, to, expected) => {
  expect(shortWay(from, to)).toBe(expected);
});

test("places are written by half pixels", () => {
  expect(translation([10.2, 19.8])).toBe("translate(10px, 20px)");
  expect(translation([10.3, 19.7])).toBe("translate(10.5px, 19.5px)");
});
