/**
 * How streets are drawn: the layers of OpenMapTiles' schema that one reads at a glance, and no others.
 *
 * Names are drawn by the browser in the page's own letters, so that no third party is asked for glyphs.
 */
import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import type { Theme } from "../../device/theme";

export const STREETS_SOURCE = "streets";

interface Palette {
  readonly water: string;
  readonly park: string;
  readonly wood: string;
  readonly built: string;
  readonly square: string;
  readonly building: string;
  readonly casing: string;
  readonly motorway: string;
  readonly main: string;
  readonly minor: string;
  readonly path: string;
  readonly rail: string;
  readonly border: string;
  readonly text: string;
  readonly place: string;
  readonly water_text: string;
  readonly halo: string;
}

const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    water: "#b7d3e2",
    park: "#d5e6c6",
    wood: "#cbdfbb",
    built: "#e9eae3",
    square: "#f3f2ec",
    building: "#dfdfd6",
    casing: "#c6cac1",
    motorway: "#f2c879",
    main: "#fbe3a8",
    minor: "#ffffff",
    path: "#ffffff",
    rail: "#b9bdb8",
    border: "#a3a7a0",
    text: "#414b4d",
    place: "#14181a",
    water_text: "#3d6e88",
    halo: "#ffffff",
  },
  dark: {
    water: "#0c2533",
    park: "#16261d",
    wood: "#14231b",
    built: "#161c1e",
    square: "#1b2224",
    building: "#20282b",
    casing: "#0b0f10",
    motorway: "#6a552b",
    main: "#4d4737",
    minor: "#343d40",
    path: "#293235",
    rail: "#3b4548",
    border: "#566063",
    text: "#b5bfbe",
    place: "#f4f6f1",
    water_text: "#6fa3bd",
    halo: "#101415",
  },
};

/** Families of the page's own letters; the second has one weight, which is bold. */
const REGULAR = ["Barlow"];
const BOLD = ["Barlow Semi Condensed"];
/** A name in Latin letters where the data has one, else as it is written there. */
const NAME: ExpressionSpecification = ["coalesce", ["get", "name:latin"], ["get", "name"]];

/** Widths in pixels by zoom, growing as roads do when one comes closer. */
function width(...stops: readonly [zoom: number, pixels: number][]): ExpressionSpecification {
  return ["interpolate", ["exponential", 1.6], ["zoom"], ...stops.flat()] as ExpressionSpecification;
}

interface Road {
  readonly id: string;
  readonly classes: readonly string[];
  readonly color: keyof Palette;
  readonly minzoom: number;
  readonly width: readonly [zoom: number, pixels: number][];
}

const ROADS: readonly Road[] = [
  {
    id: "path",
    classes: ["path", "track"],
    color: "path",
    minzoom: 15,
    width: [
      [15, 1],
      [18, 4],
    ],
  },
  {
    id: "service",
    classes: ["service"],
    color: "minor",
    minzoom: 14,
    width: [
      [14, 0.8],
      [18, 10],
    ],
  },
  {
    id: "minor",
    classes: ["minor", "street"],
    color: "minor",
    minzoom: 12,
    width: [
      [12, 0.5],
      [14, 2.4],
      [18, 22],
    ],
  },
  {
    id: "secondary",
    classes: ["secondary", "tertiary"],
    color: "minor",
    minzoom: 9,
    width: [
      [9, 0.5],
      [14, 4.5],
      [18, 28],
    ],
  },
  {
    id: "primary",
    classes: ["primary", "trunk"],
    color: "main",
    minzoom: 7,
    width: [
      [7, 0.6],
      [14, 5.5],
      [18, 32],
    ],
  },
  {
    id: "motorway",
    classes: ["motorway"],
    color: "motorway",
    minzoom: 5,
    width: [
      [5, 0.6],
      [14, 6.5],
      [18, 36],
    ],
  },
];

function isClass(classes: readonly string[]): ExpressionSpecification {
  return ["match", ["get", "class"], [...classes], true, false];
}

