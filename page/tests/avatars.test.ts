import { expect, test } from "vitest";
import { inkOn } from "../src/avatars";

test("letters are readable on every colour", () => {
  expect(inkOn("#e5484d")).toBe("#ffffff");
  expect(inkOn("#f08c00")).toBe("#14181a");
  expect(inkOn("#ffffff")).toBe("#14181a");
});
