/** Streets: vector tiles in the schema of OpenMapTiles, drawn in the page's own style, or somebody's style as it is. */
import type { AddProtocolAction, StyleSpecification, VectorSourceSpecification } from "maplibre-gl";
import type { Protocol } from "pmtiles";
import type { Theme } from "../../device/theme";
import type { MapConfiguration } from "./map_configuration";
import type { Bounds } from "./range_rings";
import { type Camera, type Size, tilesIn } from "./view";

/** The closest that most tiles are made for. */
export const TILES_ZOOM = 14;

/** What was found to draw streets from. */
export type Streets =
  | { readonly kind: "tiles"; readonly source: VectorSourceSpecification; readonly bounds: Bounds | null }
  | { readonly kind: "style"; readonly style: StyleSpecification };

/** Only what MapLibre needs of a TileJSON; anything else in it would be a stranger's word in the style. */
interface TileJson {
  readonly tiles?: string[];
  readonly minzoom?: number;
  readonly maxzoom?: number;
  readonly bounds?: [number, number, number, number];
  readonly attribution?: string;
}

/** Finds the streets that the configuration names. Rejects where they cannot be had. */
export async function findStreets(
  configuration: MapConfiguration,
  theme: Theme,
  signal: AbortSignal,
): Promise<Streets> {
  if (configuration.style) {
    const address = theme === "dark" ? (configuration.style_dark ?? configuration.style) : configuration.style;
    return { kind: "style", style: (await fetchJson(address, signal)) as StyleSpecification };
  }
  const address = new URL(configuration.tiles ?? "", location.href).href;
  const tileJson = address.endsWith(".pmtiles") ? await openArchive(address) : await fetchJson(address, signal);
  const { tiles, minzoom, maxzoom, bounds, attribution } = tileJson as TileJson;
  if (!tiles?.length) throw new Error("the tiles say nothing of where they are");
  const source: VectorSourceSpecification = {
    type: "vector",
    tiles,
    ...(minzoom !== undefined && { minzoom }),
    ...(maxzoom !== undefined && { maxzoom }),
    ...(bounds && { bounds }),
    attribution: attribution || OPEN_STREET_MAP,
  };
  return { kind: "tiles", source, bounds: bounds ? region(bounds) : null };
}

/**
 * Fetches the tiles of a picture before the library asks for them: those of an archive are kept here, others by the
 * browser.
 */
export async function fetchTiles(streets: Streets, camera: Camera, size: Size): Promise<void> {
  if (streets.kind !== "tiles") return;
  const { tiles = [], minzoom = 0, maxzoom = TILES_ZOOM } = streets.source;
  const wanted = tilesIn(camera, size, Math.max(minzoom, Math.min(maxzoom, Math.floor(camera.zoom))));
  await Promise.all(
    wanted.map(async ({ z, x, y }) => {
      const address = (tiles[0] ?? "").replace("{z}", `${z}`).replace("{x}", `${x}`).replace("{y}", `${y}`);
      if (address.startsWith("pmtiles://")) await readFirst(address);
      else await (await fetch(address)).arrayBuffer();
    }),
  );
}

const OPEN_STREET_MAP =
  '<a href="https://www.openstreetmap.org/copyright" target="_blank">© OpenStreetMap contributors</a>';

async function fetchJson(address: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`the street map answered ${response.status}`);
  return response.json();
}

let archives: Protocol | null = null;

/** The tiles of the first picture, read while the library was on its way; null for those that did not come. */
const firstTiles = new Map<string, Promise<Uint8Array | null>>();

function readFirst(address: string): Promise<unknown> {
  if (!archives) throw new Error("no archive was opened");
  const reading = archives.tile({ url: address, type: "arrayBuffer" }, new AbortController());
  const tile = reading.then(({ data }) => data as Uint8Array).catch(() => null);
  firstTiles.set(address, tile);
  return tile;
}

/** Reads a tile of an archive that was opened; MapLibre calls it. */
export const readTile: AddProtocolAction = async (request, aborted) => {
  if (!archives) throw new Error("no archive was opened");
  const first = await firstTiles.get(request.url);
  // A copy: the buffer is transferred to the one who asked, and closer by the same tile is asked for again.
  return first ? { data: first.slice() } : archives.tile(request, aborted);
};

/** Reads the head of a PMTiles archive. The reader is loaded where it is needed. */
async function openArchive(address: string): Promise<TileJson> {
  const { PMTiles, Protocol } = await import("pmtiles");
  archives ??= new Protocol();
  const archive = new PMTiles(address);
  archives.add(archive);
  const [header, metadata] = await Promise.all([archive.getHeader(), archive.getMetadata()]);
  const attribution = (metadata as { attribution?: unknown }).attribution;
  return {
    tiles: [`pmtiles://${address}/{z}/{x}/{y}`],
    minzoom: header.minZoom,
    maxzoom: header.maxZoom,
    bounds: [header.minLon, header.minLat, header.maxLon, header.maxLat],
    ...(typeof attribution === "string" && { attribution }),
  };
}

/** The bounds of a part of the world; null for tiles of all of it. */
function region([west, south, east, north]: [number, number, number, number]): Bounds | null {
  return east - west > 350 ? null : { west, south, east, north };
}
