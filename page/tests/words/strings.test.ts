import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import en from "../../../src/cavalcade/strings/en.json";
import { type Key, languageName, preferredLanguage, say } from "../../src/words/strings";

const SOURCES = join(import.meta.dirname, "../../src");

describe("strings", () => {
  test("values stand in for placeholders, and numbers choose the plural", () => {
    expect(say("start.back", { name: "Grand Tour" })).toBe("Back to Grand Tour");
    expect(say("join.here", { count: 1 })).toBe("1 person is here");
    expect(say("join.here", { count: 1_200 })).toBe("1,200 people are here");
  });

  test("a name that is written from the right keeps its direction to itself", () => {
    expect(say("news.left", { name: "محمد (2)" })).toBe("\u2068محمد (2)\u2069 left");
    expect(say("map.beyond", { name: "נועה", distance: "5 km" })).toBe(
      "\u2068נועה\u2069, 5 km away, beyond the picture",
    );
    expect(say("news.left", { name: "Zoë 👩‍👧" })).toBe("Zoë 👩‍👧 left");
  });

  test("a value that is missing is a mistake, not an empty place", () => {
    expect(() => say("start.back")).toThrow("start.back needs name");
  });

  test.each([
    [null, ["fi", "de-CH", "en"], "de"],
    ["fr", ["de"], "fr"],
    ["xx", ["pt", "es-MX"], "es"],
    [null, [], "en"],
  ])("chosen %j of %j gives %s", (chosen, preferred, language) => {
    expect(preferredLanguage(chosen, preferred)).toBe(language);
  });

  test("languages are called by their own names", () => {
    expect((["en", "de", "es", "fr"] as const).map(languageName)).toEqual([
      "English",
      "Deutsch",
      "Español",
      "Français",
    ]);
  });

  test("every text is said with the values that it needs", () => {
    const files = readdirSync(SOURCES, { recursive: true, encoding: "utf-8" }).filter((name) => name.endsWith(".ts"));
    const wrong: string[] = [];
    for (const file of files) {
      const source = readFileSync(join(SOURCES, file), "utf-8");
      for (const [, key, values] of source.matchAll(/\bsay\(\s*"([\w.]+)"(?:,\s*\{([^}]*)\})?/g)) {
        const text = JSON.stringify(en[key as Key] ?? "");
        const needed = new Set(Array.from(text.matchAll(/\{(\w+)\}/g), (match) => match[1]));
        const given = new Set(Array.from((values ?? "").matchAll(/(\w+)(?::|\s*[,}]|\s*$)/g), (match) => match[1]));
        if ([...needed].some((name) => !given.has(name))) wrong.push(`${file}: ${key}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
