/** Where this installation has its streets from: what its operator says in `/config.json`. */

export interface MapConfiguration {
  /** Vector tiles in the schema of OpenMapTiles: the address of a TileJSON or of a `.pmtiles` file. */
  readonly tiles?: string;
  /** The address of a MapLibre style, drawn as it is instead. */
  readonly style?: string;
  /** The style for dark surroundings; the same where none is given. */
  readonly style_dark?: string;
}

const DEFAULT: MapConfiguration = { tiles: "https://tiles.openfreemap.org/planet" };

let configuration: Promise<MapConfiguration> | null = null;

/** Reads the configuration, once; the default where there is none. Worth calling before the map's code is there. */
export function loadConfiguration(): Promise<MapConfiguration> {
  configuration ??= read();
  return configuration;
}

async function read(): Promise<MapConfiguration> {
  try {
    const response = await fetch("/config.json");
    if (!response.ok || !response.headers.get("Content-Type")?.includes("json")) return DEFAULT;
    const given = (await response.json()) as MapConfiguration;
    return given.style || given.tiles ? given : DEFAULT;
  } catch {
    return DEFAULT;
  }
}
