/** Places from a file, read on this device: what it holds is looked at before it is added, and what was left out is said. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { PlaceKind } from "../model/model";
import type { Refusal } from "../net/waits";
import type { LeftOut, Waypoint } from "../session/place_files/waypoints";
import { isKnown } from "../session/place_list";
import { MOST_PLACES, placesOf } from "../session/session_state";
import { say } from "../words/strings";
import { farAway } from "./people";
import { placeIcons } from "./place_icons";
import { kindWords, titleOf } from "./place_words";
import type { PlacesState } from "./places_state";
import type { SessionView } from "./ui";

const NOTE: PlaceKind = "note";

type Chosen = Waypoint & { readonly kind: PlaceKind };

export interface ImportDraft {
  readonly found: readonly Chosen[];
  readonly chosen: readonly Chosen[];
  /** What was left out and why, in words. */
  readonly leftOut: string;
  /** How many were added already; null before that began. */
  readonly done: number | null;
}

/** Reads a file, and shows what it holds. */
export function openFile(view: SessionView, state: PlacesState, file: File): void {
  view.attempt(async () => {
    const { MOST_BYTES, readWaypoints } = await import("../session/place_files/waypoints");
    if (file.size > MOST_BYTES) {
      show(view, state, [], say("places.tooLarge"));
      return;
    }
    const { waypoints, leftOut } = readWaypoints(new Uint8Array(await file.arrayBuffer()));
    const places = view.live.state ? placesOf(view.live.state) : [];
    const named = waypoints.map((waypoint) => ({ ...waypoint, kind: waypoint.kind ?? NOTE }));
    const fresh = named.filter((waypoint) => !isKnown(places, waypoint));
    const found = fresh.slice(0, Math.max(0, MOST_PLACES - places.length));
    const reasons = new Map<LeftOut | "known" | "full", number>(leftOut);
    if (fresh.length < named.length) reasons.set("known", named.length - fresh.length);
    if (found.length < fresh.length) reasons.set("full", fresh.length - found.length);
    show(view, state, found, leftOutWords(reasons));
  });
}

/** What was left out and why, in a sentence; empty where that is nothing. */
export function leftOutWords(reasons: ReadonlyMap<LeftOut | "known" | "full", number>): string {
  const parts = [...reasons].map(([reason, count]) => say(`places.left.${reason}`, { count }));
  return parts.length === 0 ? "" : say("places.leftOut", { parts: parts.join(", ") });
}

function show(view: SessionView, state: PlacesState, found: readonly Chosen[], leftOut: string): void {
  state.draft = { found, chosen: found, leftOut, done: null };
  view.openPanel("places");
}

export function importPanel(view: SessionView, state: PlacesState, draft: ImportDraft): TemplateResult {
  const { live } = view;
  const { found, chosen, leftOut, done } = draft;
  const mine = live.state?.positions.get(live.state.me) ?? null;
  const toggle = (waypoint: Chosen) => {
    const isChosen = chosen.includes(waypoint);
    const after = found.filter((one) => (one === waypoint ? !isChosen : chosen.includes(one)));
    state.draft = { ...draft, chosen: after };
    view.redraw();
  };
  return html`
    <p class="lead">${say("places.found", { count: found.length })} ${leftOut}</p>
    <ul class="place-rows">
      ${found.map(
        (waypoint) => html`<li>
          <label class="place-row">
            <input type="checkbox" ?disabled=${done !== null} .checked=${chosen.includes(waypoint)} @change=${() => toggle(waypoint)} />
            <span class="place-disc" data-kind=${waypoint.kind}>${placeIcons[waypoint.kind]}</span>
            <span class="person-words"
              ><b dir="auto">${titleOf(waypoint)}</b
              ><span class="person-status">${waypoint.note ?? (waypoint.name ? kindWords(waypoint.kind) : "")}</span></span
            >
            ${mine ? farAway(mine, waypoint) : nothing}
          </label>
        </li>`,
      )}
    </ul>
    <div class="share-actions">
      ${
        chosen.length === 0
          ? nothing
          : html`<button class="button is-primary" ?disabled=${done !== null} @click=${() => addAll(view, state, draft)}>
              ${done === null ? say("places.add", { count: chosen.length }) : say("places.adding", { done, count: chosen.length })}
            </button>`
      }
      <button class="button" @click=${() => state.list()}>${say(done === null ? "people.cancel" : "places.stop")}</button>
    </div>
  `;
}

/** Adds one after another, as they stand in the file; what the server asks to wait for is waited for. */
function addAll(view: SessionView, state: PlacesState, draft: ImportDraft): void {
  const note = (done: number) => {
    state.draft = { ...draft, done };
    view.redraw();
  };
  view.attempt(async () => {
    let [done, refused] = [0, 0];
    note(0);
    for (const waypoint of draft.chosen) {
      if (!(await add(view, waypoint))) refused += 1;
      done += 1;
      // Somebody has stopped it, or opened something else.
      if (state.draft?.found !== draft.found) return;
      note(done);
    }
    if (view.panel === "places") state.list();
    else state.draft = null;
    const title = say("places.addedMany", { count: done - refused });
    const help = refused > 0 ? { help: say("places.left.refused", { count: refused }) } : {};
    view.tell({ name: "imported", level: "answer", title, ...help, icon: "check", shutLabel: null, lastsMs: 3_000 });
  });
}

/** Whether a waypoint was taken; a name or note that the server refuses is left away. */
async function add({ live }: SessionView, { kind, lat, lon, name, note }: Chosen): Promise<boolean> {
  const fields = { kind, lat, lon };
  try {
    await live.ask("place:add", { ...fields, ...(name !== null && { name }), ...(note !== null && { note }) });
    return true;
  } catch (error) {
    const { reason, errors = [] } = error as Partial<Refusal>;
    if (reason === "invalid_request" && errors.every(({ pointer }) => pointer === "/name" || pointer === "/note")) {
      return live.ask("place:add", fields).then(
        () => true,
        () => false,
      );
    }
    return false;
  }
}
