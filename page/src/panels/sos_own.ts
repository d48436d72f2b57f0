/** One's own alarm: what is wrong, the countdown, what became of it, and how to call for help without any network. */
import { html, nothing, type TemplateResult } from "lit-html";
import {
  emergencyContact,
  emergencyNumber,
  rememberEmergencyContact,
  rememberEmergencyNumber,
} from "../memory/emergency";
import type { SosKind } from "../model/model";
import { nameIn } from "../session/names";
import type { Alarm } from "../session/sos";
import { timeOfDay } from "../words/clock";
import { age, distance } from "../words/format";
import { say } from "../words/strings";
import { icons } from "./icons";
import { answerLines, ending } from "./sos_answers";
import type { Draft, SosFlow } from "./sos_flow";
import { coordinates } from "./sos_words";
import { talkState } from "./talk_state";
import type { SessionView } from "./ui";

const KINDS = ["injured", "breakdown", "lost", "other"] as const satisfies readonly SosKind[];

export function ownScreen(view: SessionView, flow: SosFlow): TemplateResult {
  const { draft, pending, own } = flow;
  if (draft) return countdown(view, flow, draft);
  const isRaised = pending.length > 0 || own.length > 0;
  return html`
    <h2 id="sos-title" tabindex="-1">${isRaised ? say("sos.raised") : say("sos.title")}</h2>
    ${flow.refused ? html`<p class="sos-state" role="alert">${flow.refused}</p>` : nothing}
    ${flow.interrupted === null ? nothing : html`<p class="sos-state" role="alert">${say("sos.interrupted", { time: timeOfDay(flow.interrupted) })}</p>`}
    ${pending.map(({ payload }) => waiting(view, flow, payload.op_id))} ${own.map((sos) => standing(view, flow, sos))}
    ${isRaised ? nothing : question(view, flow)}
    ${helpWithoutNetwork(view)}
  `;
}

function question(view: SessionView, flow: SosFlow): TemplateResult {
  const people = [...(view.live.state?.participants.values() ?? [])].filter(
    ({ id, role }) => id !== view.live.state?.me && role !== "viewer",
  );
  const choose = (event: Event) => {
    const id = Number((event.target as HTMLSelectElement).value);
    flow.forWhom = id > 0 ? id : null;
    view.redraw();
  };
  return html`
    <p class="sos-lead">${say("sos.lead")}</p>
    <div class="sos-kinds" role="group" aria-label=${say("sos.what")}>
      ${KINDS.map((kind) => html`<button class="sos-kind" data-kind=${kind} @click=${() => flow.begin(kind)}>${say(`sos.kind.${kind}`)}</button>`)}
    </div>
    ${
      people.length === 0
        ? nothing
        : html`<label class="picker"
            >${say("sos.forWhom")}
            <select @change=${choose}>
              <option value="0" ?selected=${flow.forWhom === null}>${say("sos.forMe")}</option>
              ${people.map(({ id, name }) => html`<option value=${id} ?selected=${flow.forWhom === id}>${name}</option>`)}
            </select>
          </label>`
    }
  `;
}

function countdown(view: SessionView, flow: SosFlow, draft: Draft): TemplateResult {
  const whose = draft.forWhom === null ? "" : say("sos.forSomebody", { name: nameIn(view.live.state, draft.forWhom) });
  return html`
    <h2 id="sos-title" tabindex="-1">${say("sos.countdown", { count: draft.secondsLeft })}</h2>
    <p class="sos-lead" role="status">${[say(`sos.kind.${draft.kind}`), whose].filter(Boolean).join(" · ")}</p>
    <p class="sos-count" aria-hidden="true">${draft.secondsLeft}</p>
    <button class="button is-huge sos-cancel" autofocus @click=${() => flow.cancelDraft()}>${say("sos.cancel")}</button>
    <div class="sos-kinds is-small" role="group" aria-label=${say("sos.what")}>
      ${KINDS.map(
        (kind) =>
          html`<button class="sos-kind" aria-pressed=${kind === draft.kind} @click=${() => flow.choose(kind)}>${say(`sos.kind.${kind}`)}</button>`,
      )}
    </div>
  `;
}

