/** What must be said plainly over the map: a lost connection, a location that cannot be had, little time left. */
import { html, nothing, type TemplateResult } from "lit-html";
import { canKeepAwake } from "../device/wake_lock";
import { isNoted, note } from "../memory/preferences";
import { isForgetful } from "../memory/storage";
import { WARNINGS_MS } from "../session/news";
import { duration } from "../words/format";
import { type Key, say } from "../words/strings";
import { icons } from "./icons";
import type { SessionView } from "./ui";

const [SOON_MS, VERY_SOON_MS] = WARNINGS_MS;
const HOUR_S = 3_600;
/** Shorter interruptions are mended before anyone could read about them. */
const WORTH_SAYING_MS = 1_200;
/** The map is what the page is for: more than this never lies over it. */
const MOST = 2;

type Notice = TemplateResult | null;

/** @param failure - What did not work just now, in words; empty where nothing failed. */
export function notices(view: SessionView, failure: string): TemplateResult {
  const all = [connection, whereabouts, timeAsked, timeLeft, wasAway, forgetful, keepOpen].map((notice) =>
    notice(view),
  );
  return html`<div class="notices">
    ${failure ? html`<p class="notice is-warning" role="alert">${icons.warning} ${failure}</p>` : nothing}
    ${all.filter((notice) => notice !== null).slice(0, MOST)}
  </div>`;
}

/** Whether the connection has been away for long enough to say so. */
export function isLost(view: SessionView): boolean {
  const { lostSince } = view.live;
  return lostSince !== null && performance.now() - lostSince >= WORTH_SAYING_MS;
}

function connection(view: SessionView): Notice {
  const { live } = view;
  if (live.link === "connecting" && !live.state) {
    return html`<p class="notice is-quiet"><span class="spinner"></span> ${say("connection.connecting")}</p>`;
  }
  if (live.lostSince === null || !isLost(view)) return null;
  return html`<div class="notice is-warning" data-notice="lost">
    <span class="spinner"></span>
    <p><b>${say("connection.lost")}</b> ${say("connection.lostHint", { length: duration(performance.now() - live.lostSince) })}</p>
  </div>`;
}

function whereabouts(view: SessionView): Notice {
  if (!view.live.isSharing) return null;
  const reason = view.live.locationState;
  if (reason === "off" || reason === "asking" || reason === "on") return null;
  const canRetry = reason === "refused" || reason === "unavailable";
  return card(view, "location", say(`location.${reason}Title`), say(`location.${reason}Help`), "location.dismiss", {
    ...(canRetry && { action: [say("location.tryAgain"), () => view.live.retryLocation()] as const }),
  });
}

function timeAsked(view: SessionView): Notice {
  const { state, me } = view.live;
  const asker = state?.session.time_asked_by ?? null;
  if (!state || asker === null || me?.role !== "host" || asker === me.id) return null;
  const name = state.participants.get(asker)?.name ?? say("session.someone");
  return card(view, `asked-${state.session.expires_at}`, say("session.timeAsked", { name }), "", "session.later", {
    icon: icons.clock,
    action: [say("session.moreHour"), () => view.attempt(() => view.live.ask("session:set", { extend_s: HOUR_S }))],
  });
}

function timeLeft(view: SessionView): Notice {
  const { state, me } = view.live;
  if (!state || !me) return null;
  const left = state.session.expires_at - view.live.now();
  if (left > SOON_MS) return null;
  const isLate = left <= VERY_SOON_MS;
  const isAsked = (state.session.time_asked_by ?? null) !== null;
  const title = say("session.timeLow", { length: duration(left) });
  return card(
    view,
    isLate ? "time-late" : "time-soon",
    title,
    isAsked ? say("session.timeIsAsked") : "",
    "session.later",
    {
      icon: icons.clock,
      isUrgent: isLate,
      ...(me.role === "host"
        ? {
            action: [
              say("session.moreHour"),
              () => view.attempt(() => view.live.ask("session:set", { extend_s: HOUR_S })),
            ] as const,
          }
        : !isAsked && {
            action: [say("session.askTime"), () => view.attempt(() => view.live.ask("time:ask", {}))] as const,
          }),
    },
  );
}

function wasAway(view: SessionView): Notice {
  const { awayFor } = view.live;
  if (awayFor === 0) return null;
  const title = say("session.wasAwayTitle", { length: duration(awayFor) });
  return card(view, `away-${awayFor}`, title, say("session.wasAway"), "session.understood");
}

function forgetful(view: SessionView): Notice {
  if (!isForgetful()) return null;
  return card(view, "forgetful", say("memory.noneTitle"), say("memory.none"), "session.understood");
}

/** Once on each phone, with the first sharing: before it surprises anyone. */
function keepOpen(view: SessionView): Notice {
  const isPhone = matchMedia("(pointer: coarse)").matches;
  if (!isPhone || !view.live.isSharing || view.live.locationState !== "on" || isNoted("keep-open")) return null;
  const help = say(canKeepAwake() ? "session.keepOpen" : "session.keepOpenDim");
  return card(view, "keep-open", say("session.keepOpenTitle"), help, "session.understood", {
    onShut: () => note("keep-open"),
  });
}

interface CardOptions {
  readonly icon?: TemplateResult;
  readonly isUrgent?: boolean;
  readonly action?: readonly [label: string, press: () => void];
  readonly onShut?: () => void;
}

function card(
  view: SessionView,
  name: string,
  title: string,
  help: string,
  shutLabel: Key,
  options: CardOptions = {},
): Notice {
  if (view.isShut(name)) return null;
  const shut = () => {
    options.onShut?.();
    view.shut(name);
  };
  return html`<section class="notice is-card ${options.isUrgent ? "is-urgent" : ""}" data-notice=${name.split("-")[0]} aria-label=${title}>
    ${options.icon ?? icons.warning}
    <div>
      <p><b>${title}</b></p>
      ${help ? html`<p>${help}</p>` : nothing}
      <div class="notice-actions">
        ${
          options.action
            ? html`<button class="button is-small is-primary" @click=${options.action[1]}>${options.action[0]}</button>`
            : nothing
        }
        <button class="button is-small" @click=${shut}>${say(shutLabel)}</button>
      </div>
    </div>
    ${view.doCardsWait ? html`<button class="notice-opener" aria-label=${title} @click=${() => view.openPanel(null)}></button>` : nothing}
  </section>`;
}
