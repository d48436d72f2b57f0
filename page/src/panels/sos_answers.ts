/** What others do about an alarm, and its end. */
import { html, type TemplateResult } from "lit-html";
import { distanceBetween } from "../model/geo";
import type { Alarm } from "../session/sos";
import { distance } from "../words/format";
import { say } from "../words/strings";
import type { SosFlow } from "./sos_flow";
import { placeOf } from "./sos_words";
import type { SessionView } from "./ui";

/** Who does what: "Ada comes, 1.2 km away". Minutes are not known without a road, and none are made up. */
export function answerLines(view: SessionView, sos: Alarm): TemplateResult {
  const there = placeOf(view, sos);
  const lines = Object.entries(sos.answers).flatMap(([who, answer]) => {
    const id = Number(who);
    const name = view.live.state?.participants.get(id)?.name;
    if (!name) return [];
    const here = view.live.state?.positions.get(id);
    if (answer === "going" && here && there) {
      return [say("sos.comesFrom", { name, distance: distance(distanceBetween(here, there)) })];
    }
    return [say(`sos.answer.${answer}`, { name })];
  });
  return html`${lines.map((line) => html`<p class="sos-state">${line}</p>`)}`;
}

/** An alarm ends with a reason. */
export function ending(flow: SosFlow, sos: Alarm): TemplateResult {
  return html`<div class="sos-ending">
    <button class="button" @click=${() => flow.clear(sos.sos, "solved")}>${say("sos.solved")}</button>
    <button class="button" @click=${() => flow.clear(sos.sos, "false_alarm")}>${say("sos.falseAlarm")}</button>
  </div>`;
}
