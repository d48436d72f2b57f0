/** Inviting people: the device's share sheet, copying, a QR code, and the link for watching apart from it. */
import { html, nothing, type TemplateResult } from "lit-html";
import { unsafeSVG } from "lit-html/directives/unsafe-svg.js";
import { copyText, selectText } from "../device/clipboard";
import { markForWatching } from "../net/link";
import { say } from "../words/strings";
import { icons } from "./icons";
import type { SessionView } from "./ui";

const COPIED_MS = 2_000;

/** What the last attempt to copy came to, for a moment. */
let attempt: { readonly link: string; readonly isCopied: boolean } | null = null;
let drawn: { readonly link: string; readonly svg: string } | null = null;
let isDrawing = false;

export function sharePanel(view: SessionView): TemplateResult {
  const { link, viewerLink } = view.live.links;
  if (!link) return html`<p class="lead">${say("share.watcher")}</p>`;
  return html`
    <p class="lead">${say("share.lead")}</p>
    <div class="share-actions">
      ${
        canSend()
          ? html`<button class="button is-primary" @click=${() => send(view, link)}>${icons.send} ${say("share.send")}</button>`
          : nothing
      }
      ${copyButton(view, link, say("share.copy"), canSend() ? "" : "is-primary")}
    </div>
    <output class="link" aria-label=${say("share.title")}>${link.replace(/^https?:\/\//, "")}</output>
    <figure class="qr">
      <div role="img" aria-label=${say("share.qrLabel")}>${unsafeSVG(qr(view, link))}</div>
      <figcaption>${say("share.scan")}</figcaption>
    </figure>
    ${viewerLink ? forWatching(view, markForWatching(viewerLink)) : nothing}
  `;
}

function forWatching(view: SessionView, link: string): TemplateResult {
  return html`<section class="watch-link">
    <h3>${icons.eye} ${say("share.viewerTitle")}</h3>
    <p>${say("share.viewerLead")}</p>
    <div class="share-actions">
      ${canSend() ? html`<button class="button" @click=${() => send(view, link)}>${say("share.sendViewer")}</button>` : nothing}
      ${copyButton(view, link, say("share.copyViewer"), "")}
    </div>
  </section>`;
}

function copyButton(view: SessionView, link: string, label: string, emphasis: string): TemplateResult {
  const outcome = attempt?.link === link ? attempt : null;
  const said = outcome === null ? label : say(outcome.isCopied ? "share.copied" : "share.notCopied");
  return html`<button class="button ${emphasis}" @click=${() => void copy(view, link)}>
      ${outcome?.isCopied ? icons.check : icons.copy} <span aria-live="polite">${said}</span>
    </button>
    ${
      outcome === null || outcome.isCopied
        ? nothing
        : html`<p class="hint" role="alert">${say("share.copyByHand")}</p>
            <output class="link" data-by-hand>${link}</output>`
    }`;
}

function canSend(): boolean {
  return typeof navigator.share === "function";
}

function send(view: SessionView, link: string): void {
  const name = view.live.state?.session.name ?? say("product");
  // Rejects when the sheet is closed without sending, which is nobody's error.
  void navigator
    .share({ title: say("product"), text: say("share.message", { name: name }), url: link })
    .catch(() => undefined);
}

async function copy(view: SessionView, link: string): Promise<void> {
  const mine = { link, isCopied: await copyText(link) };
  attempt = mine;
  view.redraw();
  if (!mine.isCopied) {
    // It stays until it works, so that there is time to copy by hand.
    selectText(document.querySelector("[data-by-hand]"));
    return;
  }
  setTimeout(() => {
    if (attempt === mine) attempt = null;
    view.redraw();
  }, COPIED_MS);
}

/** The code as SVG; empty until what draws it was fetched, with the first look at it. */
function qr(view: SessionView, link: string): string {
  if (drawn?.link === link) return drawn.svg;
  if (!isDrawing) {
    isDrawing = true;
    const done = () => {
      isDrawing = false;
      view.redraw();
    };
    draw(link).then(done, () => {
      isDrawing = false;
    });
  }
  return "";
}

async function draw(link: string): Promise<void> {
  const { renderSVG } = await import("uqr");
  // Dark on light in both themes: some readers know nothing else.
  drawn = { link, svg: renderSVG(link, { border: 2, blackColor: "#14181a", whiteColor: "#ffffff" }) };
}
