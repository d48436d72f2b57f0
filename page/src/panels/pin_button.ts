/** The button beside the map that adds a place; who only watches adds none, and sees them all. */
import { html, type TemplateResult } from "lit-html";
import { say } from "../words/strings";
import { icons } from "./icons";
import type { PanelName, SessionView } from "./ui";

export function pinButton(view: SessionView): TemplateResult {
  const isOpen = isAboutPlaces(view.panel);
  const isWatching = view.live.me?.role === "viewer";
  const label = say(isWatching ? "places.title" : "places.pin");
  const press = () => {
    if (isOpen) view.openPanel(null);
    else if (isWatching) view.openPlace(null);
    else view.openPanel("pin");
  };
  return html`<button
    class="round ${isOpen ? "is-active" : ""}"
    data-opens="pin"
    aria-label=${label}
    aria-expanded=${isOpen}
    title=${label}
    ?disabled=${!view.map || !view.live.state}
    @click=${press}
  >
    ${icons.pin}
  </button>`;
}

export function isAboutPlaces(panel: PanelName | null): boolean {
  return panel === "pin" || panel === "places";
}
