/** Puts ground beneath the people: the built-in shapes at once when streets are slow, and streets whenever they come. */
import type { Map as GlMap } from "maplibre-gl";
import type { Point } from "./geo";
import { mapConfiguration } from "./map_configuration";
import { groundColor, loadWorld, OWN_SOURCES, ownStyle, SHAPES_FADE, type World } from "./map_styles";
import { findStreets, type Streets } from "./streets";
import type { Theme } from "./theme";

const PATIENCE_MS = 3_000;
/** So many failed tiles without one that came, and the streets count as missing. */
const TOLERATED_FAILURES = 4;

export class GroundLoader {
  /** What lies there now; null while it is the built-in shapes alone. */
  private streets: Streets | null = null;
  private attempt = new AbortController();
  private world: World | null = null;
  private failures = 0;
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
    this.map.on("idle", () => this.failures > 0 && this.giveUp());
    this.map.on("sourcedata", (event) => {
      if (event.tile && !OWN_SOURCES.has(event.sourceId)) this.failures = Number.NEGATIVE_INFINITY;
    });
    this.map.on("moveend", () => this.lookAround());
    addEventListener("online", () => {
      if (!this.streets) void this.load();
    });
    // Nothing of its own until then: whoever looks sees the sketch, and each style in turn takes a slow phone a while.
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
    if (this.streets?.kind !== "tiles" || !this.streets.bounds) return this.streets !== null;
    const { south, west, north, east } = this.streets.bounds;
    return lat >= south && lat <= north && lon >= west && lon <= east;
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
    this.draw();
    this.markFound();
  }

  private draw(): void {
    const { streets } = this;
    this.isBare = false;
    const isOwn = streets?.kind !== "style";
    this.map.getContainer().style.backgroundColor = isOwn ? groundColor(this.theme) : "";
    const style = isOwn ? ownStyle(this.theme, this.world, streets?.source ?? null) : streets.style;
    // Somebody else's is checked; the page's own was, by the tests.
    this.map.setStyle(style, { diff: false, validate: !isOwn });
  }

  /** Around a region of streets lies the rest of the world, for whoever looks from so far that it can be seen. */
  private lookAround(): void {
    const isRegion = this.streets?.kind === "tiles" && this.streets.bounds !== null;
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
