import { describe, expect, test } from "vitest";
import { markForWatching, parseFragment } from "../src/link";

const secret = "AbCdEfGhIjKlMnOpQrStU_";

describe("link", () => {
  test("only the code is used", () => {
    const code = `abc123defg.${secret}`;
    expect(parseFragment(`#${code}&k=private`)).toEqual({ sessionId: "abc123defg", code, watch: false });
  });

  test.each(["", "#", "#abc", `#ABC123DEFG.${secret}`, `#abc123defg.${secret}x`, `#abc123defg.${secret.slice(1)}`])(
    "%s is no link",
    (fragment) => {
      expect(parseFragment(fragment)).toBeNull();
    },
  );

  test("a marked link says that it is for watching", () => {
    const marked = new URL(markForWatching(`https://ride.example/j#abc123defg.${secret}`));
    expect(parseFragment(marked.hash)?.watch).toBe(true);
  });
});
