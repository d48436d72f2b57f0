/** Where this installation has its streets from: what its operator says, which the server fills into the page. */

export interface MapConfiguration {
  /** Vector tiles in the schema of OpenMapTiles: the address of a TileJSON or of a `.pmtiles` file. */
  readonly tiles?: string;
  /** The address of a MapLibre style, drawn as it is instead. */
  readonly style?: string;
  /** The style for dark surroundings; the same where none is given. */
  readonly style_dark?: string;
}

const DEFAULT: MapConfiguration = { tiles: "https://tiles.openfreemap.org/planet" };

/** What this page was given. It comes with the page, since a question of its own would be a round trip before streets. */
export function mapConfiguration(): MapConfiguration {
  return parseMapConfiguration(document.querySelector<HTMLMetaElement>('meta[name="cavalcade-map"]')?.content ?? "");
}

/** Reads a configuration, written like the query of an address; the default where it names no streets. */
export function parseMapConfiguration(text: string): MapConfiguration {
  const given = new URLSearchParams(text);
  const [tiles, style, dark] = [given.get("tiles"), given.get("style"), given.get("style_dark")];
  if (style) return { style, ...(dark && { style_dark: dark }) };
  return tiles ? { tiles } : DEFAULT;
}
