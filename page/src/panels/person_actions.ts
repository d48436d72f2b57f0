/** What one can do about somebody in the list: see them on the map, give or take a post, say that they are going home. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Participant, Post } from "../model/model";
import { type PostChange, postChanges } from "../session/posts";
import type { SessionState } from "../session/session_state";
import { say } from "../words/strings";
import { icons } from "./icons";
import { myStatus } from "./my_status";
import { postIcon, statusOf } from "./statuses";
import type { SessionView } from "./ui";

type Label =
  | "takeLead"
  | "takeSweep"
  | "giveLead"
  | "giveSweep"
  | "handOnLead"
  | "handOnSweep"
  | "freeLead"
  | "freeSweep";

export function personActions(view: SessionView, state: SessionState, person: Participant): TemplateResult {
  const isMe = person.id === state.me;
  const changes = postChanges(state, person, view.live.now());
  return html`<div class="person-actions">
    ${isMe && person.role !== "viewer" ? myStatus(view) : nothing}
    ${
      !isMe && state.positions.has(person.id)
        ? html`<button class="button is-small" @click=${() => view.show(person.id)}>${icons.center} ${say("people.show")}</button>`
        : nothing
    }
    ${changes.map(
      (change) => html`<button class="button is-small" @click=${() => setPost(view, change, person)}>
        ${icons[postIcon(change.post)]} ${say(`posts.${labelOf(change)}`)}
      </button>`,
    )}
    ${!isMe && state.participants.get(state.me)?.role === "host" && person.role !== "viewer" ? goingHome(view, person) : nothing}
  </div>`;
}

function labelOf({ kind, post }: PostChange): Label {
  return `${kind}${post === "lead" ? "Lead" : "Sweep"}` as Label;
}

/** Asks for a post a moment later: whom it was taken from could not give it back. */
export function setPost(view: SessionView, change: PostChange, person: Participant): void {
  const { kind, ...fields } = change;
  const title =
    kind === "free"
      ? say(change.post === "lead" ? "posts.noLead" : "posts.noSweep", { name: person.name })
      : say(`posts.${nowIs(change.post, person.id === view.live.state?.me)}`, { name: person.name });
  view.soon(title, () => view.attempt(() => view.live.ask("post:set", fields), say("posts.failed")));
}

export function nowIs(post: Post, isMe: boolean): "youLead" | "youSweep" | "lead" | "sweep" {
  if (!isMe) return post;
  return post === "lead" ? "youLead" : "youSweep";
}

/** The host knows who has turned off; nobody waits for those who go home. */
function goingHome(view: SessionView, person: Participant): TemplateResult | typeof nothing {
  const status = statusOf(person);
  if (status !== null && status !== "going_home") return nothing;
  const set = (isGoing: boolean) => {
    const fields = { participant: person.id, ...(isGoing && { status: "going_home" as const }) };
    view.attempt(() => view.live.ask("status:set", fields));
  };
  const press = () => {
    set(status === null);
    const said = say("status.going_home");
    if (status === null) view.undoable(say("news.status", { name: person.name, status: said }), () => set(false));
  };
  return html`<button class="button is-small" @click=${press}>
    ${icons.home} ${say(status === null ? "status.sendHome" : "status.notHome")}
  </button>`;
}
