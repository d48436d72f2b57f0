/** Talk: one's status, signals, messages and a field to write; while riding, six signals alone. Loads when it is first wanted. */
import "../style/talk.css";
import { html, nothing, type TemplateResult } from "lit-html";
import { say } from "../words/strings";
import { chatSettings } from "./chat_settings";
import { myStatus } from "./my_status";
import { callToNextStop, mayCall } from "./regroup";
import { addressees, ridingGrid, signalRow } from "./signals";

export { giveSignal, gridOfSignals } from "./signals";

import { composer } from "./talk_composer";
import { messageLog } from "./talk_log";
import { type TalkState, talkState } from "./talk_state";
import type { SessionView } from "./ui";

export function talkPanel(view: SessionView): TemplateResult {
  if (!view.live.state) return html`<div class="skeleton" aria-hidden="true"></div>`;
  const state = talkState(view);
  const { talk } = state;
  if (!talk.mayRead) return html`<p class="lead">${say("talk.viewer")}</p>`;
  if (view.live.isRiding && !view.live.isPassenger) return ridingGrid(view, () => view.openPanel(null));
  const isMember = view.live.me?.role !== "viewer";
  return html`<div class="talk">
    ${isMember ? html`${more(view, state)}${signalRow(view, state)}` : nothing}
    ${messageLog(view, state)}
    ${isMember ? html`${addressees(view, state)}${composer(view, state)}` : html`<p class="hint">${say("talk.viewerReads")}</p>`}
    <p class="visually-hidden" role="status">${state.announcement}</p>
  </div>`;
}

/** My status, and for a host what is settled about the chat: one of them at a time, above the messages. */
function more(view: SessionView, state: TalkState): TemplateResult {
  const opener = (what: "status" | "settings", label: string) => {
    const toggle = () => {
      state.more = state.more === what ? null : what;
      view.redraw();
    };
    return html`<button class="button is-small" aria-expanded=${state.more === what} @click=${toggle}>${label}</button>`;
  };
  const close = () => {
    state.more = null;
  };
  const isHost = view.live.me?.role === "host";
  return html`<div class="talk-more">
      ${opener("status", say("status.mine"))} ${nextStop(view)} ${isHost ? opener("settings", say("talk.settings")) : nothing}
    </div>
    ${state.more === "status" ? myStatus(view, close) : nothing}
    ${state.more === "settings" && isHost ? chatSettings(view, state.talk) : nothing}`;
}

/** Who leads calls the group together from here too. */
function nextStop(view: SessionView): TemplateResult | typeof nothing {
  const isCalled = (view.live.state?.features.regroup?.by ?? null) !== null;
  if (isCalled || !mayCall(view.live.me)) return nothing;
  return html`<button class="button is-small" data-action="next-stop" @click=${() => callToNextStop(view)}>
    ${say("regroup.nextStop")}
  </button>`;
}

/** How many messages wait to be read. */
export function unreadIn(view: SessionView): number {
  if (!view.live.state) return 0;
  const state = talkState(view);
  if (view.panel !== "talk") state.readWhenOpened = null;
  return state.talk.unread.count;
}
