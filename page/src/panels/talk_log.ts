/** Messages in the order of the session, with one's own unsent ones below, and where each has arrived. */
import { html, nothing, type TemplateResult } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { repeat } from "lit-html/directives/repeat.js";
import type { Message } from "../session/chat";
import { isOutdated } from "../session/outbox";
import type { Failed } from "../session/talk";
import { timeOfDay } from "../words/clock";
import { duration } from "../words/format";
import { linked } from "../words/links";
import { say } from "../words/strings";
import { isAtEnd, keepReading } from "./keep_reading";
import { answers } from "./signals";
import type { TalkState } from "./talk_state";
import { saidIn, signalWords } from "./talk_words";
import type { SessionView } from "./ui";

/** Scrolled so near to the oldest, older ones are asked for. */
const NEAR_TOP_PX = 120;
/** Of those whom a message has not reached yet, the first few are named. */
const MOST_MISSING = 3;
/** What is said of time is looked at again so often. */
const WORDS_LAST_MS = 10_000;

export function messageLog(view: SessionView, state: TalkState): TemplateResult {
  const { talk } = state;
  state.readWhenOpened ??= talk.readTo;
  // What was said before this page knew of it is asked for when somebody looks.
  if (talk.chat.messages.length === 0 && talk.loading === "no" && talk.hasOlder) queueMicrotask(() => talk.loadOlder());
  const isBusy = talk.loading === "yes";
  return html`<div class="log-place">
    <div
      class="log"
      role="log"
      aria-live="off"
      aria-label=${say("talk.messages")}
      aria-busy=${isBusy}
      tabindex="0"
      @scroll=${(event: Event) => scrolled(view, state, event.currentTarget as HTMLElement)}
      ${keepReading(talk.unread.count > 0 ? ".log-new" : null)}
    >
      ${older(state)}
      ${guard([talk.chat, view.live.state?.participants, talk.reports, state.opened, state.link, state.readWhenOpened, Math.floor(view.live.now() / WORDS_LAST_MS)], () => messages(view, state))}
      ${talk.unsent.map((one) => unsentRow(view, one))} ${talk.failed.map((one) => failedRow(state, one))}
    </div>
    ${newBelow(view, state)}
  </div>`;
}

function scrolled(view: SessionView, state: TalkState, list: HTMLElement): void {
  if (list.scrollTop < NEAR_TOP_PX && state.talk.loading === "no") void state.talk.loadOlder();
  if (isAtEnd(list) && state.talk.unread.count > 0) {
    state.talk.markRead();
    view.redraw();
  }
}

/** What came while one reads further up; at the end, what is seen is read. */
function newBelow(view: SessionView, state: TalkState): TemplateResult | typeof nothing {
  const { count } = state.talk.unread;
  if (count === 0) return nothing;
  queueMicrotask(() => {
    const list = document.querySelector(".log");
    if (list && isAtEnd(list) && document.visibilityState === "visible") state.talk.markRead();
  });
  const press = (event: Event) => {
    const list = (event.currentTarget as HTMLElement).closest(".log-place")?.querySelector<HTMLElement>(".log");
    if (list) list.scrollTop = list.scrollHeight;
    state.talk.markRead();
    view.redraw();
    list?.focus({ preventScroll: true });
  };
  return html`<button class="log-below" @click=${press}>${say("talk.new", { count })}</button>`;
}

function older({ talk }: TalkState): TemplateResult | typeof nothing {
  if (talk.loading === "failed") {
    return html`<p class="log-hint">${say("talk.olderFailed")} <button class="button is-small" @click=${() => talk.loadOlder()}>${say("location.tryAgain")}</button></p>`;
  }
  if (talk.loading === "yes")
    return html`<p class="log-hint"><span class="spinner"></span> ${say("talk.olderComing")}</p>`;
  if (talk.hasOlder)
    return html`<p class="log-hint"><button class="button is-small" @click=${() => talk.loadOlder()}>${say("talk.older")}</button></p>`;
  const isEmpty = talk.chat.messages.length === 0 && talk.unsent.length === 0;
  return isEmpty ? html`<p class="log-hint">${say("talk.empty")}</p>` : nothing;
}

