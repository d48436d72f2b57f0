import { describe, expect, test } from "vitest";
import { boxesOf, placeLabels } from "../../../src/map/people/label_layout";

describe("labels", () => {
  const size = { width: 80, height: 20 };
  const picture = { width: 390, height: 844 };

  test("one alone stands below", () => {
    expect(placeLabels([{ id: 1, x: 100, y: 100, ...size }], picture, new Map()).get(1)).toBe("below");
  });

  test("a name does not cover a disc below it", () => {
    const pair = [
      { id: 1, x: 100, y: 100, ...size },
      { id: 2, x: 100, y: 140, ...size },
    ];
    const sides = placeLabels(pair, picture, new Map());
    expect(sides.get(1)).toBe("right");
    expect(sides.get(2)).toBe("below");
  });

  test("where everyone stands on one spot, who comes first has the name", () => {
    const crowd = Array.from({ length: 9 }, (_, index) => ({ id: index, x: 100, y: 100 + index, ...size }));
    const sides = placeLabels(crowd, picture, new Map());
    expect(sides.get(0)).not.toBe("none");
    expect([...sides.values()].filter((side) => side === "none").length).toBeGreaterThan(0);
  });

  test("a name stays where it was while there is room", () => {
    expect(placeLabels([{ id: 1, x: 200, y: 100, ...size }], picture, new Map([[1, "left" as const]])).get(1)).toBe(
      "left",
    );
  });

  test("a name does not run out of the picture", () => {
    const pair = [
      { id: 1, x: 340, y: 100, ...size },
      { id: 2, x: 340, y: 140, ...size },
    ];
    expect(placeLabels(pair, picture, new Map()).get(1)).toBe("left");
  });

  test("a name gives way to what is covered already, and is left out where all is", () => {
    const place = { id: 9, x: 100, y: 100, ...size };
    const person = { id: 1, x: 100, y: 150, ...size };
    const covered = boxesOf([person], placeLabels([person], picture, new Map()));
    expect(placeLabels([place], picture, new Map(), covered).get(9)).toBe("right");
    const all = [{ left: 0, top: 0, right: 390, bottom: 844 }];
    expect(placeLabels([place], picture, new Map([[9, "below" as const]]), all).get(9)).toBe("none");
  });

  test("somebody without a name in the picture covers a disc alone", () => {
    const person = { id: 1, x: 100, y: 150, ...size };
    expect(boxesOf([person], new Map([[1, "none" as const]]))).toHaveLength(1);
    expect(boxesOf([person], new Map([[1, "below" as const]]))).toHaveLength(2);
  });
});
