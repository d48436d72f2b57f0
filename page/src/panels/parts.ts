/**
 * Parts of the page that are fetched when they are first wanted, and what must run before.
 *
 * A part that there is not has no button either.
 */
import type { nothing, TemplateResult } from "lit-html";
import { countingSos } from "../memory/kept";
import type { Signal } from "../model/model";
import { openSos } from "../session/session_state";
import type { Notice } from "./notice_slot";
import type { SessionView } from "./ui";

export interface TalkModule {
  talkPanel(view: SessionView): TemplateResult;
  /** Gives a signal to all, and tells what becomes of it. */
  giveSignal(view: SessionView, signal: Signal): void;
  /** The six signals; `done` is called with a tap. */
  gridOfSignals(view: SessionView, done: () => void): TemplateResult;
}

export interface TalkPart {
  /** How many messages wait to be read; asked with each redraw. */
  unread(view: SessionView): number;
  load(): Promise<TalkModule>;
}

export interface SosModule {
  /** The SOS button was pressed. */
  pressed(view: SessionView): void;
  /** What lies over all else; nothing while there is nothing to answer or to wait for. */
  sosScreen(view: SessionView): TemplateResult | typeof nothing;
}

export interface SosPart {
  /** Whether it belongs on the screen though nobody pressed the button: somebody calls for help, or this page still does. */
  isWanted(view: SessionView): boolean;
  load(): Promise<SosModule>;
}

let talk: typeof import("./talk") | null = null;

export const parts: { readonly talk: TalkPart | null; readonly sos: SosPart | null } = {
  talk: {
    // What came before it was loaded is asked for as it is.
    unread: (view) => talk?.unreadIn(view) ?? 0,
    load: async () => {
      talk = await import("./talk");
      return talk;
    },
  },
  sos: {
    isWanted: ({ live }) =>
      (live.state !== null && openSos(live.state).length > 0) ||
      live.waiting.some(({ event }) => event === "sos:raise") ||
      countingSos(live.sessionId).read() !== null,
    load: () => import("./sos"),
  },
};

export interface MenuModule {
  menuPanel(view: SessionView): TemplateResult;
}

export const menu = { load: (): Promise<MenuModule> => import("./menu") };

export interface RollCallModule {
  /** What stands above the list of people. */
  rollCall(view: SessionView): TemplateResult | typeof nothing;
  regroupStrip(view: SessionView): Notice | null;
  /** Tells what has happened; called with each redraw. */
  lookAtRollCall(view: SessionView): void;
}

export const rollCall = { load: (): Promise<RollCallModule> => import("./roll_call") };

export interface PlacesModule {
  pinPanel(view: SessionView): TemplateResult;
  placesPanel(view: SessionView): TemplateResult;
  placesTitle(view: SessionView): string;
  /** Opens the sheet of a place, or the list of all. */
  openPlaces(view: SessionView, place: number | null): void;
  markHazard(view: SessionView): void;
  /** Draws on the map what there is; called with each redraw. */
  lookAtPlaces(view: SessionView): void;
}

export const places = { load: (): Promise<PlacesModule> => import("./places") };

/** One part, from the first wish for it on. Where the network fails it is fetched again with the next wish. */
export class Late<Module> {
  now: Module | null = null;
  private coming: Promise<Module> | null = null;

  constructor(
    private readonly part: { load(): Promise<Module> } | null,
    private readonly arrived: () => void,
  ) {}

  /** @throws Error where it cannot be fetched, or there is no such part. */
  async get(): Promise<Module> {
    if (!this.part) throw new Error("there is no such part");
    this.coming ??= this.part.load();
    try {
      this.now = await this.coming;
    } catch (error) {
      this.coming = null;
      throw error;
    }
    this.arrived();
    return this.now;
  }
}
