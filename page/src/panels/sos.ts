/** SOS: raising an alarm, what became of it, and answering those of others. Over everything; loads when it is first wanted. */
import "../style/sos.css";
import { html, nothing, type TemplateResult } from "lit-html";
import { say } from "../words/strings";
import { icons } from "./icons";
import { modal } from "./modal";
import { type SosFlow, sosFlow } from "./sos_flow";
import { incomingAlarms } from "./sos_incoming";
import { ownScreen } from "./sos_own";
import type { SessionView } from "./ui";

/** The button was pressed: one's own alarm, or the question what is wrong. */
export function pressed(view: SessionView): void {
  sosFlow(view).press();
}

export function sosScreen(view: SessionView): TemplateResult | typeof nothing {
  if (!view.live.state) return nothing;
  const flow = sosFlow(view);
  const { incoming } = flow;
  // One's own comes first; a countdown is never covered.
  if (flow.isOpen || flow.draft) return screen(flow, ownScreen(view, flow), () => flow.close());
  if (incoming.length > 0) {
    const aside = () => {
      for (const sos of incoming) flow.putAside(sos);
    };
    return screen(flow, incomingAlarms(view, flow, incoming), aside);
  }
  return nothing;
}

/** @param leave - What shows the map again. */
function screen(flow: SosFlow, content: TemplateResult, leave: () => void): TemplateResult {
  const leaveByKey = (event: Event) => {
    event.preventDefault();
    if (flow.draft) flow.cancelDraft();
    else leave();
  };
  return html`<dialog class="sos" aria-labelledby="sos-title" @cancel=${leaveByKey} @keydown=${keepFromPage} ${modal()}>
    ${content}
    ${
      flow.draft
        ? nothing
        : html`<button class="button is-wide sos-leave" @click=${leave}>${icons.pin} ${say("sos.map")}</button>`
    }
  </dialog>`;
}

/** Escape shuts this, and not the panel beneath. */
function keepFromPage(event: KeyboardEvent): void {
  event.stopPropagation();
}
