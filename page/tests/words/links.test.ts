import { expect, test } from "vitest";
import { type Link, linked } from "../../src/words/links";

const links = (text: string) => linked(text).filter((part): part is Link => typeof part !== "string");

test.each([
  ["see https://example.org/a?b=1.", "https://example.org/a?b=1", "example.org"],
  ["(http://example.org)", "http://example.org", "example.org"],
  ["https://en.wikipedia.org/wiki/Bar_(unit), then", "https://en.wikipedia.org/wiki/Bar_(unit)", "en.wikipedia.org"],
  // What stands before an @ is no host, however much it looks like one.
  ["https://bank.example@evil.example/", "https://bank.example@evil.example/", "evil.example"],
  ["https://аpple.example", "https://аpple.example", "xn--pple-43d.example"],
  ["http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", "127.0.0.1:8080"],
])("%s leads to %s", (text, written, host) => {
  expect(links(text)).toMatchObject([{ text: written, host }]);
});

test.each(["javascript:alert(1)", "data:text/html,hello", "example.org", "https://", "http://[", "file:///etc/passwd"])(
  "%s leads nowhere",
  (text) => {
    expect(linked(text)).toEqual([text]);
  },
);

test("nothing of a text is lost", () => {
  const text = "a https://one.example b\nhttps://two.example/(x) c, שלום https://three.example.";
  const parts = linked(text).map((part) => (typeof part === "string" ? part : part.text));
  expect(parts.join("")).toBe(text);
});
