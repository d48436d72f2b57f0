/** Adding a place: where, and of which kind. The tap on a kind puts it there; its name and note come afterwards, if at all. */
import { html, nothing, type TemplateResult } from "lit-html";
import { randomId } from "../memory/random_id";
import type { Operations, PlaceKind } from "../model/model";
import { MOST_PLACES, placesOf } from "../session/session_state";
import { say } from "../words/strings";
import { icons } from "./icons";
import { placeIcons } from "./place_icons";
import { FIRST_KINDS, KINDS, kindWords } from "./place_words";
import { type PlacesState, placesState, type Where } from "./places_state";
import { mayCall } from "./regroup";
import type { SessionView } from "./ui";

export function pinPanel(view: SessionView): TemplateResult {
  const { live } = view;
  if (!live.state) return html`<div class="skeleton" aria-hidden="true"></div>`;
  const state = placesState(view);
  const isFull = placesOf(live.state).length >= MOST_PLACES;
  return html`<div class="pin">
    ${isFull ? html`<p class="lead">${say("places.full", { count: MOST_PLACES })}</p>` : html`${wheres(view, state)} ${kinds(view, state)}`}
    ${mayCall(live.me) && !isFull ? meetHere(view, state) : nothing}
    <button class="row-button" @click=${() => state.list()}>
      <span class="row-icon">${icons.pin}</span> ${say("places.all", { count: placesOf(live.state).length })}
    </button>
  </div>`;
}

function wheres(view: SessionView, state: PlacesState): TemplateResult {
  const now = state.whereNow;
  const choices: Where[] = ["here", "cross", ...(state.there ? (["there"] as const) : [])];
  return html`<fieldset class="wheres">
      <legend class="visually-hidden">${say("places.where")}</legend>
      ${choices.map(
        (where) => html`<label
          ><input
            type="radio"
            name="where"
            value=${where}
            ?disabled=${where === "here" && !state.here}
            .checked=${now === where}
            @change=${() => state.choose(where)}
          /><span>${say(`places.${where}`)}</span></label
        >`,
      )}
    </fieldset>
    ${state.here || view.live.me?.role === "viewer" ? nothing : html`<p class="hint">${say("places.noHere")}</p>`}`;
}

function kinds(view: SessionView, state: PlacesState): TemplateResult {
  const shown = state.isMore ? KINDS : FIRST_KINDS;
  const more = () => {
    state.isMore = true;
    view.redraw();
    document.querySelector<HTMLElement>("[data-kind=view]")?.focus();
  };
  return html`<div class="place-kinds" role="group" aria-label=${say("places.kind")}>
    ${shown.map(
      (kind) => html`<button class="tile place-kind" data-kind=${kind} @click=${() => addPlace(view, state, kind)}>
        ${placeIcons[kind]}<span>${kindWords(kind)}</span>
      </button>`,
    )}
    ${state.isMore ? nothing : html`<button class="tile place-kind" aria-expanded="false" @click=${more}>${icons.plus}<span>${say("places.more")}</span></button>`}
  </div>`;
}

/** The group is called to a place that is made for it: two taps in all. */
function meetHere(view: SessionView, state: PlacesState): TemplateResult {
  return html`<button class="button is-wide is-primary" data-action="meet-here" @click=${() => addPlace(view, state, "meet", true)}>
    ${icons.people} ${say("places.meetHere")}
  </button>`;
}

/** @param isCalled - The group is to meet there. */
function addPlace(view: SessionView, state: PlacesState, kind: PlaceKind, isCalled = false): void {
  const point = state.pointFor(kind);
  if (!point) {
    view.attempt(() => Promise.reject({}), say("places.noHere"));
    return;
  }
  const opId = randomId();
  state.isMore = false;
  const title = isCalled ? say("places.called") : say("places.added", { place: kindWords(kind) });
  put(view, state, opId, { kind, lat: point.lat, lon: point.lon }, title, isCalled);
  state.where = state.there = null;
  // While riding nothing stays open; else its name may be given now.
  if (view.live.isRiding && !view.live.isPassenger) view.openPanel(null);
  else state.open(opId);
}

/** A hazard, with one tap: it stands where one was when one saw it. */
export function markHazard(view: SessionView): void {
  const point = view.live.whereIWas;
  if (!point) {
    const title = say("places.noHere");
    view.tell({ name: "hazard", level: "answer", title, shutLabel: null, lastsMs: 4_000, spoken: title });
    return;
  }
  const title = say("places.added", { place: kindWords("hazard") });
  put(view, placesState(view), randomId(), { kind: "hazard", ...point }, title);
  view.speak(title, "answer");
}

/** Puts a place there, with the way back for a moment. */
function put(
  view: SessionView,
  state: PlacesState,
  opId: string,
  fields: Operations["place:add"],
  title: string,
  isCalled = false,
): void {
  let place: number | null = null;
  const added = state.add(fields, opId).then(async (id) => {
    place = id;
    view.redraw();
    if (isCalled) await view.live.ask("regroup:call", { place: id });
  });
  view.attempt(() => added, say("places.full", { count: MOST_PLACES }));
  view.undoable(title, () => state.takeBack(opId, place));
}
