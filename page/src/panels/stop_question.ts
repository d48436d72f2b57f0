/** "You stopped. All OK?": asked of somebody who stopped while the others ride on. Its targets are for gloves. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Status } from "../model/model";
import { say } from "../words/strings";
import { icons } from "./icons";
import { statusIcon } from "./statuses";
import type { SessionView } from "./ui";

const ANSWERS = ["break", "fuel", "problem"] as const satisfies readonly Status[];

export function stopQuestion(view: SessionView): TemplateResult | typeof nothing {
  const { live } = view;
  if (!live.watch?.isAsking) return nothing;
  const answer = (status: Status | null) => {
    live.answerStop();
    if (status) view.attempt(() => live.ask("status:set", { status }));
  };
  return html`<section class="stop-question" role="group" aria-labelledby="stop-question">
    <h2 id="stop-question">${say("stopped.question")}</h2>
    <div class="stop-answers">
      ${ANSWERS.map(
        (status) => html`<button class="stop-answer" data-answer=${status} @click=${() => answer(status)}>
          ${icons[statusIcon(status)]}<span>${say(`stopped.${status}`)}</span>
        </button>`,
      )}
    </div>
    <button class="stop-answer is-fine" data-answer="fine" @click=${() => answer(null)}>${say("stopped.fine")}</button>
  </section>`;
}