/** The layers, from the ground up. */
export function streetLayers(theme: Theme): LayerSpecification[] {
  const palette = PALETTES[theme];
  return [
    fill("wood", "landcover", isClass(["wood", "forest"]), palette.wood),
    fill("grass", "landcover", isClass(["grass", "farmland", "wetland"]), palette.park),
    fill("built", "landuse", isClass(["residential", "commercial", "retail", "industrial"]), palette.built),
    fill("park", "park", true, palette.park),
    fill("square", "landuse", isClass(["square", "pedestrian"]), palette.square),
    {
      ...base("water", "water"),
      type: "fill",
      filter: ["!=", ["get", "brunnel"], "tunnel"],
      paint: { "fill-color": palette.water },
    },
    {
      ...base("waterway", "waterway"),
      type: "line",
      minzoom: 9,
      paint: { "line-color": palette.water, "line-width": width([9, 0.6], [16, 5]) },
    },
    { ...base("building", "building"), type: "fill", minzoom: 14, paint: { "fill-color": palette.building } },
    ...ROADS.filter(({ id }) => id !== "path").map((road) => roadLine(road, palette, true)),
    ...ROADS.map((road) => roadLine(road, palette, false)),
    {
      ...base("rail", "transportation"),
      type: "line",
      minzoom: 11,
      filter: isClass(["rail", "transit"]),
      paint: { "line-color": palette.rail, "line-width": width([11, 0.5], [16, 1.6]), "line-dasharray": [4, 2] },
    },
    {
      ...base("border", "boundary"),
      type: "line",
      filter: ["all", ["<=", ["get", "admin_level"], 4], ["!=", ["get", "maritime"], 1]],
      paint: { "line-color": palette.border, "line-width": width([3, 0.6], [10, 1.6]), "line-dasharray": [3, 2] },
    },
    ...names(palette),
  ];
}

function base<Layer extends string>(id: string, layer: Layer) {
  return { id: `streets-${id}`, source: STREETS_SOURCE, "source-layer": layer };
}

function fill(id: string, layer: string, filter: FilterSpecification, color: string): LayerSpecification {
  return { ...base(id, layer), type: "fill", filter, paint: { "fill-color": color, "fill-antialias": false } };
}

/** A road, or the darker edge beneath it that sets it off from the ground. */
function roadLine(road: Road, palette: Palette, isCasing: boolean): LayerSpecification {
  const grown = road.width.map(([zoom, pixels]): [number, number] => [zoom, isCasing ? pixels * 1.16 + 1.2 : pixels]);
  return {
    ...base(`${road.id}${isCasing ? "-casing" : ""}`, "transportation"),
    type: "line",
    minzoom: isCasing ? Math.max(12, road.minzoom) : road.minzoom,
    filter: ["all", isClass(road.classes), ["!=", ["get", "brunnel"], "tunnel"]],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: {
      "line-color": isCasing ? palette.casing : palette[road.color],
      "line-width": width(...grown),
      ...(road.id === "path" && { "line-dasharray": [2, 1] }),
    },
  };
}

function names(palette: Palette): LayerSpecification[] {
  const halo = { "text-halo-color": palette.halo, "text-halo-width": 1.6 };
  return [
    {
      ...base("water-name", "water_name"),
      type: "symbol",
      minzoom: 10,
      layout: { "text-field": NAME, "text-font": REGULAR, "text-size": 13, "text-max-width": 6 },
      paint: { "text-color": palette.water_text, "text-halo-color": palette.water, "text-halo-width": 1 },
    },
    {
      ...base("street-name", "transportation_name"),
      type: "symbol",
      minzoom: 13,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 320,
        "text-field": NAME,
        "text-font": REGULAR,
        "text-size": ["interpolate", ["linear"], ["zoom"], 13, 11, 17, 15],
        "text-padding": 6,
        "text-max-angle": 35,
      },
      paint: { "text-color": palette.text, ...halo },
    },
    {
      ...base("suburb", "place"),
      type: "symbol",
      minzoom: 11,
      maxzoom: 16,
      filter: isClass(["suburb", "quarter", "neighbourhood", "village", "hamlet", "island"]),
      layout: {
        "text-field": NAME,
        "text-font": BOLD,
        "text-size": ["interpolate", ["linear"], ["zoom"], 11, 12, 15, 15],
        "text-transform": "uppercase",
        "text-letter-spacing": 0.08,
        "text-max-width": 7,
      },
      paint: { "text-color": palette.text, ...halo },
    },
    {
      ...base("city", "place"),
      type: "symbol",
      maxzoom: 14,
      filter: isClass(["city", "town"]),
      layout: {
        "text-field": NAME,
        "text-font": BOLD,
        "text-size": ["interpolate", ["linear"], ["zoom"], 4, 12, 12, 21],
        "text-max-width": 7,
      },
      paint: { "text-color": palette.place, ...halo },
    },
    {
      ...base("country", "place"),
      type: "symbol",
      maxzoom: 7,
      filter: isClass(["country"]),
      layout: { "text-field": NAME, "text-font": BOLD, "text-size": 14, "text-transform": "uppercase" },
      paint: { "text-color": palette.text, ...halo },
    },
  ];
}
