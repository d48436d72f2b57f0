/** What the page remembers of places while it is open: what is being added, which one is open, and what this device hides. */

import type { MapPlace } from "../map/places/place_mark";
import { PlacesLayer } from "../map/places/places_layer";
import { listenForTouches } from "../map/places/touches";
import { hiddenPlaces } from "../memory/kept";
import { randomId } from "../memory/random_id";
import type { Point } from "../model/geo";
import type { Operations, Place, PlaceKind, SessionEvent } from "../model/model";
import type { LiveSession } from "../session/live_session";
import { nameIn } from "../session/names";
import { calledTo, radiusOf, reaches } from "../session/place_list";
import { findPlace, placesOf } from "../session/session_state";
import { STALE_MS } from "../session/staleness";
import { say } from "../words/strings";
import { placeIcons } from "./place_icons";
import type { ImportDraft } from "./place_import";
import { placeWords } from "./place_words";
import type { SessionView } from "./ui";

/** Where a place is to be put: at oneself, beneath the cross, or where the map was tapped. */
export type Where = "here" | "cross" | "there";

/** What is added within so long is told at once: a file adds many. */
const GATHERED_MS = 3_000;

/** How marks on the map are told apart. */
const STORED = "place-";
const UNSENT = "unsent-";

export class PlacesState {
  readonly layer: PlacesLayer;
  where: Where | null = null;
  /** Where the map was tapped or pressed. */
  there: Point | null = null;
  /** All kinds are offered, and not the first ones alone. */
  isMore = false;
  /** The place whose sheet is open, by its id, or by the operation that adds it. */
  opened: number | string | null = null;
  isChanging = false;
  /** The place is being moved: the cross says where to. */
  isMoving = false;
  /** What a file holds, until it is added. */
  draft: ImportDraft | null = null;
  /** In this order they are listed, until the list is opened again: nothing jumps while one rides. */
  order: readonly number[] = [];
  private hidden: ReadonlySet<number>;
  private readonly unwanted = new Set<string>();
  private added: Extract<SessionEvent, { type: "place_added" }>[] = [];
  private telling: ReturnType<typeof setTimeout> | null = null;
  private isLaid = false;

  constructor(private readonly view: SessionView) {
    const { live } = view;
    this.layer = new PlacesLayer((place) => this.pressedMark(place));
    this.hidden = new Set(hiddenPlaces(live.sessionId).read());
    live.hear((news) => {
      if (news.type === "event" && news.event.type === "place_added") this.arrived(news.event);
    });
  }

  /** Shows on the map what there is now. */
  look(): void {
    const { view, layer } = this;
    const { map, live, panel } = view;
    if (!map || !live.state) return;
    if (!this.isLaid) {
      this.isLaid = true;
      map.lay(layer);
      const stage = layer.element.closest<HTMLElement>(".map");
      if (stage) listenForTouches(stage, { tapped: (at) => this.tapped(at), pressed: (at) => this.pressed(at) });
    }
    layer.setPlaces(this.onMap());
    const isAiming = (panel === "pin" && this.whereNow === "cross") || (panel === "places" && this.isMoving);
    // What one aims at stays beneath the cross while people move.
    if (isAiming && !layer.isAiming) map.hold();
    layer.aim(isAiming);
  }

  /** This device's own place; null where it is not known now. */
  get here(): Point | null {
    const { live } = this.view;
    const fix = live.isSharing ? live.newestFix : null;
    return fix && live.now() - fix.fix_time < STALE_MS ? { lat: fix.lat, lon: fix.lon } : null;
  }

  get whereNow(): Where {
    if (this.where === "there" && !this.there) return "cross";
    if (this.where === null || (this.where === "here" && !this.here)) return this.here ? "here" : "cross";
    return this.where;
  }

  /** Where a place of some kind would be put now. */
  pointFor(kind: PlaceKind): Point | null {
    if (this.whereNow === "there") return this.there;
    if (this.whereNow === "cross") return this.layer.aimedAt();
    // A hazard is seen before it can be marked.
    return kind === "hazard" ? (this.view.live.whereIWas ?? this.here) : this.here;
  }

  choose(where: Where): void {
    this.where = where;
    this.view.redraw();
  }

  place(id: number): Place | null {
    return findPlace(this.view.live.state, id);
  }

  /** Those that wait to be sent. */
  get waiting(): readonly { readonly opId: string; readonly fields: Operations["place:add"] }[] {
    return this.view.live.waiting
      .filter(({ event }) => event === "place:add")
      .map(({ payload }) => ({ opId: payload.op_id, fields: payload as unknown as Operations["place:add"] }));
  }

  isHidden(place: number): boolean {
    return this.hidden.has(place);
  }

  hide(place: number, on: boolean): void {
    const { live } = this.view;
    // Of those that are gone nothing need be kept.
    const there = new Set((live.state ? placesOf(live.state) : []).map((one) => one.place));
    const hidden = new Set([...this.hidden].filter((one) => there.has(one)));
    if (on) hidden.add(place);
    else hidden.delete(place);
    this.hidden = hidden;
    hiddenPlaces(live.sessionId).write([...hidden]);
    this.view.redraw();
  }

