/** Signals: what a group says most, with one tap. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Signal } from "../model/model";
import { say } from "../words/strings";
import { icons } from "./icons";
import { type TalkState, type To, talkState } from "./talk_state";
import { signalWords } from "./talk_words";
import type { SessionView } from "./ui";

/** The six that can be given at any time; "seen" and "thanks" only answer a message. */
const SIGNALS = ["wait_for_me", "next_stop", "fuel", "break", "go_on", "all_good"] as const satisfies readonly Signal[];
const GRID_SHUTS_MS = 8_000;

/** Whom messages can concern now, besides everyone. */
export function posts(view: SessionView): To[] {
  const held = [...(view.live.state?.participants.values() ?? [])].map(({ features }) => features?.post?.post);
  return (["lead", "sweep"] as const).filter((post) => held.includes(post));
}

/** Signals in a row, while one stands. */
export function signalRow(view: SessionView, state: TalkState): TemplateResult {
  return html`<section class="signals" aria-label=${say("talk.signals")}>
    ${SIGNALS.map(
      (signal) =>
        html`<button class="signal" data-signal=${signal} @click=${() => give(view, signal, state.to)}>${signalWords(signal)}</button>`,
    )}
  </section>`;
}

/** While riding: the grid alone, and no field to write. */
export function ridingGrid(view: SessionView, close: () => void): TemplateResult {
  return html`${gridOfSignals(view, close)}
    <button class="button is-wide passenger" @click=${() => view.live.sayPassenger()}>${say("talk.passenger")}</button>`;
}

let shutting: ReturnType<typeof setTimeout> | null = null;

/** Six large targets, which go after one tap or eight seconds. */
export function gridOfSignals(view: SessionView, close: () => void): TemplateResult {
  const shut = () => {
    if (shutting !== null) clearTimeout(shutting);
    shutting = null;
    close();
  };
  shutting ??= setTimeout(() => {
    // It may have been closed, or the ride be over, by now.
    const isStillThere = document.querySelector(".signal-grid") !== null;
    shutting = null;
    if (isStillThere) close();
  }, GRID_SHUTS_MS);
  const press = (signal: Signal) => {
    give(view, signal, "all");
    shut();
  };
  return html`<div class="signal-grid" role="group" aria-label=${say("talk.signals")}>
    ${SIGNALS.map(
      (signal) =>
        html`<button class="signal is-large" data-signal=${signal} @click=${() => press(signal)}>${signalWords(signal)}</button>`,
    )}
  </div>`;
}

/** To whom signals and texts go, where somebody leads or sweeps. */
export function addressees(view: SessionView, state: TalkState): TemplateResult | typeof nothing {
  const choices: To[] = ["all", ...posts(view)];
  if (!choices.includes(state.to)) state.to = "all";
  if (choices.length === 1) return nothing;
  const choose = (to: To) => {
    state.to = to;
    view.redraw();
  };
  return html`<fieldset class="addressees">
    <legend class="visually-hidden">${say("talk.to")}</legend>
    ${choices.map(
      (to) =>
        html`<label
          ><input type="radio" name="talk-to" value=${to} .checked=${state.to === to} @change=${() => choose(to)} /><span
            >${say(`talk.to.${to}`)}</span
          ></label
        >`,
    )}
  </fieldset>`;
}

function give(view: SessionView, signal: Signal, to: To): void {
  const { talk } = talkState(view);
  talk.signal(signal, to);
  view.speak(say("talk.signalGiven", { signal: signalWords(signal) }), "answer");
  view.redraw();
}

/** The two answers that one tap gives to a message. */
export function answers(view: SessionView, message: number, done: () => void): TemplateResult {
  const give = (signal: Signal) => {
    talkState(view).talk.signal(signal, "all", message);
    done();
  };
  return html`${(["seen", "thanks"] as const).map(
    (signal) =>
      html`<button class="button is-small" @click=${() => give(signal)}>${icons.check} ${signalWords(signal)}</button>`,
  )}`;
}
