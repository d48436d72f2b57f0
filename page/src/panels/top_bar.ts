/** The bar at the top: which session this is and how long it lasts, the call for help, and the menu. */
import { html, nothing, type TemplateResult } from "lit-html";
import { duration } from "../words/format";
import { say } from "../words/strings";
import { icons } from "./icons";
import { parts } from "./parts";
import type { SessionView } from "./ui";

export function topBar(view: SessionView): TemplateResult {
  const { live } = view;
  const session = live.state?.session;
  const left = session ? session.expires_at - live.now() : null;
  const isOpen = view.panel === "menu";
  return html`<header class="top">
    <span class="pulse is-${live.link}" title=${live.link}></span>
    <div class="top-words">
      <h1 dir="auto">${session?.name ?? say("product")}</h1>
      <p>${left === null ? say("connection.connecting") : say("time.left", { length: duration(left) })}</p>
    </div>
    ${
      parts.sos && live.me && live.me.role !== "viewer"
        ? html`<button class="sos-button" data-opens="sos" @click=${() => view.pressSos()}>${say("sos.button")}</button>`
        : nothing
    }
    <button
      class="icon-button"
      data-opens="menu"
      aria-label=${say("session.menu")}
      aria-expanded=${isOpen}
      @click=${() => view.openPanel(isOpen ? null : "menu")}
    >
      ${icons.menu}
    </button>
  </header>`;
}
