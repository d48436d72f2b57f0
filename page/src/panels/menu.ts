/** The session's menu: time left and more of it, appearance, leaving, and the end for everyone. */
import { html, nothing, type TemplateResult } from "lit-html";
import { chooseTheme, type ThemeChoice, themeChoice } from "../device/theme";
import { duration } from "../words/format";
import { say } from "../words/strings";
import { icons } from "./icons";
import { languagePicker, motionPicker, segments, sensitivityPicker, unitsPicker } from "./preferences";
import type { SessionView } from "./ui";

const HOUR_S = 3_600;
const DAY_S = 86_400;

export function menuPanel(view: SessionView): TemplateResult {
  const { live } = view;
  const isHost = live.me?.role === "host";
  const expiresAt = live.state?.session.expires_at;
  return html`
    <section class="menu-group">
      <h3>${icons.clock} ${say("menu.timeLeft")}</h3>
      <p class="big-number">${expiresAt === undefined ? "" : duration(expiresAt - live.now())}</p>
      ${
        isHost
          ? html`<div class="share-actions">
            <button class="button" @click=${() => view.attempt(() => live.ask("session:set", { extend_s: HOUR_S }))}>${say("menu.extendHour")}</button>
            <button class="button" @click=${() => view.attempt(() => live.ask("session:set", { extend_s: DAY_S }))}>${say("menu.extendDay")}</button>
          </div>`
          : askTime(view)
      }
    </section>
    <section class="menu-group">
      <button class="button is-wide" @click=${() => view.openPlace(null)}>${icons.pin} ${say("places.title")}</button>
    </section>
    <section class="menu-group">
      <button class="button is-wide" data-opens="handlebar" @click=${() => view.handlebar.toggle()}>
        ${icons.handlebar} ${say("handlebar.open")}
      </button>
      <p class="hint">${say("handlebar.hint")}</p>
    </section>
    ${locateHere(view)} ${takeOver(view)} ${preferences(view)}
    <section class="menu-group">
      <button class="button is-wide" @click=${() => leave(view)}>${icons.leave} ${say("menu.leave")}</button>
      <p class="hint">${say("menu.leaveHint")} ${isHost ? say("menu.confirmLeaveHost") : nothing}</p>
      ${
        isHost
          ? html`<button class="button is-wide is-danger" @click=${() => end(view)}>${icons.stop} ${say("menu.end")}</button>
            <p class="hint">${say("menu.endHint")}</p>`
          : nothing
      }
    </section>
  `;
}

/** Where the app sends the position, this device does so only when it is asked to. */
function locateHere({ live }: SessionView): TemplateResult | typeof nothing {
  if (!live.isLocatedByApp) return nothing;
  return html`<section class="menu-group">
    <button class="button is-wide" data-locate-here @click=${() => live.locateHere()}>${icons.pin} ${say("handover.locateHere")}</button>
    <p class="hint">${say("handover.locateHereHint")}</p>
  </section>`;
}

/** Offered to members while the host is not there. */
function takeOver(view: SessionView): TemplateResult | typeof nothing {
  const { state } = view.live;
  if (!state?.connected || view.live.me?.role !== "member") return nothing;
  const host = [...state.participants.values()].find((one) => one.role === "host");
  if (host && state.connected.has(host.id)) return nothing;
  return html`<section class="menu-group">
    <button class="button is-wide" @click=${() => view.attempt(() => view.live.ask("host:claim", {}), say("menu.tooEarly"))}>
      ${icons.people} ${say("menu.takeOver")}
    </button>
    <p class="hint">${say("menu.takeOverHint")}</p>
  </section>`;
}

function askTime(view: SessionView): TemplateResult {
  const isAsked = (view.live.state?.session.time_asked_by ?? null) !== null;
  return html`<button class="button is-wide" ?disabled=${isAsked} @click=${() => view.attempt(() => view.live.ask("time:ask", {}))}>
    ${isAsked ? icons.check : icons.clock} ${isAsked ? say("session.timeIsAsked") : say("session.askTime")}
  </button>`;
}

function preferences(view: SessionView): TemplateResult {
  const redraw = () => view.redraw();
  const themes: readonly (readonly [ThemeChoice, string])[] = [
    ["system", say("menu.system")],
    ["light", say("menu.light")],
    ["dark", say("menu.dark")],
  ];
  const choose = (choice: ThemeChoice) => {
    chooseTheme(choice);
    view.redraw();
  };
  const directions: readonly (readonly ["north" | "way", string])[] = [
    ["north", say("map.northUp")],
    ["way", say("map.headingUp")],
  ];
  const { watch } = view.live;
  const direction = view.isUpMyWay ? "way" : "north";
  return html`<section class="menu-group">
    ${segments("appearance", say("menu.appearance"), themes, themeChoice(), choose)}
    ${segments("direction", say("map.direction"), directions, direction, (chosen) => view.turnMap(chosen === "way"))}
    ${watch && view.live.me?.role !== "viewer" ? sensitivityPicker(watch, redraw) : nothing}
    ${motionPicker(redraw)}
    ${unitsPicker(redraw)}
    ${languagePicker(redraw)}
  </section>`;
}

function leave(view: SessionView): void {
  view.soon(say("menu.leaving"), () => view.attempt(() => view.live.leave()));
}

function end(view: SessionView): void {
  view.soon(say("menu.ending"), () => view.attempt(() => view.live.ask("session:end", {})));
}