function messages(view: SessionView, state: TalkState): unknown {
  const all = state.talk.chat.messages;
  const me = view.live.state?.me;
  const lastOfMine = all.findLast(({ participant, said }) => participant === me && said !== null)?.id;
  const firstNew = all.find(({ id, participant }) => id > (state.readWhenOpened ?? 0) && participant !== me)?.id;
  return repeat(
    all,
    ({ id }) => id,
    (message) => html`${message.id === firstNew ? html`<p class="log-new">${say("talk.newHere")}</p>` : nothing}
      ${row(view, state, message, message.id === lastOfMine)}`,
  );
}

function row(view: SessionView, state: TalkState, message: Message, isLastOfMine: boolean): TemplateResult {
  const { talk } = state;
  const isMine = message.participant === view.live.state?.me;
  const isOpen = state.opened === message.id && message.said !== null;
  const toggle = () => {
    state.opened = isOpen ? null : message.id;
    view.redraw();
  };
  const name = isMine ? say("people.you") : (talk.nameOf(message.participant) ?? say("session.someone"));
  return html`<article class="message ${isMine ? "is-mine" : ""} ${isOpen ? "is-open" : ""}" data-message=${message.id}>
    <button class="message-head" aria-expanded=${isOpen} ?disabled=${message.said === null} @click=${toggle}>
      <b dir="auto">${name}</b> ${to(message)} <time>${times(message)}</time>
    </button>
    ${quoted(state, message)} ${body(view, state, message)} ${leading(view, state, message)}
    ${isMine && (isLastOfMine || isOpen) && message.said !== null ? reach(state, message.id) : nothing}
    ${isOpen ? actions(view, state, message, isMine) : nothing}
  </article>`;
}

function to({ said }: Message): TemplateResult | typeof nothing {
  return said === null || said.to === "all" ? nothing : html`<span class="tag">${say(`talk.to.${said.to}`)}</span>`;
}

/** A text that waited long for a network has two times: when it was written, and when it went out. */
function times({ at, said }: Message): string {
  const sent = timeOfDay(at);
  if (said === null || said.writtenAt === null) return sent;
  return say("talk.writtenAndSent", { written: timeOfDay(said.writtenAt), sent });
}

function quoted({ talk }: TalkState, { said }: Message): TemplateResult | typeof nothing {
  if (said === null || said.replyTo === null) return nothing;
  const answered = talk.find(said.replyTo);
  if (!answered) return html`<p class="message-quote">${say("talk.earlier")}</p>`;
  const name = talk.nameOf(answered.participant) ?? say("session.someone");
  return html`<p class="message-quote"><b dir="auto">${name}</b> <span dir="auto">${saidIn(answered)}</span></p>`;
}

function body(view: SessionView, state: TalkState, { id, said }: Message): TemplateResult {
  if (said === null) return html`<p class="message-removed">${say("talk.removed")}</p>`;
  return html`${said.signal === null ? nothing : html`<p class="message-signal">${signalWords(said.signal)}</p>`}
  ${said.text === null ? nothing : html`<p class="message-text" dir="auto">${textWithLinks(view, state, id, said.text)}</p>`}`;
}

function textWithLinks(view: SessionView, state: TalkState, message: number, text: string): unknown[] {
  return linked(text).map((part) => {
    if (typeof part === "string") return part;
    const press = (event: Event) => {
      event.preventDefault();
      state.link = { message, href: part.href, host: part.host };
      view.redraw();
    };
    return html`<a href=${part.href} target="_blank" rel="noopener noreferrer" @click=${press}
      ><bdi>${part.text}</bdi> <small>(${part.host})</small></a
    >`;
  });
}

