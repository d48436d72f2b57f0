/** The start: one tap makes a session. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import { ApiError, createSession } from "../api";
import { icons, mark } from "../icons";
import { attemptKey, recallName, rememberMembership, settleAttempt } from "../memory";
import { problemNotice } from "../panels/problem";
import { convoy } from "../panels/scene";
import { strings } from "../strings";

const PURPOSE = "start";

/**
 * @param onStarted - Called with the path of the new session's link once this device is its host.
 * @param notice - Said above the title, for one who came by a link that leads nowhere.
 */
export function startPage(root: HTMLElement, onStarted: (sessionId: string, link: string) => void, notice = ""): void {
  let isWorking = false;
  let problem: ApiError | null = null;

  async function start(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    problem = null;
    draw();
    try {
      const name = recallName();
      const created = await createSession(name ? { name } : {}, attemptKey(PURPOSE));
      settleAttempt(PURPOSE);
      rememberMembership({
        sessionId: created.session.id,
        token: created.token,
        socket: created.socket,
        link: created.link,
        viewerLink: created.viewer_link,
        expiresAt: created.session.expires_at,
      });
      onStarted(created.session.id, created.link);
    } catch (error) {
      problem = error instanceof ApiError ? error : new ApiError("unknown");
      if (!problem.isPassing) settleAttempt(PURPOSE);
      isWorking = false;
      draw();
    }
  }

  function draw(): void {
    render(template(), root);
  }

  function template(): TemplateResult {
    return html`<main class="poster">
      <div class="poster-scene" aria-hidden="true">${convoy()}</div>
      <div class="poster-words">
        <p class="brand">${mark} ${strings.product}</p>
        ${notice ? html`<p class="poster-notice" role="status">${icons.warning} ${notice}</p>` : nothing}
        <h1>${strings.start.title}</h1>
        <p class="lead">${strings.start.lead}</p>
        ${problem ? problemNotice(problem) : nothing}
        <button class="button is-primary is-huge" ?disabled=${isWorking} @click=${start}>
          ${isWorking ? html`<span class="spinner"></span> ${strings.start.working}` : html`${icons.broadcast} ${strings.start.action}`}
        </button>
        <p class="reason">${icons.pin} ${strings.start.locationReason}</p>
        <ul class="points">
          ${strings.start.points.map((point) => html`<li>${icons.check} ${point}</li>`)}
        </ul>
        <p class="aside">${strings.start.haveLink}</p>
      </div>
    </main>`;
  }

  draw();
}
