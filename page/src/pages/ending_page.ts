/** The last word on a session: why there is no map any more, and what one can do now. */
import { html, nothing, render } from "lit-html";
import { icons, mark } from "../panels/icons";
import { convoy } from "../panels/scene";
import type { Ending } from "../session/live_session";
import { say } from "../words/strings";

export interface EndingActions {
  startNew(): void;
  /** Absent where the link certainly leads nowhere. */
  joinAgain?(): void;
}

/** Beside the ends of sessions, what an address may lead to that is no invitation. */
export type DeadEnd = Ending | "incomplete" | "notFound";

export function endingPage(root: HTMLElement, ending: DeadEnd, actions: EndingActions): void {
  render(
    html`<main class="poster is-ending" data-ending=${ending}>
      <div class="poster-scene is-empty" aria-hidden="true">${convoy()}</div>
      <div class="poster-words">
        <p class="brand">${mark} ${say("product")}</p>
        <div role="alert">
          <h1 tabindex="-1">${say(`ending.${ending}Title`)}</h1>
          <p class="lead">${say(`ending.${ending}`)}</p>
        </div>
        ${
          actions.joinAgain
            ? html`<button class="button is-huge" @click=${actions.joinAgain}>${icons.people} ${say("ending.joinAgain")}</button>`
            : nothing
        }
        <button class="button is-primary is-huge" @click=${actions.startNew}>${icons.broadcast} ${say("ending.startNew")}</button>
      </div>
    </main>`,
    root,
  );
  root.querySelector("h1")?.focus();
}
