import { expect, test } from "vitest";
import { ownStyle, type World } from "../../../src/map/ground/map_styles";

const WORLD: World = {
  land: { type: "Feature", properties: {}, geometry: { type: "MultiPolygon", coordinates: [] } },
  borders: { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: [] } },
};
const STREETS = { type: "vector", tiles: ["https://example.org/{z}/{x}/{y}.pbf"] } as const;
/** What the map library is built with for it: map_library_plugin.ts leaves out the rest. */
const KINDS = new Set(["background", "fill", "line", "symbol"]);
const SOURCES = new Set(["geojson", "vector"]);
const PARTS = new Set(["version", "name", "transition", "sources", "layers"]);
const LEFT_OUT = /pattern|gradient|icon-|encoding|"(distance|within)"/;

test.each([
  ["light", WORLD, STREETS],
  ["dark", WORLD, STREETS],
  ["light", null, null],
] as const)("the page's own style in %s keeps to what its map library has", (theme, world, streets) => {
  const style = ownStyle(theme, world, streets && { ...streets, tiles: [...streets.tiles] });
  expect(style.layers.filter(({ type }) => !KINDS.has(type))).toEqual([]);
  expect(Object.values(style.sources).filter(({ type }) => !SOURCES.has(type))).toEqual([]);
  expect(Object.keys(style).filter((part) => !PARTS.has(part))).toEqual([]);
  expect(JSON.stringify(style)).not.toMatch(LEFT_OUT);
});
