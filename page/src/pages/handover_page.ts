/** Goes on here as who one is in the app, once the person at this screen says so: a link may come from anybody. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import { inTurn } from "../memory/exclusive";
import { recallMembership, rememberMembership } from "../memory/membership";
import type { Participant, Session } from "../model/model";
import { ApiError, readSession } from "../net/api";
import { type Link, pathOf } from "../net/link";
import { icons, mark } from "../panels/icons";
import { problemNotice } from "../panels/problem";
import { convoy } from "../panels/scene";
import { say } from "../words/strings";

export interface HandoverOutcome {
  /** Called once this device is in. */
  onTaken(): Promise<void>;
  /** The token opens nothing, or the person is somebody else. */
  onSomebodyElse(): void;
}

interface Place {
  readonly session: Session;
  readonly me: Participant;
}

export function handoverPage(root: HTMLElement, link: Link, token: string, outcome: HandoverOutcome): void {
  let place: Place | null = null;
  let problem: ApiError | null = null;

  async function look(): Promise<void> {
    problem = null;
    draw();
    try {
      const { me, snapshot } = await readSession(link.sessionId, token);
      const participant = snapshot.participants.find(({ id }) => id === me);
      if (participant) place = { session: snapshot.session, me: participant };
    } catch (error) {
      if (error instanceof ApiError && error.isPassing) problem = error;
    }
    if (place || problem) draw();
    else outcome.onSomebodyElse();
  }

  async function goOn({ session, me }: Place): Promise<void> {
    await inTurn(`cavalcade.join.${link.sessionId}`, async () => {
      if (recallMembership(link.sessionId)) return; // another tab was faster
      rememberMembership({
        sessionId: session.id,
        name: session.name,
        path: pathOf(link),
        token,
        socket: `${location.origin.replace(/^http/, "ws")}/socket`,
        ...(me.role !== "viewer" && { link: `${location.origin}/j#${link.code}`, isLocatedByApp: true }),
        expiresAt: session.expires_at,
      });
    });
    await outcome.onTaken();
  }

  function draw(): void {
    render(
      html`<main class="poster is-handover">
        <div class="poster-scene" aria-hidden="true">${convoy()}</div>
        <div class="poster-words">
          <p class="brand">${mark} ${say("product")}</p>
          ${place ? question(place) : html`<h1 class="visually-hidden">${say("product")}</h1>`}
          ${place || problem ? nothing : html`<p class="lead" role="status"><span class="spinner"></span> ${say("join.looking")}</p>`}
          ${problem ? problemNotice(problem, look) : nothing}
        </div>
      </main>`,
      root,
    );
  }

  function question(found: Place): TemplateResult {
    return html`<p class="eyebrow" dir="auto">${found.session.name}</p>
      <h1>${say("handover.question", { name: found.me.name })}</h1>
      <p class="lead">${say("handover.hint")}</p>
      <button class="button is-primary is-huge" @click=${() => goOn(found)}>
        ${icons.people} ${say("handover.yes", { name: found.me.name })}
      </button>
      <button class="button is-plain" @click=${() => outcome.onSomebodyElse()}>${say("handover.no")}</button>`;
  }

  void look();
}
