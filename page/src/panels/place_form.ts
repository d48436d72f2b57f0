/** Changing a place: what it is, its name, its note, how far it reaches, and where it is. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Operations, Place, PlaceKind } from "../model/model";
import { LONGEST_NAME, LONGEST_NOTE, radiusOf, USUAL_RADIUS_M } from "../session/place_list";
import { distance } from "../words/format";
import { say } from "../words/strings";
import { KINDS, kindWords, placeWords } from "./place_words";
import type { PlacesState } from "./places_state";
import type { SessionView } from "./ui";

const RADII = [50, USUAL_RADIUS_M, 120, 200, 300, 500];

export function placeForm(view: SessionView, state: PlacesState, place: Place): TemplateResult {
  // No keyboard opens while one rides.
  if (view.live.isRiding && !view.live.isPassenger) {
    return html`<p class="lead">${say("places.riding")}</p>
      <button class="button is-wide passenger" @click=${() => view.live.sayPassenger()}>${say("talk.passenger")}</button>`;
  }
  const shut = () => {
    state.isChanging = state.isMoving = false;
    view.redraw();
    document.querySelector<HTMLElement>(".panel-title")?.focus();
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    change(view, place, read(new FormData(event.target as HTMLFormElement), place));
    shut();
  };
  const leave = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // The panel around it stays open.
    event.preventDefault();
    shut();
  };
  return html`<form class="place-form" @submit=${save} @keydown=${leave}>
    <label for="place-name">${say("places.name")}</label>
    <input id="place-name" name="name" maxlength=${LONGEST_NAME} dir="auto" autocomplete="off" enterkeyhint="done" .value=${place.name ?? ""} />
    <label for="place-note">${say("places.note")}</label>
    <input id="place-note" name="note" maxlength=${LONGEST_NOTE} dir="auto" autocomplete="off" enterkeyhint="done" .value=${place.note ?? ""} />
    <label class="picker"
      >${say("places.kind")}
      <select name="kind">
        ${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === place.kind}>${kindWords(kind)}</option>`)}
      </select></label
    >
    <label class="picker"
      >${say("places.radius")}
      <select name="radius">
        ${radii(place).map((radius) => html`<option value=${radius} ?selected=${radius === radiusOf(place)}>${distance(radius)}</option>`)}
      </select></label
    >
    ${mover(view, state, place)}
    <div class="share-actions">
      <button class="button is-primary">${say("people.save")}</button>
      <button type="button" class="button" @click=${shut}>${say("people.cancel")}</button>
    </div>
  </form>`;
}

/** First the cross appears, then the place goes there. */
function mover(view: SessionView, state: PlacesState, place: Place): TemplateResult {
  const press = () => {
    if (!state.isMoving) {
      state.isMoving = true;
      view.map?.lookAt(place);
    } else {
      state.isMoving = false;
      const point = state.layer.aimedAt();
      if (point) change(view, place, { lat: point.lat, lon: point.lon });
    }
    view.redraw();
  };
  return html`<button type="button" class="button" aria-pressed=${state.isMoving} @click=${press}>
      ${say(state.isMoving ? "places.moveHere" : "places.move")}
    </button>
    ${state.isMoving ? html`<p class="hint" role="status">${say("places.moveHint")}</p>` : nothing}`;
}

function radii(place: Place): number[] {
  return [...new Set([...RADII, radiusOf(place)])].sort((a, b) => a - b);
}

type Changes = Omit<Operations["place:set"], "place">;

/** What the form says and the place does not. */
function read(form: FormData, place: Place): Changes {
  const said = (key: string) => String(form.get(key) ?? "").trim();
  const [name, note, kind, radius] = [said("name"), said("note"), said("kind") as PlaceKind, Number(said("radius"))];
  return {
    ...(name !== (place.name ?? "") && { name }),
    ...(note !== (place.note ?? "") && { note }),
    ...(kind !== place.kind && { kind }),
    ...(radius !== radiusOf(place) && { radius_m: radius }),
  };
}

/** Changes a place at once, and back with one tap. */
function change(view: SessionView, place: Place, changes: Changes): void {
  if (Object.keys(changes).length === 0) return;
  const { live } = view;
  const before: Changes = {
    ...(changes.name !== undefined && { name: place.name ?? "" }),
    ...(changes.note !== undefined && { note: place.note ?? "" }),
    ...(changes.kind !== undefined && { kind: place.kind }),
    ...(changes.radius_m !== undefined && { radius_m: radiusOf(place) }),
    ...(changes.lat !== undefined && { lat: place.lat, lon: place.lon }),
  };
  view.attempt(() => live.ask("place:set", { place: place.place, ...changes }));
  view.undoable(say("places.changed", { place: placeWords(place) }), () =>
    view.attempt(() => live.ask("place:set", { place: place.place, ...before })),
  );
}
