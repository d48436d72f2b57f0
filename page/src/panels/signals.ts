/** Signals: what a group says most, with one tap. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Signal } from "../model/model";
import { say } from "../words/strings";
import { icons } from "./icons";
import { shutsAfter } from "./shuts_after";
import { tellFate } from "./signal_fate";
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
  const give = (signal: Signal) => {
    void state.talk.signal(signal, state.to);
    view.redraw();
  };
  return html`<section class="signals" aria-label=${say("talk.signals")}>
    ${SIGNALS.map(
      (signal) =>
        html`<button class="signal" data-signal=${signal} @click=${() => give(signal)}>${signalWords(signal)}</button>`,
    )}
  </section>`;
}

/** While riding: the grid alone, and no field to write. */
export function ridingGrid(view: SessionView, close: () => void): TemplateResult {
  return html`<div ${shutsAfter(GRID_SHUTS_MS, close)}>${gridOfSignals(view, close)}</div>
    <button class="button is-wide passenger" @click=${() => view.live.sayPassenger()}>${say("talk.passenger")}</button>`;
}

/**
 * Six large targets.
 *
 * @param done - Called with a tap, after which they go.
 */
export function gridOfSignals(view: SessionView, done: () => void): TemplateResult {
  const press = (signal: Signal) => {
    giveSignal(view, signal);
    done();
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

/** Gives a signal to all where no messages are seen, and tells what becomes of it. */
export function giveSignal(view: SessionView, signal: Signal): void {
  void tellFate(view, signal, talkState(view).talk.signal(signal));
}

/** The two answers that one tap gives to a message. */
export function answers(view: SessionView, message: number, done: () => void): TemplateResult {
  const give = (signal: Signal) => {
    talkState(view).talk.answer(signal, message);
    done();
  };
  return html`${(["seen", "thanks"] as const).map(
    (signal) =>
      html`<button class="button is-small" @click=${() => give(signal)}>${icons.check} ${signalWords(signal)}</button>`,
  )}`;
}
