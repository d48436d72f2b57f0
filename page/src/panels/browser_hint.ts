/** Said to one who opened the link inside a messenger: how to get to a browser that can do what is needed. */
import { html, nothing, type TemplateResult } from "lit-html";
import { copyText, selectText } from "../device/clipboard";
import { addressForBrowser, inAppBrowser } from "../device/in_app_browser";
import { say } from "../words/strings";
import { icons } from "./icons";

/** Null until somebody tried. */
let isCopied: boolean | null = null;

export function browserHint(redraw: () => void): TemplateResult | typeof nothing {
  const app = inAppBrowser(navigator.userAgent);
  if (app === null) return nothing;
  const address = addressForBrowser(navigator.userAgent, location.href);
  const copy = () =>
    void copyText(location.href).then((done) => {
      isCopied = done;
      redraw();
      if (!done) selectText(document.querySelector("[data-by-hand]"));
    });
  const said = isCopied === null ? "share.copy" : isCopied ? "share.copied" : "share.notCopied";
  return html`<section class="notice is-card is-hint" data-notice="browser" aria-label=${say("browser.title")}>
    ${icons.warning}
    <div>
      <p><b>${say("browser.title")}</b></p>
      <p>${say("browser.inside", { app: app || say("browser.anApp") })} ${say("browser.how")}</p>
      <div class="notice-actions">
        ${address ? html`<a class="button is-small is-primary" href=${address}>${say("browser.open")}</a>` : nothing}
        <button type="button" class="button is-small" @click=${copy}>
          ${isCopied ? icons.check : icons.copy} <span aria-live="polite">${say(said)}</span>
        </button>
      </div>
      ${
        isCopied === false
          ? html`<p role="alert">${say("share.copyByHand")}</p>
              <output class="link" data-by-hand>${location.href}</output>`
          : nothing
      }
    </div>
  </section>`;
}