/** Not with the server yet: no more is said than is known. */
function waiting(view: SessionView, flow: SosFlow, opId: string): TemplateResult {
  const words = view.live.link === "live" ? say("sos.sending") : say("sos.trying");
  return html`<section class="sos-alarm">
    <p class="sos-state" role="status"><span class="spinner"></span> ${words}</p>
    <button class="button is-wide" @click=${() => flow.cancelPending(opId)}>${say("sos.cancel")}</button>
  </section>`;
}

function standing(view: SessionView, flow: SosFlow, sos: Alarm): TemplateResult {
  const reached = talkState(view).talk.reachOf(sos.sos);
  const isForMe = sos.participant === view.live.state?.me;
  const who = isForMe ? "" : say("sos.forSomebody", { name: nameIn(view.live.state, sos.participant) });
  const raisedBy =
    isForMe && sos.by !== sos.participant ? say("sos.raisedBy", { name: nameIn(view.live.state, sos.by) }) : "";
  return html`<section class="sos-alarm">
    <p><b>${[say(`sos.kind.${sos.kind}`), who, raisedBy].filter(Boolean).join(" · ")}</b></p>
    <div role="status">
      <p class="sos-state">${icons.check} ${say("sos.serverHasIt", { time: timeOfDay(sos.at, true) })}</p>
      ${reached && reached.on > 0 ? html`<p class="sos-state">${icons.check} ${say("sos.onPhones", { count: reached.on })}</p>` : nothing}
      ${answerLines(view, sos)}
      ${sos.stage >= 2 ? html`<p class="sos-state is-urgent">${icons.warning} ${say("sos.nobody", { number: emergencyNumber(navigator.languages) })}</p>` : nothing}
    </div>
    ${ending(flow, sos)}
  </section>`;
}

/** What needs no data: where one is, in digits that can be read out, a call, and a text message. */
function helpWithoutNetwork(view: SessionView): TemplateResult {
  const { live } = view;
  const fix = live.newestFix ?? live.state?.positions.get(live.state.me);
  const number = emergencyNumber(navigator.languages);
  return html`<section class="sos-help" aria-label=${say("sos.help")}>
    ${
      fix
        ? html`<p class="sos-place"><b>${coordinates(fix)}</b> ${placeNote(fix.accuracy ?? null, live.now() - fix.fix_time)}</p>`
        : html`<p class="sos-place">${say("sos.noPlace")}</p>`
    }
    <p class="sos-nobody-called">${say("sos.callsNobody", { number })}</p>
    <div class="sos-calls">
      <a class="button is-huge is-primary" href=${`tel:${number}`}>${say("sos.call", { number })}</a>
      <a class="button is-huge" href=${message(view)}>${say("sos.message")}</a>
    </div>
    ${settings(view, number)}
  </section>`;
}

function placeNote(accuracy: number | null, old: number): string {
  const parts = accuracy === null ? [] : [say("people.accuracy", { distance: distance(accuracy) })];
  return [...parts, age(old)].join(" · ");
}

/** A text message, ready to be sent, to the contact where one was given. */
function message(view: SessionView): string {
  const { live } = view;
  const fix = live.newestFix ?? live.state?.positions.get(live.state.me);
  const where = fix ? coordinates(fix) : say("sos.noPlace");
  const body = say("sos.messageText", {
    name: live.me?.name ?? "",
    where,
    time: timeOfDay(fix?.fix_time ?? live.now()),
  });
  // Both what RFC 5724 says and what iOS takes.
  return `sms:${emergencyContact()}?&body=${encodeURIComponent(body)}`;
}

function settings(view: SessionView, number: string): TemplateResult {
  const keep = (write: (value: string) => void) => (event: Event) => {
    write((event.target as HTMLInputElement).value);
    view.redraw();
  };
  return html`<details class="sos-settings">
    <summary>${say("sos.settings")}</summary>
    <label for="sos-number">${say("sos.number")}</label>
    <input id="sos-number" type="tel" .value=${number} @change=${keep(rememberEmergencyNumber)} />
    <label for="sos-contact">${say("sos.contact")}</label>
    <input id="sos-contact" type="tel" autocomplete="off" .value=${emergencyContact()} @change=${keep(rememberEmergencyContact)} />
    <p class="hint">${say("sos.contactHint")}</p>
  </details>`;
}
