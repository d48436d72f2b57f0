/** Who is here: name, role, whether connected and sharing, and where from me. Also what a screen reader reads as the map. */
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { inkOn } from "../map/people/avatars";
import { rememberName } from "../memory/preferences";
import { bearingBetween, distanceBetween, type Point, spreadOf } from "../model/geo";
import type { Participant, Position } from "../model/model";
import { type SessionState, seenAt } from "../session/session_state";
import { isStale } from "../session/staleness";
import { age, compass, distance, duration, speed } from "../words/format";
import { type Key, say } from "../words/strings";
import { icons } from "./icons";
import { personActions } from "./person_actions";
import { postIcon, postOf, statusIcon, statusOf } from "./statuses";
import type { SessionView } from "./ui";

const MINUTE = 60_000;

export function peoplePanel(view: SessionView): TemplateResult {
  const state = view.live.state;
  if (!state) return html`<div class="skeleton" aria-hidden="true"></div>`;
  const people = sorted(state);
  const fresh = [...state.positions.values()].filter((position) => !isStale(position, view.live.now()));
  return html`
    ${view.rollCall()} ${inviteRow(view)}
    ${fresh.length < 2 ? nothing : html`<p class="hint spread">${say("people.spread", { distance: distance(spreadOf(fresh)) })}</p>`}
    <ul class="people">
      ${repeat(
        people,
        (one) => one.id,
        (one) => row(view, state, one),
      )}
    </ul>
  `;
}

function inviteRow(view: SessionView): TemplateResult {
  return html`<button class="row-button" data-opens="share" @click=${() => view.openPanel("share")}>
    <span class="row-icon">${icons.invite}</span> ${say("share.title")}
  </button>`;
}

/** Me first, then as they ride: who leads, the host, the others by the time of joining, who sweeps; at last who watches. */
function sorted(state: SessionState): Participant[] {
  const rank = (one: Participant) => {
    if (one.id === state.me) return 0;
    if (one.role === "viewer") return 5;
    const post = postOf(one);
    return post === "lead" ? 1 : post === "sweep" ? 4 : one.role === "host" ? 2 : 3;
  };
  return [...state.participants.values()].sort((a, b) => rank(a) - rank(b) || a.joined_at - b.joined_at || a.id - b.id);
}

function row(view: SessionView, state: SessionState, person: Participant): TemplateResult {
  const position = state.positions.get(person.id);
  const isMe = person.id === state.me;
  const isSelected = view.selected === person.id;
  const post = postOf(person);
  const said = statusOf(person);
  const content = html`
    <span class="person-disc" .style=${`--person:${person.color};--on-person:${inkOn(person.color)}`} aria-hidden="true">
      ${person.initials}
      ${state.connected?.has(person.id) ? html`<i class="presence"></i>` : nothing}
    </span>
    <span class="person-words">
      <span class="person-name">
        <b dir="auto">${person.name}</b>
        ${isMe ? html`<span class="tag is-me">${say("people.you")}</span>` : nothing}
        ${person.role === "host" ? html`<span class="tag">${say("people.host")}</span>` : nothing}
        ${person.role === "viewer" ? html`<span class="tag">${say("people.viewer")}</span>` : nothing}
        ${post ? html`<span class="tag is-post">${icons[postIcon(post)]} ${say(`post.${post}`)}</span>` : nothing}
      </span>
      ${said ? html`<span class="person-said" data-status=${said}>${icons[statusIcon(said)]} ${sinceWhen(view, person)}</span>` : nothing}
      <span class="person-status">${status(view, state, person, position)}</span>
      ${isSelected && position ? html`<span class="person-detail">${details(position)}</span>` : nothing}
    </span>
    ${isMe ? nothing : whereabouts(state, position)}
  `;
  return html`<li class="person ${isSelected ? "is-selected" : ""}" data-participant=${person.id}>
    <button class="person-row" aria-expanded=${isSelected} @click=${() => view.select(person.id)}>${content}</button>
    ${isMe ? profileButton(view) : nothing} ${isMe && isEditing ? profileForm(view, person) : nothing}
    ${isSelected ? personActions(view, state, person) : nothing}
  </li>`;
}

/** What somebody says of themselves, and for how long already. */
function sinceWhen(view: SessionView, person: Participant): string {
  const { status, since } = person.features?.status ?? {};
  if (!status) return "";
  const said = say(`status.${status}`);
  const lasts = view.live.now() - (since ?? view.live.now());
  return lasts < MINUTE ? said : say("status.since", { status: said, length: duration(lasts) });
}

