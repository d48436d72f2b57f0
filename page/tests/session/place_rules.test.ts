import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { destination, distanceBetween } from "../../src/model/geo";
import type { Fix } from "../../src/model/model";
import { keepRecent, whereOneWas } from "../../src/session/place_rules/where_one_was";

const START = { lat: 60.17, lon: 24.94 };
const AT = 1_790_000_000_000;

interface Where {
  readonly name: string;
  readonly fixes: readonly (readonly [second: number, north: number, accuracy?: number])[];
  readonly now: number;
  readonly north: number | null;
}

const vectors: { readonly where: Where[] } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/place_rules.json", import.meta.url), "utf8"),
);

describe("where one was", () => {
  test.each(vectors.where)("$name", ({ fixes, now, north }) => {
    const kept = fixes.reduce<readonly Fix[]>((before, [second, metres, accuracy]) => {
      const fix = { ...destination(START, metres, 0), fix_time: AT + second * 1_000 };
      return keepRecent(before, accuracy === undefined ? fix : { ...fix, accuracy });
    }, []);
    const there = whereOneWas(kept, AT + now * 1_000);
    expect(there === null).toBe(north === null);
    if (there && north !== null) expect(distanceBetween(there, destination(START, north, 0))).toBeLessThan(0.1);
  });
});
