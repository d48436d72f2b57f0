/** The start: one tap makes a session. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import { settleStart, startKey } from "../memory/attempts";
import { type Membership, recallMemberships, rememberMembership } from "../memory/membership";
import { recallName, rememberName } from "../memory/preferences";
import { ApiError, type Created, createSession } from "../net/api";
import { pathOf } from "../net/link";
import { browserHint } from "../panels/browser_hint";
import { forgetfulHint } from "../panels/forgetful_hint";
import { icons, mark } from "../panels/icons";
import { languagePicker } from "../panels/preferences";
import { problemNotice } from "../panels/problem";
import { convoy } from "../panels/scene";
import { say } from "../words/strings";

const POINTS = ["start.points.account", "start.points.gone", "start.points.choose"] as const;

/**
 * @param enter - Opens a session that this device is in: one just made, or one that it was in before.
 */
export function startPage(root: HTMLElement, enter: (membership: Membership, isNew: boolean) => Promise<void>): void {
  let isWorking = false;
  let problem: ApiError | null = null;

  async function start(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    problem = null;
    draw();
    try {
      const created = await create();
      const membership: Membership = {
        sessionId: created.session.id,
        name: created.session.name,
        path: pathOf({ code: created.code, watch: false }),
        token: created.token,
        socket: created.socket,
        link: created.link,
        viewerLink: created.viewer_link,
        expiresAt: created.session.expires_at,
      };
      rememberMembership(membership);
      await enter(membership, true);
    } catch (error) {
      problem = error instanceof ApiError ? error : new ApiError("unknown");
      isWorking = false;
      draw();
    }
  }

  /** Makes the session under the name of last time; one that the server does not take must not keep anybody out. */
  async function create(): Promise<Created> {
    const name = recallName();
    try {
      const created = await createSession(name ? { name } : {}, startKey());
      settleStart();
      return created;
    } catch (error) {
      const refusal = error instanceof ApiError ? error : new ApiError("unknown");
      if (!refusal.isPassing) settleStart();
      if (!name || !refusal.isAboutName) throw refusal;
      rememberName("");
      return create();
    }
  }

  function draw(): void {
    render(template(), root);
  }

  function template(): TemplateResult {
    return html`<main class="poster">
      <div class="poster-scene" aria-hidden="true">${convoy()}</div>
      <div class="poster-words">
        <p class="brand">${mark} ${say("product")}</p>
        <h1>${say("start.title")}</h1>
        <p class="lead">${say("start.lead")}</p>
        ${browserHint(draw)} ${forgetfulHint()} ${problem ? problemNotice(problem) : nothing}
        <button class="button is-primary is-huge" ?disabled=${isWorking} @click=${start}>
          ${isWorking ? html`<span class="spinner"></span> ${say("start.working")}` : html`${icons.broadcast} ${say("start.action")}`}
        </button>
        ${recallMemberships(Date.now()).map(
          (membership) => html`<button class="button is-wide" @click=${() => void enter(membership, false)}>
            ${icons.people} ${say("start.back", { name: membership.name })}
          </button>`,
        )}
        <p class="reason">${icons.pin} ${say("start.locationReason")}</p>
        <ul class="points">
          ${POINTS.map((point) => html`<li>${icons.check} ${say(point)}</li>`)}
        </ul>
        <p class="aside">${say("start.haveLink")}</p>
        ${languagePicker(draw)}
      </div>
    </main>`;
  }

  draw();
}
