/** Where one writes: at most 500 characters in 5 lines, as the server takes them. */
import { html, nothing, type TemplateResult } from "lit-html";
import { live as bound } from "lit-html/directives/live.js";
import { say } from "../words/strings";
import { icons } from "./icons";
import type { TalkState } from "./talk_state";
import { saidIn } from "./talk_words";
import type { SessionView } from "./ui";

const LONGEST = 500;
const MOST_LINES = 5;
/** The counter appears when so few are left. */
const NEAR = 60;

export function composer(view: SessionView, state: TalkState): TemplateResult {
  if (!state.talk.mayWrite) return html`<p class="hint">${say("talk.leadersWrite")}</p>`;
  const write = (event: InputEvent) => {
    state.draft = (event.target as HTMLTextAreaElement).value;
    state.error = "";
    view.redraw();
  };
  const send = (event: Event) => {
    event.preventDefault();
    sendDraft(view, state);
    document.getElementById("talk-text")?.focus();
  };
  const press = (event: KeyboardEvent) => {
    // With a keyboard of its own, Enter sends; on a phone it begins a line, and the button sends.
    const isEnter = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (isEnter && matchMedia("(pointer: fine)").matches) send(event);
  };
  const left = LONGEST - lengthOf(state.draft);
  return html`<form class="composer" @submit=${send}>
    ${replied(view, state)}
    ${state.error ? html`<p id="talk-error" class="composer-error" role="alert">${state.error}</p>` : nothing}
    <textarea
      id="talk-text"
      rows=${Math.min(MOST_LINES, state.draft.split("\n").length)}
      dir="auto"
      enterkeyhint="enter"
      aria-label=${say("talk.write")}
      placeholder=${say("talk.write")}
      aria-invalid=${state.error !== ""}
      aria-describedby=${state.error ? "talk-error" : nothing}
      .value=${bound(state.draft)}
      @input=${write}
      @keydown=${press}
    ></textarea>
    <button class="composer-send" aria-label=${say("talk.send")}>${icons.arrow}</button>
    ${left <= NEAR ? html`<p class="composer-left" aria-live="polite">${say("talk.left", { count: left })}</p>` : nothing}
  </form>`;
}

function replied(view: SessionView, state: TalkState): TemplateResult | typeof nothing {
  const message = state.replyTo === null ? undefined : state.talk.find(state.replyTo);
  if (!message) return nothing;
  const stop = () => {
    state.replyTo = null;
    view.redraw();
  };
  const name = state.talk.nameOf(message.participant) ?? say("session.someone");
  return html`<p class="composer-reply">
    <span><b dir="auto">${name}</b> <span dir="auto">${saidIn(message)}</span></span>
    <button type="button" class="icon-button" aria-label=${say("talk.noReply")} @click=${stop}>${icons.close}</button>
  </p>`;
}

function sendDraft(view: SessionView, state: TalkState): void {
  const text = state.draft.trim();
  state.error = wrong(text);
  if (text !== "" && state.error === "") {
    void state.talk.send({
      text,
      ...(state.to !== "all" && { to: state.to }),
      ...(state.replyTo !== null && { reply_to: state.replyTo }),
    });
    state.draft = "";
    state.replyTo = null;
  }
  view.redraw();
}

/** Why the server would refuse a text, in plain words; it stays in the field. */
function wrong(text: string): string {
  const over = lengthOf(text) - LONGEST;
  if (over > 0) return say("talk.tooLong", { count: over });
  if (text.split("\n").length > MOST_LINES) return say("talk.tooManyLines");
  return "";
}

/** In characters as the server counts them: a pair of surrogates is one. */
function lengthOf(text: string): number {
  return [...text].length;
}
