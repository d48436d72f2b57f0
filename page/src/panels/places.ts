/** Places: on the map, in a list, one by one, and from files. Loads when it is first wanted, or a moment after people are there. */
import "../style/places.css";
import { html, type TemplateResult } from "lit-html";
import { say } from "../words/strings";
import { importPanel } from "./place_import";
import { placeList } from "./place_list";
import { placeSheet, unsentSheet } from "./place_sheet";
import { titleOf } from "./place_words";
import { placesState } from "./places_state";
import type { SessionView } from "./ui";

export { markHazard, pinPanel } from "./pin_panel";

/** Shows on the map what there is; called with each redraw. */
export function lookAtPlaces(view: SessionView): void {
  placesState(view).look();
}

/** Opens the sheet of a place, or the list. */
export function openPlaces(view: SessionView, place: number | null): void {
  const state = placesState(view);
  if (place === null) state.list();
  else state.open(place);
}

export function placesTitle(view: SessionView): string {
  const { opened } = placesState(view);
  const shown = opened === null ? null : shownPlace(view, opened);
  return shown ? titleOf(shown) : say("places.title");
}

export function placesPanel(view: SessionView): TemplateResult {
  const state = placesState(view);
  const { draft, opened } = state;
  if (draft) return importPanel(view, state, draft);
  if (opened === null) return placeList(view);
  const place = typeof opened === "number" ? state.place(opened) : null;
  if (place) return placeSheet(view, state, place);
  const shown = shownPlace(view, opened);
  return shown ? unsentSheet(shown.kind) : html`<p class="lead">${say("places.isGone")}</p>`;
}

function shownPlace(view: SessionView, opened: number | string) {
  const state = placesState(view);
  if (typeof opened === "number") return state.place(opened);
  return state.waiting.find(({ opId }) => opId === opened)?.fields ?? null;
}