/** Where an address leads is said before it is followed. */
function leading(view: SessionView, state: TalkState, message: Message): TemplateResult | typeof nothing {
  const { link } = state;
  if (link?.message !== message.id) return nothing;
  const close = () => {
    state.link = null;
    view.redraw();
  };
  return html`<div class="message-link" role="group" aria-label=${say("talk.linkTitle", { host: link.host })}>
    <p><b>${say("talk.linkTitle", { host: link.host })}</b> ${say("talk.linkText")}</p>
    <a class="button is-small is-primary" href=${link.href} target="_blank" rel="noopener noreferrer" @click=${close}>${say("talk.linkOpen")}</a>
    <button class="button is-small" @click=${close}>${say("people.cancel")}</button>
  </div>`;
}

function reach(state: TalkState, id: number): TemplateResult | typeof nothing {
  const reached = state.talk.reachOf(id);
  if (!reached || reached.of === 0) return nothing;
  const { on, of, missing } = reached;
  const names = missing
    .slice(0, MOST_MISSING)
    .map(({ name, silentFor }) =>
      silentFor === null ? name : say("talk.silent", { name, length: duration(silentFor) }),
    );
  const more = missing.length - names.length;
  const rest = more > 0 ? [say("talk.andMore", { count: more })] : [];
  const notYet = missing.length > 0 ? say("talk.notYet", { names: [...names, ...rest].join(", ") }) : "";
  return html`<p class="message-state">${say("talk.reached", { on, count: of })} ${notYet}</p>`;
}

function actions(view: SessionView, state: TalkState, message: Message, isMine: boolean): TemplateResult {
  const close = () => {
    state.opened = null;
    view.redraw();
  };
  const reply = () => {
    state.replyTo = message.id;
    close();
    document.getElementById("talk-text")?.focus();
  };
  const { me } = view.live;
  const mayRemove = me !== null && me.role !== "viewer" && (isMine || me.role === "host");
  return html`<div class="message-actions">
    ${isMine || me?.role === "viewer" ? nothing : answers(view, message.id, close)}
    ${state.talk.mayWrite ? html`<button class="button is-small" @click=${reply}>${say("talk.reply")}</button>` : nothing}
    ${mayRemove ? html`<button class="button is-small is-danger" @click=${() => remove(view, state, message)}>${say("talk.remove")}</button>` : nothing}
  </div>`;
}

function remove(view: SessionView, state: TalkState, message: Message): void {
  state.opened = null;
  const act = () => view.attempt(() => view.live.ask("chat:remove", { message: message.id }));
  view.soon(say("talk.removed"), act);
}

function unsentRow(view: SessionView, one: TalkState["talk"]["unsent"][number]): TemplateResult {
  const { writtenAt } = one;
  const isOld = isOutdated(one, view.live.now());
  const isLive = view.live.link === "live";
  const time = writtenAt === null ? "" : timeOfDay(writtenAt);
  const truth = isLive
    ? say("talk.sending")
    : isOld
      ? say("talk.notSent", { why: say("talk.tooOld") })
      : say("talk.waiting", { time });
  return html`<article class="message is-mine is-unsent">
    ${ownWords(one)}
    <p class="message-state">${truth}</p>
  </article>`;
}

function failedRow(state: TalkState, one: Failed): TemplateResult {
  const edit = () => {
    if (one.text !== null) state.putBack(one.text);
    state.talk.drop(one.opId);
    document.getElementById("talk-text")?.focus();
  };
  const reasons: Readonly<Record<string, string>> = {
    outdated: say("talk.tooOld"),
    forbidden: say("talk.leadersWrite"),
    too_many_requests: say("talk.tooMany"),
  };
  return html`<article class="message is-mine is-failed">
    ${ownWords(one)}
    <p class="message-state">${say("talk.notSent", { why: reasons[one.reason] ?? say("talk.refused") })}</p>
    <div class="message-actions">
      ${one.text === null ? nothing : html`<button class="button is-small" @click=${edit}>${say("talk.edit")}</button>`}
      <button class="button is-small" @click=${() => state.talk.drop(one.opId)}>${say("session.understood")}</button>
    </div>
  </article>`;
}

function ownWords({ text, signal }: { readonly text: string | null; readonly signal: string | null }): TemplateResult {
  return html`${signal === null ? nothing : html`<p class="message-signal">${signalWords(signal)}</p>`}
  ${text === null ? nothing : html`<p class="message-text" dir="auto">${text}</p>`}`;
}
