/** Shown where the browser keeps nothing for the page: what that means for people who come back. */
import { html, nothing, type TemplateResult } from "lit-html";
import { isForgetful } from "../memory/storage";
import { say } from "../words/strings";
import { icons } from "./icons";

export function forgetfulHint(): TemplateResult | typeof nothing {
  if (!isForgetful()) return nothing;
  return html`<section class="notice is-card is-hint" data-notice="forgetful" aria-label=${say("memory.noneTitle")}>
    ${icons.warning}
    <div>
      <p><b>${say("memory.noneTitle")}</b></p>
      <p>${say("memory.none")}</p>
    </div>
  </section>`;
}
