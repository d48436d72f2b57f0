/** Puts ground beneath the people: the built-in shapes at once when streets are slow, and streets whenever they come. */
import type { Map as GlMap } from "maplibre-gl";
import type { Theme } from "../../device/theme";
import type { Point } from "../../model/geo";
import { mapConfiguration } from "./map_configuration";
import { groundColor, loadWorld, OWN_SOURCES, ownStyle, SHAPES_FADE, type World } from "./map_styles";
import { findStreets, type Streets, TILES_ZOOM } from "./streets";
import { type Tile, tilesIn } from "./view";

const PATIENCE_MS = 3_000;
/** So many failed tiles without one that came, and the streets count as missing. */
const TOLERATED_FAILURES = 4;

export class GroundLoader {
  /** What lies there now; null while it is the built-in shapes alone. */
  private streets: Streets | null = null;
  private attempt = new AbortController();
  private world: World | null = null;
  private failures = 0;
  /** Tiles with something in them, tiles that turned out to have nothing, and those of which it is not known yet. */
  private readonly filled = new Set<string>();
  private readonly blank = new Set<string>();
  private readonly unknown = new Set<string>();
  private isOver = false;
  /** Whether nothing was drawn yet. */
  private isBare = true;
  private markFound: () => void = () => undefined;
  /** Resolves once it is known what will lie there. */
  readonly found = new Promise<void>((resolve) => {
    this.markFound = resolve;
  });
  /** Counts the styles shown: whatever was drawn on an earlier one is gone. */
  generation = 0;

  constructor(
    private readonly map: GlMap,
    private theme: Theme,
    first: Promise<Streets>,
    /** Called after each new style, when whatever was drawn on the one before is gone. */
    private readonly onGround: () => void,
  ) {
    this.map.on("style.load", () => {
      this.generation += 1;
      this.onGround();
    });
    this.map.on("error", () => this.countFailure());
    // Close by, a picture has fewer tiles than are tolerated to fail.
    this.map.on("idle", () => (this.failures > 0 ? this.giveUp() : this.noteBlank()));
    this.map.on("sourcedata", ({ tile, sourceId }) => {
      if (!tile || OWN_SOURCES.has(sourceId)) return;
      this.failures = Number.NEGATIVE_INFINITY;
      // A server may say with 404, 204 or an empty answer that it has nothing there.
      if (Object.keys(tile.buckets ?? {}).length > 0) this.filled.add(tileName(tile.tileID.canonical));
    });
    this.map.on("moveend", () => this.lookAround());
    addEventListener("online", () => {
      if (!this.streets && !this.isOver) void this.load();
    });
    // Draws nothing until then: people see the sketch, and each further style takes a slow phone a while.
    void this.load(first);
  }

  setTheme(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    if (this.streets?.kind === "style") void this.load();
    else this.draw();
  }

  /** Whether streets are drawn at a place; without them, rings and a grid are what one judges distances by. */
  hasStreetsAt({ lat, lon }: Point): boolean {
    if (this.streets?.kind !== "tiles") return this.streets !== null;
    const { bounds, source } = this.streets;
    if (bounds && (lat < bounds.south || lat > bounds.north || lon < bounds.west || lon > bounds.east)) return false;
    const { minzoom = 0, maxzoom = TILES_ZOOM } = source;
    const zoom = Math.max(minzoom, Math.min(maxzoom, Math.floor(this.map.getZoom())));
    const [tile] = tilesIn({ center: { lat, lon }, zoom, bearing: 0 }, { width: 0, height: 0 }, zoom);
    if (!tile) return true;
    const name = tileName(tile);
    if (this.filled.has(name)) return true;
    this.unknown.add(name);
    return !this.blank.has(name);
  }

  /** Draws nothing any more: the map is gone, or what it was drawn with. */
  stop(): void {
    this.isOver = true;
    this.attempt.abort();
  }

  /** Once all that was asked for has come, what is not there is nowhere. */
  private noteBlank(): void {
    const before = this.blank.size;
    for (const name of this.unknown) if (!this.filled.has(name)) this.blank.add(name);
    this.unknown.clear();
    if (this.blank.size === before) return;
    this.onGround();
    this.lookAround();
  }

  private async load(begun?: Promise<Streets>): Promise<void> {
    this.attempt.abort();
    const attempt = new AbortController();
    this.attempt = attempt;
    const patience = setTimeout(() => void this.bringWorld(attempt.signal), PATIENCE_MS);
    try {
      const streets = await (begun ?? findStreets(mapConfiguration(), this.theme, attempt.signal));
      clearTimeout(patience);
      if (attempt.signal.aborted) return;
      this.show(streets);
      this.lookAround();
    } catch {
      clearTimeout(patience);
      await this.bringWorld(attempt.signal);
    }
  }

  private show(streets: Streets | null): void {
    this.streets = streets;
    this.failures = 0;
    for (const names of [this.filled, this.blank, this.unknown]) names.clear();
    this.draw();
    this.markFound();
  }

  private draw(): void {
    if (this.isOver) return;
    const { streets } = this;
    this.isBare = false;
    const isOwn = streets?.kind !== "style";
    this.map.getContainer().style.backgroundColor = isOwn ? groundColor(this.theme) : "";
    const style = isOwn ? ownStyle(this.theme, this.world, streets?.source ?? null) : streets.style;
    // Somebody else's is checked; the page's own was, by the tests.
    this.map.setStyle(style, { diff: false, validate: !isOwn });
  }

  /** Draws the rest of the world around a region of streets, once the map is zoomed out so far that it can be seen. */
  private lookAround(): void {
    const isRegion = this.streets?.kind === "tiles" && (this.streets.bounds !== null || this.blank.size > 0);
    if (isRegion && this.map.getZoom() < SHAPES_FADE[1]) void this.bringWorld(this.attempt.signal);
  }

  private async bringWorld(signal: AbortSignal): Promise<void> {
    if (this.world) return;
    // Until they come, if they come, there is something to judge distances by.
    if (this.isBare) this.draw();
    try {
      this.world = await loadWorld();
    } catch {
      // Not even our own server answers: rings and the scale bar still say where people are.
      return;
    }
    if (!signal.aborted && this.streets?.kind !== "style") this.draw();
    this.markFound();
  }

  private countFailure(): void {
    if (!this.streets) return;
    this.failures += 1;
    if (this.failures >= TOLERATED_FAILURES) this.giveUp();
  }

  private giveUp(): void {
    this.show(null);
    void this.bringWorld(this.attempt.signal);
  }
}

function tileName({ z, x, y }: Tile): string {
  return `${z}/${x}/${y}`;
}
