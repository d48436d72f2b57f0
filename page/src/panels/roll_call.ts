/**
 * The roll call where the group meets: the strip that says how many are there, and in the list of people who is missing and
 * why. Loads a moment after people are on the map.
 */
import "../style/roll_call.css";
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Place } from "../model/model";
import type { Board, Row } from "../session/place_rules/board";
import { findPlace, type SessionState } from "../session/session_state";
import { callOf } from "../session/watch";
import { say } from "../words/strings";
import { icons } from "./icons";
import type { Notice } from "./notice_slot";
import { callToNextStop, endCall, mayCall } from "./regroup";
import { RollCallNews } from "./roll_call_news";
import { countWords, isMissing, meetWords, missingWords, nameOf, rowWords } from "./roll_call_words";
import type { SessionView } from "./ui";

const newsOf = new WeakMap<SessionView, RollCallNews>();

/** Tells what has happened since the last look. */
export function lookAtRollCall(view: SessionView): void {
  const news = newsOf.get(view) ?? new RollCallNews();
  newsOf.set(view, news);
  news.look(view);
}

/** Stands as long as the group is called together. */
export function regroupStrip(view: SessionView): Notice | null {
  const { state } = view.live;
  const call = state && callOf(state);
  if (!state || !call) return null;
  const place = findPlace(state, call.place);
  const board = boardFor(view, place);
  return {
    name: `regroup-${call.at}`,
    level: "regroup",
    title: board ? countWords(board) : meetWords(place),
    help: board ? missingWords(state, board, view.live.now()) : leadWords(state, place),
    icon: "people",
    ...(board && { action: { label: say("rollCall.open"), press: () => view.openPanel("people") } }),
    shutLabel: "session.later",
  };
}

/** What stands above the list of people: the roll, and calling the group together. */
export function rollCall(view: SessionView): TemplateResult | typeof nothing {
  const { state, me } = view.live;
  if (!state) return nothing;
  const call = callOf(state);
  if (!call) return mayCall(me) ? callButton(view) : nothing;
  const place = findPlace(state, call.place);
  const board = boardFor(view, place);
  return html`<section class="roll-call" aria-labelledby="roll-call-title roll-call-more">
    <h3 id="roll-call-title">${meetWords(place)}</h3>
    ${board ? html`<p id="roll-call-more" class="roll-call-count">${countWords(board)}</p>` : html`<p id="roll-call-more" class="hint">${leadWords(state, place)}</p>`}
    ${board && place ? rows(view, state, place, board) : nothing}
    ${mayCall(me) ? html`<button class="button is-small" data-action="end-regroup" @click=${() => endCall(view)}>${icons.close} ${say("regroup.end")}</button>` : nothing}
  </section>`;
}

function callButton(view: SessionView): TemplateResult {
  return html`<button class="row-button" data-action="next-stop" @click=${() => callToNextStop(view)}>
    <span class="row-icon">${icons.lead}</span> ${say("regroup.nextStop")}
  </button>`;
}

/** Those who are missing, whom a host said to be there, and the others by name. */
function rows(view: SessionView, state: SessionState, place: Place, board: Board): TemplateResult {
  const isTicked = ({ participant, standing }: Row) =>
    standing === "here" && (place.ticked?.includes(participant) ?? false);
  const shown = board.rows.filter((row) => isMissing(row) || isTicked(row));
  const named = (standing: Row["standing"]) =>
    board.rows
      .filter((row) => row.standing === standing && !shown.includes(row))
      .map(({ participant }) => nameOf(state, participant))
      .join(", ");
  const [here, home] = [named("here"), named("going_home")];
  return html`<ul class="roll-call-rows">
      ${repeat(
        shown,
        ({ participant }) => participant,
        (row) => html`<li data-roll=${row.participant} data-standing=${row.standing}>
          <span><b dir="auto">${nameOf(state, row.participant)}</b> ${rowWords(state, row, view.live.now())}</span>
          ${tick(view, state, place, row)}
        </li>`,
      )}
    </ul>
    ${here ? html`<p class="hint">${say("rollCall.those", { what: say("rollCall.here"), names: here })}</p>` : nothing}
    ${home ? html`<p class="hint">${say("rollCall.those", { what: say("status.going_home"), names: home })}</p>` : nothing}`;
}

/** A host sees who stands there, and whose phone does not say so. */
function tick(view: SessionView, state: SessionState, place: Place, row: Row): TemplateResult | typeof nothing {
  const isUnheard = row.standing === "not_sharing" || row.standing === "no_place" || row.standing === "no_news";
  const isTicked = place.ticked?.includes(row.participant) ?? false;
  if (view.live.me?.role !== "host" || !(isUnheard || isTicked)) return nothing;
  const fields = { place: place.place, participant: row.participant, here: !isTicked };
  const name = nameOf(state, row.participant);
  return html`<button
    class="button is-small"
    aria-label=${say(isTicked ? "rollCall.untickName" : "rollCall.tickName", { name })}
    @click=${() => view.attempt(() => view.live.ask("place:tick", fields))}
  >
    ${isTicked ? nothing : icons.check} ${say(isTicked ? "rollCall.untick" : "rollCall.tick")}
  </button>`;
}

/** What was judged last may be of an earlier place. */
function boardFor({ live }: SessionView, place: Place | null): Board | null {
  const board = live.watch?.board ?? null;
  return board && board.place === place?.place ? board : null;
}

/** Who decides where the next stop is. */
function leadWords(state: SessionState, place: Place | null): string {
  if (place) return "";
  const lead = [...state.participants.values()].find(({ features }) => features?.post?.post === "lead");
  const by = callOf(state)?.by;
  const name = lead?.name ?? nameOf(state, by ?? 0);
  return say("regroup.nextStopHelp", { name });
}