function status(
  view: SessionView,
  state: SessionState,
  person: Participant,
  position: Position | undefined,
): string | TemplateResult {
  const now = view.live.now();
  if (view.live.lostSince !== null) {
    // Whether they are connected is not known while this page is not.
    const isKnown = position && person.id !== state.me;
    return isKnown ? say("people.positionFrom", { when: age(now - position.fix_time) }) : say("people.away");
  }
  const isConnected = state.connected === null || state.connected.has(person.id) || person.id === state.me;
  if (!isConnected) {
    const seen = seenAt(state, person.id);
    return seen === undefined ? say("people.away") : say("people.lastSeen", { when: age(now - seen) });
  }
  if (person.role === "viewer") return say("people.connected");
  if (!person.sharing) return say("people.notSharing");
  if (!position) return say("people.noPosition");
  if (isStale(position, now)) return say("people.positionFrom", { when: age(now - position.fix_time) });
  if (position.speed !== undefined && position.speed > 1) return speed(position.speed);
  return say("people.connected");
}

function details(position: Position): string {
  const parts: string[] = [];
  if (position.accuracy !== undefined) parts.push(say("people.accuracy", { distance: distance(position.accuracy) }));
  if (position.battery !== undefined) parts.push(say("people.battery", { percent: position.battery }));
  return parts.join(" · ");
}

function whereabouts(state: SessionState, position: Position | undefined): TemplateResult | typeof nothing {
  const mine = state.positions.get(state.me);
  return mine && position ? farAway(mine, position) : nothing;
}

/** How far something is, and in which direction. */
export function farAway(from: Point, to: Point): TemplateResult {
  const bearing = bearingBetween(from, to);
  const metres = distanceBetween(from, to);
  return html`<span class="whereabouts">
    <b>${distance(metres)}</b>
    ${metres < 5 ? nothing : html`<span><i .style=${`rotate:${bearing}deg`}>${icons.arrow}</i>${compass(bearing)}</span>`}
  </span>`;
}

/** The first of the colours that the server gives newcomers, each with a name for those who do not see it. */
const COLORS: readonly (readonly [color: string, name: Key])[] = [
  ["#e5484d", "color.red"],
  ["#0b84f3", "color.blue"],
  ["#2f9e44", "color.green"],
  ["#d97706", "color.orange"],
  ["#8e4ec6", "color.purple"],
  ["#0c8599", "color.teal"],
  ["#d6409f", "color.pink"],
  ["#5c7c0a", "color.olive"],
];

/** The colours to choose from, with the one that somebody has already. */
function colorsWith(current: string): readonly (readonly [color: string, name: Key])[] {
  return COLORS.some(([color]) => color === current) ? COLORS : [[current, "color.now"], ...COLORS];
}

let isEditing = false;

function editProfile(view: SessionView, isOpen: boolean): void {
  isEditing = isOpen;
  view.redraw();
  document.getElementById(isOpen ? "my-name" : "edit-profile")?.focus();
}

function profileButton(view: SessionView): TemplateResult | typeof nothing {
  if (isEditing) return nothing;
  return html`<button
    id="edit-profile"
    class="icon-button"
    aria-label=${say("people.profile")}
    title=${say("people.profile")}
    @click=${() => editProfile(view, true)}
  >
    ${icons.pencil}
  </button>`;
}

function profileForm(view: SessionView, person: Participant): TemplateResult {
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const name = String(form.get("name") ?? "").trim();
    const color = String(form.get("color") ?? person.color);
    editProfile(view, false);
    const changes = { ...(name && name !== person.name && { name }), ...(color !== person.color && { color }) };
    if (Object.keys(changes).length === 0) return;
    view.attempt(async () => {
      await view.live.ask("profile:set", changes);
      // Only what the server took: the next session begins with it.
      if ("name" in changes) rememberName(name);
    });
  };
  const cancel = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // The panel around it stays open.
    event.preventDefault();
    editProfile(view, false);
  };
  return html`<form class="profile" @submit=${save} @keydown=${cancel}>
    <label for="my-name">${say("people.nameLabel")}</label>
    <input id="my-name" name="name" maxlength="48" dir="auto" autocomplete="nickname" enterkeyhint="done" .value=${person.name} />
    <fieldset class="swatches">
      <legend>${say("people.colorLabel")}</legend>
      <div>
        ${colorsWith(person.color).map(
          ([color, name]) => html`<label class="swatch" .style=${`--person:${color};--on-person:${inkOn(color)}`}>
            <input type="radio" name="color" value=${color} aria-label=${say(name)} .checked=${color === person.color} />
            <span title=${say(name)}>${icons.check}</span>
          </label>`,
        )}
      </div>
    </fieldset>
    <div class="share-actions">
      <button class="button is-primary">${say("people.save")}</button>
      <button type="button" class="button" @click=${() => editProfile(view, false)}>${say("people.cancel")}</button>
    </div>
  </form>`;
}
