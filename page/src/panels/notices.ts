/** What must be said plainly over the map, one thing at a time: a lost connection, no location, little time left. */
import { html, nothing, type TemplateResult } from "lit-html";
import { keyed } from "lit-html/directives/keyed.js";
import { canKeepAwake } from "../device/wake_lock";
import { isNoted, note } from "../memory/preferences";
import { isForgetful } from "../memory/storage";
import { nameIn } from "../session/names";
import { WARNINGS_MS } from "../session/news";
import { awayFor, proposedPost } from "../session/posts";
import { duration } from "../words/format";
import { say } from "../words/strings";
import { icons } from "./icons";
import type { Notice } from "./notice_slot";
import { setPost } from "./person_actions";
import { postIcon } from "./statuses";
import type { SessionView } from "./ui";

const [SOON_MS, VERY_SOON_MS] = WARNINGS_MS;
const HOUR_S = 3_600;
/** Shorter interruptions are mended before anyone could read about them. */
const WORTH_SAYING_MS = 1_200;
const KEEP_OPEN = "keep-open";

/** What follows from the state; within a level the first comes first. */
const SOURCES: readonly ((view: SessionView) => Notice | null)[] = [
  connection,
  whereabouts,
  timeAsked,
  timeLeft,
  gonePost,
  (view) => view.regroupStrip(),
  wasAway,
  forgetful,
  keepOpen,
  alone,
];

/** The notices that stand as long as they are true, and until the reader puts them away. */
export function standingNotices(view: SessionView): Notice[] {
  return SOURCES.map((source) => source(view)).filter(
    (notice) => notice !== null && !view.isShut(notice.name),
  ) as Notice[];
}

/** What the slot can be asked for. */
export interface SlotView {
  readonly shown: Notice | null;
  readonly more: number;
  readonly isOpen: boolean;
  open(isOpen: boolean): void;
  next(): void;
  shut(notice: Notice): void;
}

/** The one place for notices. It keeps its height when it is empty, so that nothing moves as they come and go. */
export function noticeSlot(slot: SlotView): TemplateResult {
  return html`<div class="notices">${slot.shown ? keyed(slot.shown.name, card(slot, slot.shown)) : nothing}</div>`;
}

function card(slot: SlotView, notice: Notice): TemplateResult {
  const { title, help, icon, action, shutLabel } = notice;
  const isOpen = slot.isOpen;
  const words = html`<b>${title}</b>${help ? html` ${help}` : nothing}`;
  // An answer to a tap goes by itself, and its way back must be one tap away.
  const canOpen = notice.level !== "answer" && (help !== undefined || action !== undefined || shutLabel !== null);
  const shut =
    shutLabel === null
      ? nothing
      : html`<button class="button is-small" @click=${() => slot.shut(notice)}>${say(shutLabel ?? "session.close")}</button>`;
  const act = action
    ? html`<button class="button is-small is-primary" @click=${() => action.press()}>${action.label}</button>`
    : nothing;
  return html`<section
    class="notice is-${notice.level} ${isOpen ? "is-open" : ""}"
    data-notice=${notice.name.split("-")[0]}
    role=${notice.name === "failure" ? "alert" : nothing}
    aria-label=${title}
  >
    ${icon === "spinner" ? html`<span class="spinner"></span>` : icons[icon ?? "warning"]}
    ${
      canOpen
        ? html`<button class="notice-words" aria-expanded=${isOpen} @click=${() => slot.open(!isOpen)}><span>${words}</span></button>`
        : html`<p class="notice-words"><span>${words}</span></p>`
    }
    ${isOpen ? nothing : html`<span class="notice-first">${action ? act : shut}</span>`}
    ${slot.more > 0 ? more(slot, canOpen && !isOpen) : nothing}
    ${isOpen ? html`<div class="notice-actions">${act} ${shut}</div>` : nothing}
  </section>`;
}

/**
 * How many notices wait behind this one.
 *
 * @param isShut - The way to them is in the open notice: the map's screen has few controls.
 */
function more(slot: SlotView, isShut: boolean): TemplateResult {
  if (isShut) return html`<span class="notice-more" @click=${() => slot.open(true)}>+${slot.more}</span>`;
  const label = say("notice.more", { count: slot.more });
  return html`<button class="notice-more" aria-label=${label} @click=${() => slot.next()}>+${slot.more}</button>`;
}

/** Whether the connection has been away for long enough to say so. */
export function isLost(view: SessionView): boolean {
  const { lostSince } = view.live;
  return lostSince !== null && performance.now() - lostSince >= WORTH_SAYING_MS;
}

function connection(view: SessionView): Notice | null {
  const { live } = view;
  if (live.link === "connecting" && !live.state) {
    return {
      name: "connecting",
      level: "forYou",
      title: say("connection.connecting"),
      icon: "spinner",
      shutLabel: null,
    };
  }
  if (live.lostSince === null || !isLost(view)) return null;
  const help = say("connection.lostHint", { length: duration(performance.now() - live.lostSince) });
  return { name: "lost", level: "forYou", title: say("connection.lost"), help, icon: "spinner", shutLabel: null };
}

