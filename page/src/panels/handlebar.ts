/** The session on a handlebar: read in half a second, with gloves on, from a metre away. */
import { html, nothing, type TemplateResult } from "lit-html";
import { inkOn, type MapPerson } from "../map/people/avatars";
import { bearingBetween, distanceBetween } from "../model/geo";
import { distance, speed } from "../words/format";
import { say } from "../words/strings";
import { type Cue, type CueMemory, NOTHING_SAID, planCue } from "./cue_planner";
import { icons } from "./icons";
import { myStatus } from "./my_status";
import { parts } from "./parts";
import { canSpeak, Voice } from "./speech";
import { postOf, statusOf } from "./statuses";
import { chooseRows, NO_ROWS } from "./three_rows";
import type { SessionView } from "./ui";

/** What is chosen from goes by itself: a rider has no hand for it. */
const SHEET_SHOWN_MS = 8_000;

type Sheet = "status" | "signals";

/** What the mode remembers while it is on. */
export class Handlebar {
  isOn = false;
  /** All that is said aloud, here and elsewhere on the page. */
  readonly voice = new Voice(() => this.isOn && this.isSpeaking);
  private isSpeaking = true;
  private memory: CueMemory = NOTHING_SAID;
  private said = "";
  private rows = NO_ROWS;
  private sheet: Sheet | null = null;
  private shutting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly changed: () => void) {}

  toggle(): void {
    this.isOn = !this.isOn;
    this.memory = NOTHING_SAID;
    this.rows = NO_ROWS;
    this.said = "";
    this.open(null);
    this.voice.hush();
    // Only what a tap has allowed may speak, and fill the screen; both are a bonus.
    if (this.isOn) {
      this.voice.speak(say("handlebar.on"), "answer");
      document.documentElement.requestFullscreen?.().catch(() => undefined);
    } else if (document.fullscreenElement) void document.exitFullscreen();
    this.changed();
  }

  /** Looks at where everybody is, and says what is worth it. */
  look(people: readonly MapPerson[], now: number): void {
    const me = people.find((person) => person.isMe);
    // A distance that has to wait for silence is another one by then.
    if (!this.isOn || !me || (this.isSpeaking && !this.voice.isFree)) return;
    const others = people.filter((person) => !person.isMe);
    const { memory, cue } = planCue(this.memory, { now, me, others });
    this.memory = memory;
    if (!cue) return;
    this.said = sentence(cue);
    this.voice.speak(this.said, "news");
  }

  /** @param notice - The place for notices, which the bars around the map are not there to hold. */
  template(view: SessionView, people: readonly MapPerson[], notice: TemplateResult): TemplateResult {
    const me = people.find((person) => person.isMe) ?? null;
    return html`<section class="handlebar" aria-label=${say("handlebar.title")}>
      <ol class="handlebar-people">
        ${this.threeRows(view, people, me)}
      </ol>
      <p class="handlebar-speed">${me?.speed == null ? nothing : speed(me.speed)}</p>
      <p class="visually-hidden" role="status">${this.said}</p>
      <div class="handlebar-actions">
        ${
          canSpeak()
            ? html`<button class="handlebar-button" aria-pressed=${this.isSpeaking} @click=${() => this.toggleVoice()}>
              ${this.isSpeaking ? icons.voice : icons.mute}<span>${say("handlebar.voice")}</span>
            </button>`
            : nothing
        }
        <button class="handlebar-button" @click=${() => this.toggle()}>${icons.close}<span>${say("session.close")}</span></button>
      </div>
      ${notice} ${view.live.me?.role === "viewer" ? nothing : this.thumbActions(view)}
      ${this.sheet === null ? nothing : html`<div class="handlebar-sheet">${this.choices(view, this.sheet)}</div>`}
    </section>`;
  }

  private choices(view: SessionView, sheet: Sheet): TemplateResult | typeof nothing {
    const done = () => this.open(null);
    return sheet === "status" ? myStatus(view, done) : view.gridOfSignals(done);
  }

  private thumbActions(view: SessionView): TemplateResult {
    return html`<div class="handlebar-thumb">
      ${this.opener(view, "status", icons.cup, say("handlebar.status"))}
      ${
        parts.talk
          ? html`<button class="handlebar-button" @click=${() => this.wait(view)}>
                ${icons.pause}<span>${say("handlebar.wait")}</span>
              </button>
              ${this.opener(view, "signals", icons.talk, say("talk.signals"))}`
          : nothing
      }
      <button class="handlebar-button" data-action="hazard" @click=${() => this.hazard(view)}>
        ${icons.warning}<span>${say("places.kind.hazard")}</span>
      </button>
      ${
        parts.sos
          ? html`<button class="handlebar-button is-sos" @click=${() => view.pressSos()}><b>${say("sos.button")}</b></button>`
          : nothing
      }
    </div>`;
  }

  private opener(view: SessionView, sheet: Sheet, icon: TemplateResult, label: string): TemplateResult {
    const isOpen = this.sheet === sheet;
    const press = () => {
      if (sheet === "signals") view.fetchTalk();
      this.open(isOpen ? null : sheet);
    };
    return html`<button
      class="handlebar-button"
      data-opens=${sheet}
      aria-expanded=${isOpen}
      @click=${press}
    >
      ${icon}<span>${label}</span>
    </button>`;
  }

  private wait(view: SessionView): void {
    this.open(null);
    view.giveSignal("wait_for_me");
  }

  private hazard(view: SessionView): void {
    this.open(null);
    view.markHazard();
  }

  private threeRows(view: SessionView, people: readonly MapPerson[], me: MapPerson | null): TemplateResult[] {
    const others = people.filter((person) => !person.isMe && person.isInPicture);
    const known = new Map(others.map((person) => [person.id, person]));
    const show = (label: string, id: number | null) => {
      const person = id === null ? undefined : view.live.state?.participants.get(id);
      const status = person ? statusOf(person) : null;
      return row(label, status ? say(`status.${status}`) : "", (id !== null && known.get(id)) || null, me);
    };
    if (me) {
      const posts = view.live.state?.participants;
      const isSweep = (id: number) => {
        const person = posts?.get(id);
        return person !== undefined && postOf(person) === "sweep";
      };
      const candidates = others.map(({ id, point }) => ({ id, point, isSweep: isSweep(id) }));
      this.rows = chooseRows(this.rows, me, candidates);
    }
    const { ahead, behind, sweep, farthest } = this.rows;
    return [
      show(say("handlebar.ahead"), ahead),
      show(say("handlebar.behind"), behind),
      farthest === null ? show(say("handlebar.sweep"), sweep) : show(say("handlebar.farthest"), farthest),
    ];
  }

  private open(sheet: Sheet | null): void {
    clearTimeout(this.shutting);
    this.sheet = sheet;
    if (sheet !== null) this.shutting = setTimeout(() => this.open(null), SHEET_SHOWN_MS);
    this.changed();
  }

  private toggleVoice(): void {
    this.isSpeaking = !this.isSpeaking;
    if (!this.isSpeaking) this.voice.hush();
    this.changed();
  }
}

