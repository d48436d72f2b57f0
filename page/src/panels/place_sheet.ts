/** One place: what it is, how far, and what one can do about it. */
import { html, nothing, type TemplateResult } from "lit-html";
import { copyText } from "../device/clipboard";
import type { Place } from "../model/model";
import { nameIn } from "../session/names";
import { calledTo, mayChange, radiusOf, reaches } from "../session/place_list";
import { age, distance } from "../words/format";
import { say } from "../words/strings";
import { icons } from "./icons";
import { placeForm } from "./place_form";
import { placeControls, placeIcons } from "./place_icons";
import { farWords, kindWords, mapLinks, placeWords, titleOf } from "./place_words";
import type { PlacesState } from "./places_state";
import { mayCall } from "./regroup";
import { coordinates } from "./sos_words";
import type { SessionView } from "./ui";

export function placeSheet(view: SessionView, state: PlacesState, place: Place): TemplateResult {
  const { live } = view;
  const mine = live.state?.positions.get(live.state.me) ?? null;
  const far = farWords(mine, place);
  return html`<section class="place-sheet" data-place=${place.place}>
    <p class="place-about">
      <span class="place-disc" data-kind=${place.kind}>${placeIcons[place.kind]}</span>
      <span class="person-words">
        ${place.name ? html`<b>${kindWords(place.kind)}</b>` : nothing}
        ${far ? html`<b class="place-far">${far}</b>` : nothing}
        <span class="person-status">${origin(view, place)}</span>
      </span>
    </p>
    ${place.note ? html`<p class="place-note" dir="auto">${place.note}</p>` : nothing}
    ${state.isChanging ? placeForm(view, state, place) : html`${call(view, place)} ${actions(view, state, place)}`}
  </section>`;
}

/** What was added here and is not with the server yet. */
export function unsentSheet(kind: Place["kind"]): TemplateResult {
  return html`<p class="place-about" role="status">
    <span class="place-disc" data-kind=${kind}>${placeIcons[kind]}</span>
    <span class="person-words"><b>${kindWords(kind)}</b> <span class="person-status">${say("places.waiting")}</span></span>
  </p>`;
}

function origin(view: SessionView, place: Place): string {
  const { live } = view;
  const by = nameIn(live.state, place.participant);
  const parts = [say("places.from", { name: by, when: age(live.now() - place.at) })];
  if (reaches(place)) {
    parts.push(say("places.within", { distance: distance(radiusOf(place)) }));
  }
  return parts.join(" · ");
}

/** Hosts and who leads call the group there. */
function call(view: SessionView, place: Place): TemplateResult | typeof nothing {
  const { live } = view;
  if (live.state && calledTo(live.state) === place.place) return html`<p class="lead">${say("places.calledHere")}</p>`;
  if (!mayCall(live.me) || place.kind === "hazard") return nothing;
  const press = () => view.attempt(() => live.ask("regroup:call", { place: place.place }));
  return html`<button class="button is-wide is-primary" data-action="meet-here" @click=${press}>
    ${icons.people} ${say("places.meetHere")}
  </button>`;
}

function actions(view: SessionView, state: PlacesState, place: Place): TemplateResult {
  const { live } = view;
  const isHidden = state.isHidden(place.place);
  const isMine = mayChange(live.me, place);
  const change = () => {
    state.isChanging = true;
    view.redraw();
    document.querySelector<HTMLElement>(".place-form :is(input, button)")?.focus();
  };
  return html`<div class="place-actions">
    <details class="place-navigate">
      <summary class="button">${placeControls.navigate} ${say("places.navigate")}</summary>
      <ul>
        ${mapLinks(place, titleOf(place)).map(
          ([label, address]) =>
            html`<li><a href=${address} target="_blank" rel="noopener noreferrer">${label}</a></li>`,
        )}
      </ul>
    </details>
    <button class="button" @click=${() => view.map?.lookAt(place)}>${icons.center} ${say("people.show")}</button>
    ${isMine ? html`<button class="button" @click=${change}>${icons.pencil} ${say("places.change")}</button>` : nothing}
    ${place.kind === "hazard" && live.me?.role !== "viewer" ? notThere(view, place) : nothing}
    ${copyButton(view, place)}
    <button class="button" @click=${() => state.hide(place.place, !isHidden)}>
      ${isHidden ? icons.eye : placeControls.hide} ${say(isHidden ? "places.unhide" : "places.hide")}
    </button>
    ${isMine ? html`<button class="button is-danger" @click=${() => remove(view, place)}>${say("talk.remove")}</button>` : nothing}
  </div>`;
}

/** The second who says so takes it away; of one person it counts once. */
function notThere(view: SessionView, place: Place): TemplateResult {
  const { live } = view;
  const me = live.state?.me;
  const isSaid = me !== undefined && (place.gone ?? []).includes(me);
  const press = () => view.attempt(() => live.ask("hazard:gone", { place: place.place }));
  return html`<button class="button" ?disabled=${isSaid} @click=${press}>
    ${isSaid ? icons.check : icons.close} ${say("hazard.notThere")}
  </button>`;
}

let copied: { readonly place: number; readonly isCopied: boolean } | null = null;

function copyButton(view: SessionView, place: Place): TemplateResult {
  const outcome = copied?.place === place.place ? copied : null;
  const press = async () => {
    copied = { place: place.place, isCopied: await copyText(coordinates(place)) };
    view.redraw();
  };
  const said = outcome === null ? say("places.copy") : say(outcome.isCopied ? "share.copied" : "share.notCopied");
  return html`<button class="button" data-action="copy" @click=${() => void press()}>
      ${outcome?.isCopied ? icons.check : icons.copy} <span aria-live="polite">${said}</span>
    </button>
    ${outcome && !outcome.isCopied ? html`<output class="link">${coordinates(place)}</output>` : nothing}`;
}

function remove(view: SessionView, place: Place): void {
  const act = () => view.attempt(() => view.live.ask("place:remove", { place: place.place }));
  view.openPanel(null);
  view.soon(say("places.removed", { place: placeWords(place) }), act);
}
