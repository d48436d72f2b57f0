/** A call that did not work, in plain words and with what to do. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { ApiError } from "../net/api";
import { duration } from "../words/format";
import { say } from "../words/strings";
import { icons } from "./icons";

const WAIT_S = 60;

export function problemNotice(problem: ApiError, retry: (() => void) | null = null): TemplateResult {
  const { title, text } = words(problem);
  return html`<div class="notice is-card is-problem" role="alert" data-problem=${problem.code}>
    ${icons.warning}
    <div>
      <p><b>${title}</b></p>
      <p>${text}</p>
      ${
        retry
          ? html`<div class="notice-actions"><button class="button is-small" @click=${retry}>${say("problem.tryAgain")}</button></div>`
          : nothing
      }
    </div>
  </div>`;
}

function words(problem: ApiError): { title: string; text: string } {
  switch (problem.code) {
    case "offline":
      return { title: say("problem.offlineTitle"), text: say("problem.offline") };
    case "unavailable":
      return { title: say("problem.unavailableTitle"), text: say("problem.unavailable") };
    case "too_many_requests":
      return {
        title: say("problem.tooManyTitle"),
        text: say("problem.tooMany", { length: duration((problem.retryAfter ?? WAIT_S) * 1_000) }),
      };
    default:
      return {
        title: say("problem.unknownTitle"),
        text: say(problem.isAboutName ? "people.nameWrong" : "problem.unknown"),
      };
  }
}