function sentence({ kind, name, metres, side }: Cue): string {
  if (kind === "silent") return say("cue.silent", { name });
  if (kind === "back") return say("cue.back", { name });
  return say(`cue.${side}`, { name, distance: distance(metres) });
}

/** @param said - What they say of themselves. */
function row(label: string, said: string, person: MapPerson | null, me: MapPerson | null): TemplateResult {
  if (!person) {
    return html`<li class="handlebar-person is-empty"><span class="handlebar-words"><small>${label}</small><b>–</b></span></li>`;
  }
  const metres = me ? distanceBetween(me.point, person.point) : null;
  const turn = me ? bearingBetween(me.point, person.point) - (me.heading ?? 0) : 0;
  const about = [label, said, person.note].filter((words) => words !== "").join(" · ");
  return html`<li class="handlebar-person ${person.isStale ? "is-stale" : ""}">
    <span class="handlebar-disc" .style=${`--person:${person.color};--on-person:${inkOn(person.color)}`} aria-hidden="true"
      >${person.initials}</span
    >
    <span class="handlebar-words"><small>${about}</small><b dir="auto">${person.name}</b></span>
    ${
      metres === null
        ? nothing
        : html`<i class="handlebar-arrow" .style=${`rotate:${Math.round(turn)}deg`} aria-hidden="true">${icons.arrow}</i>
          <strong>${distance(metres)}</strong>`
    }
  </li>`;
}
