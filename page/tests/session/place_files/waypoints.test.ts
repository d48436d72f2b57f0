import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MOST_BYTES, readWaypoints } from "../../../src/session/place_files/waypoints";

const FILES = join(import.meta.dirname, "../../../../tests/vectors/places");

function read(text: string) {
  return readWaypoints(new TextEncoder().encode(text));
}

describe("the same files give the same places as in Python", () => {
  const names = readdirSync(FILES).filter((name) => /\.(gpx|geojson)$/.test(name));

  test("there are files", () => {
    expect(names.length).toBeGreaterThan(20);
  });

  test.each(names)("%s", (name) => {
    const expected = JSON.parse(readFileSync(join(FILES, name.replace(/\.\w+$/, ".json")), "utf8"));
    const { waypoints, leftOut } = readWaypoints(readFileSync(join(FILES, name)));
    expect({ waypoints, left_out: Object.fromEntries(leftOut) }).toEqual(expected);
  });
});

test("a file that is too large is not read", () => {
  const large = `<gpx><wpt lat="1" lon="2"/>${" ".repeat(MOST_BYTES)}</gpx>`;
  expect(read(large)).toMatchObject({ waypoints: [], leftOut: new Map([["unreadable", 1]]) });
});

test("whatever is cut out of a file, the waypoints before and after it are read", () => {
  const [before, good, after] = [
    '<gpx><wpt lat="1" lon="2"/>',
    '<wpt lat="3" lon="4"><name>A</name></wpt>',
    '<wpt lat="5" lon="6"/></gpx>',
  ];
  fc.assert(
    fc.property(fc.nat(good.length), fc.nat(good.length), (from, to) => {
      const rest = good.slice(0, Math.min(from, to)) + good.slice(Math.max(from, to));
      const places = read(before + rest + after).waypoints.map(({ lat, lon }) => [lat, lon]);
      expect(places).toContainEqual([1, 2]);
      // A quote that is not closed, or a comment, takes what comes after it.
      if (!/"[^"]*$/.test(rest.replace(/"[^"]*"/g, ""))) expect(places).toContainEqual([5, 6]);
    }),
  );
});

test("nothing makes it fail, or take long", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      readWaypoints(bytes);
    }),
  );
  const parts = [
    "<wpt",
    " lat=",
    '"',
    "'",
    "1",
    ">",
    "</wpt>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE",
    "[",
    "&",
    ";",
    "<",
    "/",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 200 }), (pieces) => {
      read(pieces.join(""));
    }),
  );
  for (const piece of [...parts, "<a ", "<a b=", '<a b="c" ', "<!DOCTYPE ["]) read(piece.repeat(20_000));
});

test("collections in collections end somewhere", () => {
  const deep = `${'{"type":"GeometryCollection","geometries":['.repeat(5_000)}${"]}".repeat(5_000)}`;
  expect(read(deep).leftOut).toEqual(new Map([["unreadable", 1]]));
});
