/** What the panels tell the page that shows them. */
import type { nothing, TemplateResult } from "lit-html";
import type { LiveMap } from "../map/live_map";
import type { Signal } from "../model/model";
import type { LiveSession } from "../session/live_session";
import type { Happened, Notice } from "./notice_slot";
import type { Urgency } from "./speech_queue";

export type PanelName = "people" | "share" | "menu" | "talk" | "pin" | "places";

export interface SessionView {
  readonly live: LiveSession;
  readonly panel: PanelName | null;
  readonly selected: number | null;
  openPanel(panel: PanelName | null): void;
  select(participant: number): void;
  /** Null until it is drawn. */
  readonly map: LiveMap | null;
  /** Opens the sheet of a place, or the list of all. */
  openPlace(place: number | null): void;
  /** Marks a hazard where one was a moment ago. */
  markHazard(): void;
  /** Brings somebody into the middle of the map, and shows the map. */
  show(participant: number): void;
  /** Shows something that happened, and says it aloud where it is spoken. */
  tell(notice: Happened & { readonly spoken?: string }): void;
  untell(notice: string): void;
  /** Says what was done, with the way back, for a moment. */
  undoable(title: string, undo: () => void): void;
  /** Does what cannot be taken back, a moment later, unless the reader takes it back until then. */
  soon(title: string, act: () => void): void;
  /** Gives a signal to all, and tells what becomes of it. */
  giveSignal(signal: Signal): void;
  /** Fetches what talks, where it has not come yet. */
  fetchTalk(): void;
  /** Six signals for gloves, once what talks is there; `done` is called with a tap. */
  gridOfSignals(done: () => void): TemplateResult | typeof nothing;
  /** Who is where the group meets, once what calls the roll is there. */
  rollCall(): TemplateResult | typeof nothing;
  regroupStrip(): Notice | null;
  /** The SOS button was pressed. */
  pressSos(): void;
  speak(words: string, urgency: Urgency): void;
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
  attempt(work: () => Promise<unknown>, forbidden?: string): void;
}
