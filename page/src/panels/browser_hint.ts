/** Said to one who opened the link inside a messenger: how to get to a browser that can do what is needed. */
import { html, nothing, type TemplateResult } from "lit-html";
import { copyText } from "../clipboard";
import { icons } from "../icons";
import { addressForBrowser, inAppBrowser } from "../in_app_browser";
import { say } from "../strings";

let isCopied = false;

export function browserHint(redraw: () => void): TemplateResult | typeof nothing {
  const app = inAppBrowser(navigator.userAgent);
  if (app === null) return nothing;
  const address = addressForBrowser(navigator.userAgent, location.href);
  const copy = () =>
    void copyText(location.href).then(() => {
      isCopied = true;
      redraw();
    });
  return html`<section class="notice is-card is-hint" data-notice="browser" aria-label=${say("browser.title")}>
    ${icons.warning}
    <div>
      <p><b>${say("browser.title")}</b></p>
      <p>${say("browser.inside", { app: app || say("browser.anApp") })} ${say("browser.how")}</p>
      <div class="notice-actions">
        ${address ? html`<a class="button is-small is-primary" href=${address}>${say("browser.open")}</a>` : nothing}
        <button type="button" class="button is-small" @click=${copy}>
          ${isCopied ? icons.check : icons.copy} <span aria-live="polite">${isCopied ? say("share.copied") : say("share.copy")}</span>
        </button>
      </div>
    </div>
  </section>`;
}