  /** Opens the sheet of a place. */
  open(place: number | string): void {
    this.opened = place;
    this.isChanging = this.isMoving = false;
    this.draft = null;
    this.view.openPanel("places");
  }

  /** Opens the list. */
  list(): void {
    this.opened = this.draft = null;
    this.isMoving = false;
    this.order = [];
    this.view.openPanel("places");
  }

  /** Adds a place; resolves to its id once the server has it. */
  async add(fields: Operations["place:add"], opId = randomId()): Promise<number> {
    try {
      const place = await this.view.live.ask("place:add", fields, { opId });
      if (this.opened === opId) this.opened = place;
      if (this.unwanted.has(opId)) this.takeBack(opId, place);
      return place;
    } finally {
      this.unwanted.delete(opId);
    }
  }

  /** Takes back what was added, also where the server has it already or will have it in a moment. */
  takeBack(opId: string, place: number | null): void {
    const { view } = this;
    if (this.opened === opId || (place !== null && this.opened === place)) {
      this.opened = null;
      if (view.panel === "places") view.openPanel(null);
    }
    if (place !== null) view.attempt(() => view.live.ask("place:remove", { place }));
    else if (!view.live.withdraw(opId)) this.unwanted.add(opId);
  }

  private arrived(event: Extract<SessionEvent, { type: "place_added" }>): void {
    const { data } = event;
    if (data === null || data.participant === this.view.live.state?.me) return;
    this.added.push(event);
    this.telling ??= setTimeout(() => this.tell(), GATHERED_MS);
  }

  private tell(): void {
    const { live } = this.view;
    this.telling = null;
    const by = new Map<number, Place[]>();
    for (const { offset, data } of this.added.splice(0)) {
      const place = data && this.place(offset);
      if (place) by.set(data.participant, [...(by.get(data.participant) ?? []), place]);
    }
    for (const [participant, places] of by) {
      const name = nameIn(live.state, participant);
      const [first] = places;
      const title =
        places.length === 1 && first
          ? say("places.news", { name, place: placeWords(first) })
          : say("places.newsMany", { name, count: places.length });
      this.view.tell({ name: `place-${first?.place}`, level: "goodToKnow", title, icon: "pin" });
    }
  }

  private pressedMark({ key }: MapPlace): void {
    if (key.startsWith(STORED)) this.open(Number(key.slice(STORED.length)));
    else if (key.startsWith(UNSENT)) this.open(key.slice(UNSENT.length));
  }

  private tapped(at: { readonly x: number; readonly y: number }): void {
    if (this.view.panel === "pin") this.putThere(at);
  }

  private pressed(at: { readonly x: number; readonly y: number }): void {
    if (this.view.live.me?.role === "viewer") return;
    this.putThere(at);
    if (this.view.panel !== "pin") this.view.openPanel("pin");
  }

  private putThere(at: { readonly x: number; readonly y: number }): void {
    this.there = this.layer.pointAt(at);
    this.where = "there";
    this.view.redraw();
  }

  /** What is drawn: the place that is open, the one that the group is called to, what one looks out for, and the others. */
  private onMap(): MapPlace[] {
    const { live, panel } = this.view;
    if (!live.state) return [];
    const called = calledTo(live.state);
    const opened = panel === "places" ? this.opened : null;
    const shown = placesOf(live.state).filter(({ place }) => !this.isHidden(place) || place === opened);
    const rank = ({ place, kind }: Place) => (place === opened ? 0 : place === called ? 1 : kind === "hazard" ? 2 : 3);
    const places = shown
      .sort((a, b) => rank(a) - rank(b) || b.place - a.place)
      .map((place): MapPlace => {
        const isOpen = place.place === opened;
        const isCalled = place.place === called;
        return {
          ...drawn(place),
          key: `${STORED}${place.place}`,
          look: isOpen ? "selected" : isCalled ? "called" : "usual",
          radius: isCalled || (isOpen && reaches(place)) ? radiusOf(place) : null,
        };
      });
    const waiting = this.waiting.map(
      ({ opId, fields }): MapPlace => ({ ...drawn(fields), key: `${UNSENT}${opId}`, look: "waiting" }),
    );
    const proposed = (this.draft?.chosen.slice(this.draft.done ?? 0) ?? []).map(
      (waypoint, index): MapPlace => ({ ...drawn(waypoint), key: `file-${index}`, look: "proposed" }),
    );
    const there = panel === "pin" && this.whereNow === "there" && this.there;
    const here = there ? [{ ...drawn({ ...there, kind: "note" }), key: "there", look: "proposed" as const }] : [];
    return [...here, ...waiting, ...places, ...proposed];
  }
}

function drawn(place: Point & { readonly kind: PlaceKind; readonly name?: string | null }) {
  const { kind, lat, lon, name } = place;
  const words = placeWords(place);
  return { kind, icon: placeIcons[kind], name: name ?? "", words, point: { lat, lon }, radius: null };
}

const states = new WeakMap<LiveSession, PlacesState>();

export function placesState(view: SessionView): PlacesState {
  let state = states.get(view.live);
  if (!state) {
    state = new PlacesState(view);
    states.set(view.live, state);
  }
  return state;
}
