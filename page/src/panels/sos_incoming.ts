/** Alarms of others, over everything, until they are answered or put aside. */
import { html, nothing, type TemplateResult } from "lit-html";
import { emergencyNumber } from "../memory/emergency";
import { nameIn } from "../session/names";
import { type Alarm, mayWait } from "../session/sos";
import { timeOfDay } from "../words/clock";
import { age, distance } from "../words/format";
import { say } from "../words/strings";
import { icons } from "./icons";
import { answerLines, ending } from "./sos_answers";
import type { SosFlow } from "./sos_flow";
import { coordinates, placeOf, whereabouts } from "./sos_words";
import type { SessionView } from "./ui";

export function incomingAlarms(view: SessionView, flow: SosFlow, alarms: readonly Alarm[]): TemplateResult {
  const [first] = alarms;
  const title =
    alarms.length === 1 && first
      ? say("sos.of", { name: nameIn(view.live.state, first.participant) })
      : say("sos.several", { count: alarms.length });
  return html`
    <h2 id="sos-title" tabindex="-1">${title}</h2>
    ${alarms.map((sos) => alarm(view, flow, sos, alarms.length > 1))}
  `;
}

function alarm(view: SessionView, flow: SosFlow, sos: Alarm, isNamed: boolean): TemplateResult {
  const place = placeOf(view, sos);
  const side = flow.sideOf(sos);
  const { me } = view.live;
  const number = emergencyNumber(navigator.languages);
  const mine = me ? sos.answers[String(me.id)] : undefined;
  return html`<section class="sos-alarm" data-sos=${sos.sos}>
    <div role="alert">
      <p class="sos-what">
        ${isNamed ? html`<b dir="auto">${nameIn(view.live.state, sos.participant)}</b> · ` : nothing}<b>${say(`sos.kind.${sos.kind}`)}</b>
      </p>
      <p>${whereabouts(view, sos, side)}</p>
      ${sos.stage >= 2 ? html`<p class="sos-state is-urgent">${icons.warning} ${say("sos.nobody", { number })}</p>` : nothing}
    </div>
    <p>
      ${say("sos.raisedAt", { time: timeOfDay(sos.at) })}
      ${sos.by === sos.participant ? nothing : say("sos.raisedBy", { name: nameIn(view.live.state, sos.by) })}
    </p>
    ${
      place
        ? html`<p class="sos-place"><b>${coordinates(place)}</b>
            ${[place.accuracy === null ? "" : say("people.accuracy", { distance: distance(place.accuracy) }), age(view.live.now() - place.at)].filter(Boolean).join(" · ")}</p>`
        : html`<p class="sos-place">${say("sos.noPlaceOf")}</p>`
    }
    ${answerLines(view, sos)}
    <p class="hint">${side === "unknown" ? say("sos.allAsked") : mayWait(sos, side) ? say("sos.behindFirst") : nothing}</p>
    ${
      me && me.role !== "viewer"
        ? html`<div class="sos-answers">
            <button
              class="button is-huge ${mayWait(sos, side) ? "" : "is-primary"}"
              aria-pressed=${mine === "going"}
              @click=${() => flow.answer(sos, "going")}
            >
              ${say("sos.going")}
            </button>
            <button class="button is-huge" aria-pressed=${mine === "staying"} @click=${() => flow.answer(sos, "staying")}>${say("sos.staying")}</button>
            <a class="button is-huge" href=${`tel:${number}`} @click=${() => flow.answer(sos, "calling")}>${say("sos.calling", { number })}</a>
          </div>`
        : nothing
    }
    ${me?.role === "host" ? ending(flow, sos) : nothing}
  </section>`;
}
