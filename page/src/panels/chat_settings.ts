/** What the host settles about the chat: who reads, what newcomers see, who writes. */
import { html, type TemplateResult } from "lit-html";
import type { Talk } from "../session/talk";
import { say } from "../words/strings";
import type { SessionView } from "./ui";

export function chatSettings(view: SessionView, talk: Talk): TemplateResult {
  const { viewers_read, newcomers_see, writers } = talk.settings;
  const set = (change: Parameters<typeof view.live.ask<"chat:set">>[1]) =>
    view.attempt(() => view.live.ask("chat:set", change));
  const picked = (event: Event) => (event.target as HTMLSelectElement).value;
  return html`<div class="chat-settings" role="group" aria-label=${say("talk.settings")}>
    <label class="picker">
      ${say("talk.writers")}
      <select @change=${(event: Event) => set({ writers: picked(event) === "all" ? "all" : "leaders" })}>
        <option value="all" ?selected=${writers === "all"}>${say("talk.writers.all")}</option>
        <option value="leaders" ?selected=${writers === "leaders"}>${say("talk.writers.leaders")}</option>
      </select>
    </label>
    <label class="picker">
      ${say("talk.newcomers")}
      <select @change=${(event: Event) => set({ newcomers_see: asNewcomers(picked(event)) })}>
        ${NEWCOMERS.map(
          (one) =>
            html`<option value=${one} ?selected=${newcomers_see === one}>${say(`talk.newcomers.${one}`)}</option>`,
        )}
      </select>
    </label>
    <label class="picker">
      ${say("talk.viewersRead")}
      <select @change=${(event: Event) => set({ viewers_read: picked(event) === "yes" })}>
        <option value="no" ?selected=${!viewers_read}>${say("talk.no")}</option>
        <option value="yes" ?selected=${viewers_read}>${say("talk.yes")}</option>
      </select>
    </label>
  </div>`;
}

const NEWCOMERS = ["none", "recent", "all"] as const;

function asNewcomers(value: string): (typeof NEWCOMERS)[number] {
  return NEWCOMERS.find((one) => one === value) ?? "recent";
}