function whereabouts(view: SessionView): Notice | null {
  if (!view.live.isSharing) return null;
  const reason = view.live.locationState;
  if (reason === "off" || reason === "asking" || reason === "on") return null;
  const canRetry = reason === "refused" || reason === "unavailable";
  return {
    name: "location",
    level: "forYou",
    title: say(`location.${reason}Title`),
    help: say(`location.${reason}Help`),
    shutLabel: "location.dismiss",
    ...(canRetry && { action: { label: say("location.tryAgain"), press: () => view.live.retryLocation() } }),
  };
}

function timeAsked(view: SessionView): Notice | null {
  const { state, me } = view.live;
  const asker = state?.session.time_asked_by ?? null;
  if (!state || asker === null || me?.role !== "host" || asker === me.id) return null;
  const name = nameIn(state, asker);
  return {
    name: `asked-${state.session.expires_at}`,
    level: "forYou",
    title: say("session.timeAsked", { name }),
    icon: "clock",
    action: moreTime(view),
    shutLabel: "session.later",
  };
}

function timeLeft(view: SessionView): Notice | null {
  const { state, me } = view.live;
  if (!state || !me) return null;
  const left = state.session.expires_at - view.live.now();
  if (left > SOON_MS) return null;
  const isLate = left <= VERY_SOON_MS;
  const isAsked = (state.session.time_asked_by ?? null) !== null;
  const ask = { label: say("session.askTime"), press: () => view.attempt(() => view.live.ask("time:ask", {})) };
  return {
    name: isLate ? "time-late" : "time-soon",
    level: isLate ? "forYou" : "advice",
    title: say("session.timeLow", { length: duration(left) }),
    icon: "clock",
    shutLabel: "session.later",
    ...(isAsked && { help: say("session.timeIsAsked") }),
    ...(me.role === "host" ? { action: moreTime(view) } : !isAsked && { action: ask }),
  };
}

function moreTime(view: SessionView): NonNullable<Notice["action"]> {
  const press = () => view.attempt(() => view.live.ask("session:set", { extend_s: HOUR_S }));
  return { label: say("session.moreHour"), press };
}

/** Who leads or sweeps, and has not been here for ten minutes: somebody else may do it. */
function gonePost(view: SessionView): Notice | null {
  const { state, me } = view.live;
  const now = view.live.now();
  const proposed = state && proposedPost(state, now);
  if (!state || !me || !proposed) return null;
  const { post, gone } = proposed;
  const words = { name: gone.name, length: duration(awayFor(state, gone.id, now)) };
  const take = { kind: "take", post, participant: me.id, instead_of: gone.id } as const;
  return {
    name: `post-${post}-${gone.id}`,
    level: me.role === "host" ? "forYou" : "advice",
    title: say(post === "lead" ? "posts.goneLead" : "posts.goneSweep", words),
    icon: postIcon(post),
    action: {
      label: say(post === "lead" ? "posts.takeLead" : "posts.takeSweep"),
      press: () => setPost(view, take, me),
    },
    shutLabel: "session.later",
  };
}

function wasAway(view: SessionView): Notice | null {
  const { awayFor } = view.live;
  if (awayFor === 0) return null;
  return {
    name: `away-${awayFor}`,
    level: "forYou",
    title: say("session.wasAwayTitle", { length: duration(awayFor) }),
    help: say("session.wasAway"),
    shutLabel: "session.understood",
  };
}

function forgetful(): Notice | null {
  if (!isForgetful()) return null;
  return {
    name: "forgetful",
    level: "advice",
    title: say("memory.noneTitle"),
    help: say("memory.none"),
    shutLabel: "session.understood",
  };
}

/** Once on each phone, with the first sharing: before it surprises anyone. */
function keepOpen(view: SessionView): Notice | null {
  const isPhone = matchMedia("(pointer: coarse)").matches;
  if (!isPhone || !view.live.isSharing || view.live.locationState !== "on" || isNoted(KEEP_OPEN)) return null;
  return {
    name: KEEP_OPEN,
    level: "advice",
    title: say("session.keepOpenTitle"),
    help: say(canKeepAwake() ? "session.keepOpen" : "session.keepOpenDim"),
    shutLabel: "session.understood",
  };
}

/** What was read once on this device is not said again. */
export function noteShut(notice: string): void {
  if (notice === KEEP_OPEN) note(KEEP_OPEN);
}

/** Somebody alone has somebody to invite. */
function alone(view: SessionView): Notice | null {
  const { state, links } = view.live;
  if (state?.participants.size !== 1 || !links.link || view.panel === "share") return null;
  return {
    name: "alone",
    level: "advice",
    title: say("people.alone"),
    icon: "invite",
    action: { label: say("share.open"), press: () => view.openPanel("share") },
    shutLabel: "session.later",
  };
}
