/** All places in a list, the nearest first; those that this device hides are at its end. Files come in and go out here. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Place } from "../model/model";
import { savePlaces } from "../net/places_file";
import { byDistance, calledTo } from "../session/place_list";
import { placesOf } from "../session/session_state";
import { say } from "../words/strings";
import { farAway } from "./people";
import { placeControls, placeIcons } from "./place_icons";
import { openFile } from "./place_import";
import { kindWords, titleOf } from "./place_words";
import { type PlacesState, placesState } from "./places_state";
import type { SessionView } from "./ui";

export function placeList(view: SessionView): TemplateResult {
  const { live } = view;
  if (!live.state) return html`<div class="skeleton" aria-hidden="true"></div>`;
  const state = placesState(view);
  const all = inOrder(state, placesOf(live.state), live.state.positions.get(live.state.me) ?? null);
  const shown = all.filter(({ place }) => !state.isHidden(place));
  const hidden = all.filter(({ place }) => state.isHidden(place));
  const isViewer = live.me?.role === "viewer";
  return html`
    ${all.length === 0 && state.waiting.length === 0 ? html`<p class="lead">${say("places.empty")}</p>` : nothing}
    <ul class="place-rows">
      ${state.waiting.map(({ opId, fields }) => row(state, opId, { ...fields, name: null }, say("places.waiting")))}
      ${repeat(
        shown,
        ({ place }) => place,
        (place) => placeRow(view, state, place),
      )}
    </ul>
    ${
      hidden.length === 0
        ? nothing
        : html`<details class="place-hidden">
            <summary>${say("places.hidden", { count: hidden.length })}</summary>
            <ul class="place-rows">${hidden.map((place) => placeRow(view, state, place))}</ul>
          </details>`
    }
    <div class="share-actions">
      ${isViewer ? nothing : fileField(view, state)}
      ${all.length === 0 ? nothing : html`<button class="button" @click=${() => view.attempt(() => savePlaces(live.sessionId, live.token))}>${placeControls.file} ${say("places.save")}</button>`}
    </div>
  `;
}

/** As they were when the list was opened, with newer ones at the end. */
function inOrder(state: PlacesState, places: readonly Place[], from: Parameters<typeof byDistance>[1]): Place[] {
  if (state.order.length === 0) state.order = byDistance(places, from).map(({ place }) => place);
  const rank = new Map(state.order.map((place, index) => [place, index]));
  const last = state.order.length;
  return [...places].sort((a, b) => (rank.get(a.place) ?? last) - (rank.get(b.place) ?? last) || a.place - b.place);
}

function placeRow(view: SessionView, state: PlacesState, place: Place): TemplateResult {
  const { live } = view;
  const mine = live.state?.positions.get(live.state.me) ?? null;
  const isCalled = live.state && calledTo(live.state) === place.place;
  const about = [isCalled ? say("places.calledHere") : "", place.name ? kindWords(place.kind) : ""].filter(Boolean);
  return row(state, place.place, place, about.join(" · "), mine && farAway(mine, place));
}

function row(
  state: PlacesState,
  id: number | string,
  place: Pick<Place, "kind" | "name">,
  about: string,
  far: TemplateResult | null = null,
): TemplateResult {
  return html`<li>
    <button class="place-row" data-place=${id} @click=${() => state.open(id)}>
      <span class="place-disc" data-kind=${place.kind}>${placeIcons[place.kind]}</span>
      <span class="person-words"
        ><b dir="auto">${titleOf(place)}</b>${about ? html`<span class="person-status">${about}</span>` : nothing}</span
      >
      ${far ?? nothing}
    </button>
  </li>`;
}

/** The field itself is what a keyboard reaches; the button around it is what is seen. */
function fileField(view: SessionView, state: PlacesState): TemplateResult {
  const choose = (event: Event) => {
    const field = event.target as HTMLInputElement;
    const file = field.files?.[0];
    // The same file may be chosen again.
    field.value = "";
    if (file) openFile(view, state, file);
  };
  return html`<label class="button file-field"
    >${placeControls.folder} ${say("places.import")}<input
      type="file"
      accept=".gpx,.geojson,.json,application/gpx+xml,application/geo+json"
      @change=${choose}
  /></label>`;
}
