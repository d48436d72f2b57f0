import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { markForWatching, pathOf, readLink } from "../../src/net/link";

interface Vector {
  readonly text: string;
  readonly code: string | null;
  readonly watch?: boolean;
}

const VECTORS: readonly Vector[] = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/links.json", import.meta.url), "utf8"),
);
const CODE = "abc123defg.AbCdEfGhIjKlMnOpQrStUg";

describe("link", () => {
  test.each(VECTORS.map((vector) => [vector.text, vector] as const))(
    "%j is read as the Python reads it",
    (_, vector) => {
      const expected =
        vector.code === null ? null : { sessionId: vector.code.slice(0, 10), code: vector.code, watch: vector.watch };
      expect(readLink(vector.text)).toEqual(expected);
    },
  );

  test("a marked link says that it is for watching", () => {
    expect(readLink(markForWatching(`https://ride.example/j#${CODE}`))?.watch).toBe(true);
  });

  test.each([true, false])("a path leads back to its link, for watching: %s", (watch) => {
    expect(readLink(pathOf({ code: CODE, watch }))).toEqual({ sessionId: "abc123defg", code: CODE, watch });
  });
});
