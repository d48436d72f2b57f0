/** What an opened link shows first: where it leads, a name if one likes, and one tap to be on the map. */
import { html, nothing, render, type TemplateResult } from "lit-html";
import { addressForApp, systemsWithApp } from "../device/phone_app";
import { joinAttempt, refusedJoin } from "../memory/attempts";
import { inTurn } from "../memory/exclusive";
import { recallMembership, rememberMembership } from "../memory/membership";
import { recallName, rememberName } from "../memory/preferences";
import { ApiError, type Joined, joinSession, type Preview, previewSession } from "../net/api";
import { type Link, pathOf } from "../net/link";
import { browserHint } from "../panels/browser_hint";
import { forgetfulHint } from "../panels/forgetful_hint";
import { icons, mark } from "../panels/icons";
import { languagePicker } from "../panels/preferences";
import { problemNotice } from "../panels/problem";
import { convoy } from "../panels/scene";
import { duration } from "../words/format";
import { say } from "../words/strings";

export interface JoinOutcome {
  /** Called once this device is in, with whether it wants to share its location. */
  onJoined(startSharing: boolean): Promise<void>;
  /** The link leads nowhere, or nobody else can come in. */
  onEnding(ending: "gone" | "full"): void;
}

export function joinPage(root: HTMLElement, link: Link, outcome: JoinOutcome): void {
  let preview: Preview | null = null;
  let problem: ApiError | null = null;
  let isWorking = false;
  let name = recallName();
  const inApp = addressForApp(navigator.userAgent, systemsWithApp(), location.origin, link);

  async function look(): Promise<void> {
    problem = null;
    draw();
    try {
      preview = await previewSession(link.sessionId, link.code);
    } catch (error) {
      if (!ended(error)) problem = asProblem(error);
    }
    draw();
  }

  async function join(startSharing: boolean): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    problem = null;
    draw();
    try {
      // The link may be open in two tabs: a person who is in already does not join again. Storage may not say so yet in
      // this tab; then it asks what the other one asked, and becomes the same participant.
      await inTurn(`cavalcade.join.${link.sessionId}`, async () => {
        if (!recallMembership(link.sessionId)) await enter();
      });
      await outcome.onJoined(startSharing);
    } catch (error) {
      isWorking = false;
      const refusal = asProblem(error);
      if (ended(error)) return;
      problem = refusal;
      draw();
    }
  }

  /** Becomes a participant, or the one that another tab became. */
  async function enter(): Promise<void> {
    const role = link.watch ? "viewer" : "member";
    const attempt = await joinAttempt(link.sessionId, role, name);
    let joined: Joined;
    try {
      joined = await joinSession(link.sessionId, link.code, attempt.name, attempt.key);
    } catch (error) {
      if (!asProblem(error).isPassing) await refusedJoin(link.sessionId, role);
      throw error;
    }
    rememberName(attempt.name);
    rememberMembership({
      sessionId: joined.session.id,
      name: joined.session.name,
      path: pathOf(link),
      token: joined.token,
      socket: joined.socket,
      ...(joined.participant.role !== "viewer" && { link: `${location.origin}/j#${link.code}` }),
      expiresAt: joined.session.expires_at,
    });
  }

  function ended(error: unknown): boolean {
    if (!(error instanceof ApiError)) return false;
    if (error.code === "session_not_found") outcome.onEnding("gone");
    else if (error.code === "session_full") outcome.onEnding("full");
    else return false;
    return true;
  }

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void join(!link.watch);
  }

  function draw(): void {
    render(template(), root);
  }

  function template(): TemplateResult {
    return html`<main class="poster is-join">
      <div class="poster-scene" aria-hidden="true">${convoy()}</div>
      <div class="poster-words">
        <p class="brand">${mark} ${say("product")}</p>
        ${preview ? invitation(preview) : html`<h1 class="visually-hidden">${say("product")}</h1>`}
        ${browserHint(draw)} ${forgetfulHint()} ${preview || problem ? nothing : looking()}
        ${problem ? problemNotice(problem, preview ? null : look) : nothing}
        ${preview ? form() : nothing} ${languagePicker(draw)}
      </div>
    </main>`;
  }

  function looking(): TemplateResult {
    return html`<p class="lead" role="status"><span class="spinner"></span> ${say("join.looking")}</p>`;
  }

  function invitation(found: Preview): TemplateResult {
    const left = duration(found.session.expires_at - Date.now());
    return html`<p class="eyebrow">${link.watch ? say("join.watching") : say("join.invited")}</p>
      <h1 dir="auto">${found.session.name}</h1>
      <p class="facts">
        <span>${icons.people} ${found.participants ? say("join.here", { count: found.participants }) : say("join.nobody")}</span>
        <span>${icons.clock} ${say("join.endsIn", { length: left })}</span>
      </p>`;
  }

  function form(): TemplateResult {
    return html`<form class="join-form" @submit=${submit}>
      <label for="name">${say("join.nameLabel")}</label>
      <input
        id="name"
        name="name"
        dir="auto"
        maxlength="48"
        autocomplete="nickname"
        autocapitalize="words"
        enterkeyhint="go"
        aria-describedby="name-hint"
        .value=${name}
        @input=${(event: InputEvent) => {
          name = (event.target as HTMLInputElement).value.trim();
        }}
      />
      <p id="name-hint" class="hint">${say("join.nameHint")}</p>
      <button class="button is-primary is-huge" ?disabled=${isWorking}>
        ${
          isWorking
            ? html`<span class="spinner"></span> ${say("join.working")}`
            : link.watch
              ? html`${icons.eye} ${say("join.watchAction")}`
              : html`${icons.broadcast} ${say("join.action")}`
        }
      </button>
      <p class="reason">${link.watch ? icons.eye : icons.pin} ${link.watch ? say("join.watchReason") : say("join.locationReason")}</p>
      ${
        link.watch
          ? nothing
          : html`<button type="button" class="button is-plain" ?disabled=${isWorking} @click=${() => join(false)}>${say("join.quiet")}</button>`
      }
      ${inApp ? html`<a class="button is-plain" href=${inApp}>${say("join.inApp")}</a>` : nothing}
    </form>`;
  }

  void look();
}

function asProblem(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError("unknown");
}
