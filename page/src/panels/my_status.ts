/** What is up with me: six targets for gloves. One tap says it, another takes it back. */
import { html, type TemplateResult } from "lit-html";
import type { Status } from "../model/model";
import { say } from "../words/strings";
import { icons } from "./icons";
import { STATUSES, statusIcon } from "./statuses";
import type { SessionView } from "./ui";

/** What was tapped, until the server has it: without a network it waits. */
let wanted: { readonly status: Status | null } | null = null;

/** @param done - Called with a tap: where the choice lies over something else, it may go. */
export function myStatus(view: SessionView, done: () => void = () => undefined): TemplateResult {
  const current = view.live.me?.features?.status?.status ?? null;
  const shown = wanted ? wanted.status : current;
  const press = (status: Status) => {
    const mine = { status: status === shown ? null : status };
    wanted = mine;
    const settled = () => {
      if (wanted === mine) wanted = null;
      view.redraw();
    };
    // Without a status the server takes it back.
    const fields = mine.status === null ? {} : { status: mine.status };
    view.attempt(() => view.live.ask("status:set", fields).finally(settled));
    view.redraw();
    done();
  };
  return html`<section class="my-status" aria-label=${say("status.mine")}>
    ${STATUSES.map(
      (status) => html`<button
        class="tile status-button ${wanted?.status === status ? "is-waiting" : ""}"
        data-status=${status}
        aria-pressed=${shown === status}
        @click=${() => press(status)}
      >
        ${icons[statusIcon(status)]}<span>${say(`status.${status}`)}</span>
      </button>`,
    )}
  </section>`;
}
