/** The session's menu: time left and more of it, appearance, leaving, and the end for everyone. */
import { html, nothing, type TemplateResult } from "lit-html";
import { ask } from "../dialogs";
import { duration } from "../format";
import { icons } from "../icons";
import { strings } from "../strings";
import { chooseTheme, type ThemeChoice, themeChoice } from "../theme";
import type { SessionView } from "../ui";

const HOUR_S = 3_600;
const DAY_S = 86_400;

export function menuPanel(view: SessionView): TemplateResult {
  const { live } = view;
  const isHost = live.me?.role === "host";
  const expiresAt = live.state?.session.expires_at;
  return html`
    <section class="menu-group">
      <h3>${icons.clock} ${strings.menu.timeLeft}</h3>
      <p class="big-number">${expiresAt === undefined ? "" : duration(expiresAt - live.now())}</p>
      ${
        isHost
          ? html`<div class="share-actions">
            <button class="button" @click=${() => view.attempt(() => live.extend(HOUR_S))}>${strings.menu.extendHour}</button>
            <button class="button" @click=${() => view.attempt(() => live.extend(DAY_S))}>${strings.menu.extendDay}</button>
          </div>`
          : nothing
      }
    </section>
    ${takeOver(view)} ${appearance(view)}
    <section class="menu-group">
      <button class="button is-wide" @click=${() => void leave(view, isHost)}>${icons.leave} ${strings.menu.leave}</button>
      <p class="hint">${strings.menu.leaveHint}</p>
      ${
        isHost
          ? html`<button class="button is-wide is-danger" @click=${() => void end(view)}>${icons.stop} ${strings.menu.end}</button>
            <p class="hint">${strings.menu.endHint}</p>`
          : nothing
      }
    </section>
  `;
}

/** Offered to members while the host is not there. */
function takeOver(view: SessionView): TemplateResult | typeof nothing {
  const { state } = view.live;
  if (!state?.connected || view.live.me?.role !== "member") return nothing;
  const host = [...state.participants.values()].find((one) => one.role === "host");
  if (host && state.connected.has(host.id)) return nothing;
  return html`<section class="menu-group">
    <button class="button is-wide" @click=${() => view.attempt(() => view.live.claimHost(), strings.menu.tooEarly)}>
      ${icons.people} ${strings.menu.takeOver}
    </button>
    <p class="hint">${strings.menu.takeOverHint}</p>
  </section>`;
}

function appearance(view: SessionView): TemplateResult {
  const choices: [ThemeChoice, string][] = [
    ["system", strings.menu.system],
    ["light", strings.menu.light],
    ["dark", strings.menu.dark],
  ];
  const choose = (choice: ThemeChoice) => {
    chooseTheme(choice);
    view.redraw();
  };
  return html`<div class="menu-group"><fieldset class="segmented">
    <legend>${strings.menu.appearance}</legend>
    <div class="segments">
      ${choices.map(
        ([choice, label]) => html`<label>
          <input type="radio" name="appearance" .checked=${themeChoice() === choice} @change=${() => choose(choice)} />
          <span>${label}</span>
        </label>`,
      )}
    </div>
  </fieldset></div>`;
}

async function leave(view: SessionView, isHost: boolean): Promise<void> {
  const text = isHost ? `${strings.menu.leaveHint} ${strings.menu.confirmLeaveHost}` : strings.menu.leaveHint;
  const sure = await ask({ title: strings.menu.confirmLeave, text, action: strings.menu.confirmLeaveAction });
  if (sure) view.attempt(() => view.live.leave());
}

async function end(view: SessionView): Promise<void> {
  const sure = await ask({
    title: strings.menu.confirmEnd,
    text: strings.menu.endHint,
    action: strings.menu.confirmEndAction,
  });
  if (sure) view.attempt(() => view.live.endForAll());
}
