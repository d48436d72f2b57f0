/** Puts ground beneath the people: the built-in shapes at once when streets are slow, and streets whenever they come. */
import type { Map as GlMap } from "maplibre-gl";
import { builtInStyle, fetchStreets, loadConfiguration, loadWorld, type World } from "./map_styles";
import type { Theme } from "./theme";

type Ground = "streets" | "built-in";

const PATIENCE_MS = 3_000;
/** So many failed tiles without one that came, and the streets count as missing. */
const TOLERATED_FAILURES = 4;

export class GroundLoader {
  private ground: Ground = "built-in";
  private attempt = new AbortController();
  private world: World | null = null;
  private failures = 0;
  /** Counts the styles shown: whatever was drawn on an earlier one is gone. */
  generation = 0;

  constructor(
    private readonly map: GlMap,
    private theme: Theme,
    /** Called after each new style, when whatever was drawn on the one before is gone. */
    private readonly onGround: () => void,
  ) {
    this.map.on("style.load", () => {
      this.generation += 1;
      this.onGround();
    });
    this.map.on("error", () => this.countFailure());
    this.map.on("sourcedata", (event) => {
      if (event.tile) this.failures = Number.NEGATIVE_INFINITY;
    });
    addEventListener("online", () => {
      if (this.ground === "built-in") void this.load();
    });
    void this.load();
  }

  setTheme(theme: Theme): void {
    if (theme === this.theme) return;
    this.theme = theme;
    void this.load();
  }

  private async load(): Promise<void> {
    this.attempt.abort();
    const attempt = new AbortController();
    this.attempt = attempt;
    this.showBuiltIn();
    const patience = setTimeout(() => void this.bringWorld(attempt.signal), PATIENCE_MS);
    try {
      const configuration = await loadConfiguration();
      const streets = await fetchStreets(configuration, this.theme, attempt.signal);
      clearTimeout(patience);
      if (attempt.signal.aborted) return;
      this.ground = "streets";
      this.failures = 0;
      this.map.setStyle(streets, { diff: false });
    } catch {
      clearTimeout(patience);
      await this.bringWorld(attempt.signal);
    }
  }

  private showBuiltIn(): void {
    this.ground = "built-in";
    this.map.setStyle(builtInStyle(this.theme, this.world), { diff: false });
  }

  private async bringWorld(signal: AbortSignal): Promise<void> {
    if (this.world && this.ground === "built-in") return;
    try {
      this.world ??= await loadWorld();
    } catch {
      // Not even our own server answers: rings and the scale bar still say where people are.
      return;
    }
    if (!signal.aborted) this.showBuiltIn();
  }

  private countFailure(): void {
    if (this.ground !== "streets") return;
    this.failures += 1;
    if (this.failures < TOLERATED_FAILURES) return;
    this.showBuiltIn();
    void this.bringWorld(this.attempt.signal);
  }
}
