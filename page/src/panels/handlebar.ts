/** The session on a handlebar: read in half a second, with gloves on, from a metre away. */
import { html, nothing, type TemplateResult } from "lit-html";
import { inkOn, type MapPerson } from "../map/people/avatars";
import { bearingBetween, distanceBetween } from "../model/geo";
import { distance, speed } from "../words/format";
import { say } from "../words/strings";
import { type Cue, type CueMemory, NOTHING_SAID, planCue } from "./cue_planner";
import { icons } from "./icons";
import { canSpeak, Voice } from "./speech";

const SHOWN = 4;

/** What the mode remembers while it is on. */
export class Handlebar {
  isOn = false;
  /** All that is said aloud, here and elsewhere on the page. */
  readonly voice = new Voice(() => this.isOn && this.isSpeaking);
  private isSpeaking = true;
  private memory: CueMemory = NOTHING_SAID;
  private said = "";

  constructor(private readonly changed: () => void) {}

  toggle(): void {
    this.isOn = !this.isOn;
    this.memory = NOTHING_SAID;
    this.said = "";
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

  template(people: readonly MapPerson[]): TemplateResult {
    const me = people.find((person) => person.isMe) ?? null;
    return html`<section class="handlebar" aria-label=${say("handlebar.title")}>
      <ol class="handlebar-people">
        ${farthest(people, me).map((person) => row(person, me))}
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
    </section>`;
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

/** The people farthest from me first: a rider sees those who are near anyway. */
function farthest(people: readonly MapPerson[], me: MapPerson | null): MapPerson[] {
  const far = (person: MapPerson) => (me ? distanceBetween(me.point, person.point) : 0);
  return people
    .filter((person) => !person.isMe && person.isInPicture)
    .sort((a, b) => far(b) - far(a))
    .slice(0, SHOWN);
}

function row(person: MapPerson, me: MapPerson | null): TemplateResult {
  const metres = me ? distanceBetween(me.point, person.point) : null;
  const turn = me ? bearingBetween(me.point, person.point) - (me.heading ?? 0) : 0;
  return html`<li class="handlebar-person ${person.isStale ? "is-stale" : ""}">
    <span class="handlebar-disc" .style=${`--person:${person.color};--on-person:${inkOn(person.color)}`} aria-hidden="true"
      >${person.initials}</span
    >
    <span class="handlebar-words"><b dir="auto">${person.name}</b>${person.note ? html`<small>${person.note}</small>` : nothing}</span>
    ${
      metres === null
        ? nothing
        : html`<i class="handlebar-arrow" .style=${`rotate:${Math.round(turn)}deg`} aria-hidden="true">${icons.arrow}</i>
          <strong>${distance(metres)}</strong>`
    }
  </li>`;
}
