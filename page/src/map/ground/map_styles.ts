/** What lies beneath the people: streets from a style on the network, or the country shapes that ship with the page. */
import type { Feature, FeatureCollection, Position as LonLat, MultiLineString, MultiPolygon, Polygon } from "geojson";
import type { LayerSpecification, StyleSpecification, VectorSourceSpecification } from "maplibre-gl";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import worldUrl from "world-atlas/countries-50m.json?url";
import type { Theme } from "../../device/theme";
import { say } from "../../words/strings";
import { unwrapLine, unwrapPolygon } from "./antimeridian";
import { STREETS_SOURCE, streetLayers } from "./street_layers";

// No style of somebody else's has sources of these names. What one judges distances by has layers of the same names, which
// are hidden until there is something.
export const RINGS_SOURCE = "cavalcade-rings";
export const GRID_SOURCE = "cavalcade-grid";
const LAND_SOURCE = "cavalcade-land";
const BORDERS_SOURCE = "cavalcade-borders";
const GRATICULE_SOURCE = "cavalcade-graticule";

/** What the style holds beside streets; it is there whether streets are or not. */
export const OWN_SOURCES: ReadonlySet<string> = new Set([
  RINGS_SOURCE,
  GRID_SOURCE,
  LAND_SOURCE,
  BORDERS_SOURCE,
  GRATICULE_SOURCE,
]);

/** Between these zooms the shapes give way to a plain ground: from close by their coasts are hundreds of metres off. */
export const SHAPES_FADE = [8.5, 11] as const;

/** Without this the map is drawn again and again for 0.3 s with each style, in case its light changes. */
const AT_ONCE = { duration: 0, delay: 0 } as const;

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

interface Palette {
  readonly sea: string;
  readonly land: string;
  readonly coast: string;
  readonly border: string;
  readonly graticule: string;
  readonly grid: string;
  readonly ring: string;
}

const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    sea: "#b7d3e2",
    land: "#f0f1ec",
    coast: "#94b3c0",
    border: "#b9bfb4",
    graticule: "#b9ced6",
    grid: "#dde1d8",
    ring: "#7b8a8c",
  },
  dark: {
    sea: "#0c2533",
    land: "#121719",
    coast: "#36505c",
    border: "#3c474a",
    graticule: "#12252f",
    grid: "#1f282b",
    ring: "#71868d",
  },
};

/** What lies beneath everything: a colour of the page costs nothing to draw. */
export function groundColor(theme: Theme): string {
  return PALETTES[theme].land;
}

/**
 * The page's own style: country shapes, a graticule from afar and range rings from close by; and streets over them,
 * where there are tiles to draw them from.
 */
export function ownStyle(
  theme: Theme,
  world: World | null,
  streets: VectorSourceSpecification | null,
): StyleSpecification {
  const palette = PALETTES[theme];
  const layers: LayerSpecification[] = [
    ...(world ? ground(palette) : []),
    line(GRID_SOURCE, GRID_SOURCE, palette.grid, 1, { isHidden: true }),
    ...(world ? edges(palette) : []),
    ...(streets ? streetLayers(theme) : []),
    line(RINGS_SOURCE, RINGS_SOURCE, palette.ring, 1.2, { dashes: [2, 3], isHidden: true }),
  ];
  return {
    version: 8,
    name: "Cavalcade",
    transition: AT_ONCE,
    sources: {
      ...(streets && { [STREETS_SOURCE]: streets }),
      ...(world && {
        [LAND_SOURCE]: { type: "geojson", data: world.land, tolerance: 0.2, attribution: say("map.builtIn") },
        [BORDERS_SOURCE]: { type: "geojson", data: world.borders, tolerance: 0.2 },
        [GRATICULE_SOURCE]: { type: "geojson", data: graticule() },
      }),
      [GRID_SOURCE]: { type: "geojson", data: EMPTY },
      [RINGS_SOURCE]: { type: "geojson", data: EMPTY },
    },
    layers,
  };
}

/** Sea and land. */
function ground(palette: Palette): LayerSpecification[] {
  const [from, to] = SHAPES_FADE;
  return [
    {
      id: "sea",
      type: "background",
      paint: { "background-color": ["interpolate", ["linear"], ["zoom"], from, palette.sea, to, palette.land] },
    },
    line("graticule", GRATICULE_SOURCE, palette.graticule, 1, { maxzoom: 9 }),
    { id: "land", type: "fill", source: LAND_SOURCE, paint: { "fill-color": palette.land } },
  ];
}

/** Where land ends, and one country. */
function edges(palette: Palette): LayerSpecification[] {
  return [
    line("coast", LAND_SOURCE, palette.coast, 1, { maxzoom: SHAPES_FADE[1] }),
    line("borders", BORDERS_SOURCE, palette.border, 1.2, { dashes: [3, 2], maxzoom: SHAPES_FADE[1] }),
  ];
}

function line(
  id: string,
  source: string,
  color: string,
  width: number,
  options: { dashes?: number[]; maxzoom?: number; isHidden?: boolean } = {},
): LayerSpecification {
  return {
    id,
    type: "line",
    source,
    ...(options.maxzoom && { maxzoom: options.maxzoom }),
    ...(options.isHidden && { layout: { visibility: "none" } }),
    paint: {
      "line-color": color,
      "line-width": width,
      ...(options.dashes && { "line-dasharray": options.dashes }),
    },
  };
}

export interface World {
  readonly land: Feature<MultiPolygon>;
  readonly borders: Feature<MultiLineString>;
}

let world: Promise<World> | null = null;

/** Loads the country shapes, once. */
export function loadWorld(): Promise<World> {
  world ??= fetchWorld().catch((error: unknown) => {
    world = null;
    throw error;
  });
  return world;
}

async function fetchWorld(): Promise<World> {
  const response = await fetch(worldUrl);
  if (!response.ok) throw new Error(`country shapes answered ${response.status}`);
  const topology = (await response.json()) as Topology<{ land: GeometryCollection; countries: GeometryCollection }>;
  const { land, countries } = topology.objects;
  const borders = mesh(topology, countries, (a, b) => a !== b);
  const polygons = (feature(topology, land) as FeatureCollection).features.flatMap(({ geometry }) =>
    geometry.type === "MultiPolygon" ? geometry.coordinates : geometry.type === "Polygon" ? [geometry.coordinates] : [],
  );
  return {
    land: {
      type: "Feature",
      properties: {},
      geometry: { type: "MultiPolygon", coordinates: polygons.map(unwrapPolygon) },
    },
    borders: linesFeature(borders.coordinates.map(unwrapLine)),
  };
}

function graticule(): FeatureCollection {
  const features: Feature[] = [];
  for (let lon = -180; lon < 180; lon += 10) features.push(path([-80, -40, 0, 40, 80].map((lat) => [lon, lat])));
  for (let lat = -80; lat <= 80; lat += 10) features.push(path([-180, -90, 0, 90, 180].map((lon) => [lon, lat])));
  return { type: "FeatureCollection", features };
}

function path(coordinates: LonLat[]): Feature {
  return { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } };
}

/** A ring as GeoJSON. */
export function ringFeature(ring: LonLat[]): Feature<Polygon> {
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}

/** Lines as GeoJSON. */
export function linesFeature(lines: LonLat[][]): Feature<MultiLineString> {
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: lines } };
}
