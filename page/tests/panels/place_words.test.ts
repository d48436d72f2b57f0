import { describe, expect, test } from "vitest";
import { leftOutWords } from "../../src/panels/place_import";
import { farWords, mapLinks, placeWords, titleOf } from "../../src/panels/place_words";

describe("places in words", () => {
  test("a place is called by its name, else by its kind", () => {
    expect(titleOf({ kind: "fuel", name: "Shell" })).toBe("Shell");
    expect(titleOf({ kind: "fuel", name: null })).toBe("Fuel");
    expect(placeWords({ kind: "fuel", name: "Shell" })).toBe("Fuel: Shell");
  });

  test("how far it is, where that is known", () => {
    expect(farWords({ lat: 60, lon: 25 }, { lat: 60.01, lon: 25 })).toBe("1.1 km north");
    expect(farWords(null, { lat: 60, lon: 25 })).toBe("");
  });

  test("links hold its position and nothing that ends them early", () => {
    const links = mapLinks({ lat: -33.8568, lon: 151.2153 }, "Bar & (Grill) #1");
    expect(links.map(([, address]) => address)).toEqual([
      "geo:-33.856800,151.215300?q=-33.856800,151.215300(Bar%20%26%20%28Grill%29%20%231)",
      "https://www.google.com/maps/dir/?api=1&destination=-33.856800%2C151.215300",
      "https://maps.apple.com/?daddr=-33.856800%2C151.215300",
      "https://www.openstreetmap.org/?mlat=-33.856800&mlon=151.215300#map=17/-33.856800/151.215300",
    ]);
  });

  test("what was left out of a file is one plain sentence", () => {
    expect(leftOutWords(new Map())).toBe("");
    const reasons = new Map([
      ["no_position", 2],
      ["lines", 1],
      ["full", 3],
    ] as const);
    expect(leftOutWords(reasons)).toBe(
      "Left out: 2 without a position, 1 track or area, 3 for which there is no room.",
    );
  });
});
