/** What the panels tell the page that shows them. */
import type { LiveSession } from "../session/live_session";

export type PanelName = "people" | "share" | "menu";

export interface SessionView {
  readonly live: LiveSession;
  readonly panel: PanelName | null;
  readonly selected: number | null;
  openPanel(panel: PanelName | null): void;
  select(participant: number): void;
  /** A panel lies over the map: where the window is low, cards are cut to their titles until it is shut. */
  readonly doCardsWait: boolean;
  /** Whether a notice was put away on this page. */
  isShut(notice: string): boolean;
  shut(notice: string): void;
  /** Says again why there is no location, and asks the browser once more. */
  explainLocation(): void;
  readonly handlebar: { toggle(): void };
  /** Whether the map keeps the way one rides up, rather than north. */
  readonly isUpMyWay: boolean;
  turnMap(isUpMyWay: boolean): void;
  redraw(): void;
  /** Runs something that may fail, and says so in plain words if it does: `forbidden` where the server said no. */
  attempt(work: () => Promise<void>, forbidden?: string): void;
}
