import { expect, test } from "vitest";
import { parseMapConfiguration } from "../../../src/map/ground/map_configuration";

const OPEN_FREE_MAP = { tiles: "https://tiles.openfreemap.org/planet" };

test.each([
  ["tiles=/tiles/own.pmtiles", { tiles: "/tiles/own.pmtiles" }],
  ["tiles=https://t.example.org/a%3Fkey%3D1%26b%3D%7Bz%7D", { tiles: "https://t.example.org/a?key=1&b={z}" }],
  ["style=https://m.example.org/light.json", { style: "https://m.example.org/light.json" }],
  ["style=/light.json&style_dark=/dark.json", { style: "/light.json", style_dark: "/dark.json" }],
  ["tiles=/a.pmtiles&style=/light.json", { style: "/light.json" }],
])("%s is taken as it is", (text, configuration) => {
  expect(parseMapConfiguration(text)).toEqual(configuration);
});

test.each(["", "tiles=", "style=&style_dark=/dark.json", "{{ placeholder `http.vars.map` | html }}"])(
  "%j names no streets, so they come from OpenFreeMap",
  (text) => {
    expect(parseMapConfiguration(text)).toEqual(OPEN_FREE_MAP);
  },
);
