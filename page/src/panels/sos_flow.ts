/** What the SOS screen remembers of one session while the page is open: the countdown, what was sounded, what was seen. */
import { prime, soundAlarm, tick } from "../device/alarm_sound";
import { countingSos } from "../memory/kept";
import { randomId } from "../memory/random_id";
import type { SosKind } from "../model/model";
import type { LiveSession } from "../session/live_session";
import type { Operation } from "../session/pending_operations";
import {
  type Alarm,
  alarmsIn,
  noteWays,
  ownAlarms,
  type Side,
  sideOf,
  toShow,
  toSound,
  type Way,
} from "../session/sos";
import { COUNTDOWN_S, leftOf, readDraft } from "../session/sos_draft";
import { say } from "../words/strings";
import { headline, spoken } from "./sos_words";
import type { SessionView } from "./ui";

const SOUND_MS = 10_000;
/** So long the button in the bar is held. */
const HOLD_MS = 2_000;
const SECOND_MS = 1_000;

export interface Draft {
  readonly kind: SosKind;
  /** Null for oneself. */
  readonly forWhom: number | null;
  readonly secondsLeft: number;
  /** The operation that it becomes. */
  readonly opId: string;
}

export class SosFlow {
  /** The screen was opened by its own person. */
  isOpen = false;
  draft: Draft | null = null;
  forWhom: number | null = null;
  /** Why the last alarm was refused; empty where it was not. */
  refused = "";
  /** When the countdown went out that an earlier page did not finish, on the device's clock; null where none is open. */
  interrupted: number | null = null;
  private counting: ReturnType<typeof setInterval> | null = null;
  private seen = new Map<number, number>();
  private sounded = new Map<number, number>();
  private ways: ReadonlyMap<number, Way> = new Map();
  private told = new Map<string, string>();
  private stopSound = () => {};
  /** Alarms that were cancelled while they may have been on their way: they end as soon as they stand. */
  private readonly cancelled = new Set<string>();

  constructor(private readonly view: SessionView) {
    this.resume();
    view.live.subscribe(() => this.look());
    // Not at once: it may be made while the page is drawn.
    queueMicrotask(() => this.changed());
    view.live.hear((news) => {
      if (news.type !== "event" || news.event.type !== "sos_raised") return;
      const { op_id: opId, offset } = news.event;
      if (opId !== null && this.cancelled.delete(opId)) this.clear(offset, "false_alarm");
    });
  }

  get open(): readonly Alarm[] {
    const { state } = this.view.live;
    return state ? alarmsIn(state) : [];
  }

  /** One's own alarms that the server has not acknowledged. */
  get pending(): readonly Operation[] {
    return this.view.live.waiting.filter(
      ({ event, payload }) => event === "sos:raise" && !this.cancelled.has(payload.op_id),
    );
  }

  get own(): readonly Alarm[] {
    const { me } = this.view.live;
    return me ? ownAlarms(this.open, me.id) : [];
  }

  /** Alarms of others that are to be answered now. */
  get incoming(): readonly Alarm[] {
    const { me } = this.view.live;
    return me ? toShow(this.open, me.id, this.seen) : [];
  }

  sideOf(sos: Alarm): Side {
    const { state } = this.view.live;
    if (!state || sos.lat === null || sos.lon === null) return "unknown";
    const place = { lat: sos.lat, lon: sos.lon };
    return sideOf(place, this.ways.get(sos.participant), state.positions.get(state.me), this.view.live.now());
  }

  /** Looks at what is new: sounds, speaks and tells it. */
  private look(): void {
    const { state, unmet } = this.view.live;
    if (!state) return;
    this.ways = noteWays(this.ways, state);
    for (const sos of toSound(this.open, state.me, this.sounded)) {
      this.sounded.set(sos.sos, sos.stage);
      this.stopSound();
      this.stopSound = soundAlarm(SOUND_MS);
      this.view.speak(spoken(this.view, sos, this.sideOf(sos)), "sos");
    }
    this.withdrawCancelled();
    for (const one of unmet.filter(({ operation }) => operation.event === "sos:raise")) {
      unmet.splice(unmet.indexOf(one), 1);
      this.refused = say("sos.refused");
    }
    this.tellThoseAside();
  }

  /** The button was pressed. */
  press(): void {
    prime();
    this.isOpen = true;
    this.changed();
  }

  /** Somebody chose what is wrong: the alarm goes out after ten seconds, unless it is cancelled. */
  begin(kind: SosKind): void {
    prime();
    this.refused = "";
    this.countDown({ kind, forWhom: this.forWhom, secondsLeft: COUNTDOWN_S, opId: randomId() });
    this.changed();
  }

  /** An earlier page of this tab was left while it counted down. */
  private resume(): void {
    const { live } = this.view;
    const kept = readDraft(countingSos(live.sessionId).read());
    const secondsLeft = kept && leftOf(kept, Date.now());
    const isRaised = live.waiting.some(({ payload }) => payload.op_id === kept?.opId);
    if (kept === null || secondsLeft === null || isRaised) {
      this.keep(null);
    } else if (secondsLeft === "ask") {
      this.keep(null);
      this.isOpen = true;
      this.interrupted = kept.endsAt;
    } else this.countDown({ ...kept, secondsLeft });
  }

  private countDown(draft: Draft): void {
    this.isOpen = true;
    this.interrupted = null;
    this.stopCounting();
    this.draft = draft;
    this.keep(draft);
    tick();
    this.counting = setInterval(() => this.count(), SECOND_MS);
  }

  private keep(draft: Draft | null): void {
    const { secondsLeft = 0, ...rest } = draft ?? {};
    const kept = draft && JSON.stringify({ ...rest, endsAt: Date.now() + secondsLeft * SECOND_MS });
    countingSos(this.view.live.sessionId).write(kept);
  }

  /** What is wrong, said while it counts down. */
  choose(kind: SosKind): void {
    if (this.draft) this.draft = { ...this.draft, kind };
    if (this.draft) this.keep(this.draft);
    this.changed();
  }

  cancelDraft(): void {
    this.stopCounting();
    this.draft = null;
    this.keep(null);
    this.changed();
  }

  /** Takes back what the server has not acknowledged. What it has all the same ends as soon as it is seen to stand. */
  cancelPending(opId: string): void {
    this.cancelled.add(opId);
    this.withdrawCancelled();
    this.changed();
  }

  answer(sos: Alarm, answer: "going" | "staying" | "calling"): void {
    this.putAside(sos);
    this.view.attempt(() => this.view.live.ask("sos:answer", { sos: sos.sos, answer }));
  }

  clear(sos: number, reason: "solved" | "false_alarm"): void {
    this.view.attempt(() => this.view.live.ask("sos:clear", { sos, reason }));
  }

  /** Leaves an alarm for the map; it stands in the notice, and comes again where it is alarmed again. */
  putAside(sos: Alarm): void {
    this.seen.set(sos.sos, sos.stage);
    this.stopSound();
    this.changed();
  }

  show(sos: Alarm): void {
    this.seen.set(sos.sos, -1);
    this.changed();
  }

  close(): void {
    this.isOpen = false;
    this.interrupted = null;
    this.forWhom = null;
    this.changed();
  }

  private changed(): void {
    this.look();
    this.view.redraw();
  }

  private count(): void {
    if (!this.draft) return;
    const secondsLeft = this.draft.secondsLeft - 1;
    if (secondsLeft > 0) {
      this.draft = { ...this.draft, secondsLeft };
      tick();
    } else this.raise(this.draft);
    this.changed();
  }

  private raise({ kind, forWhom, opId }: Draft): void {
    this.stopCounting();
    this.draft = null;
    const { live } = this.view;
    const place = forWhom === null ? (live.newestFix ?? live.state?.positions.get(live.state.me)) : null;
    const where = place && { lat: place.lat, lon: place.lon };
    const whom = forWhom !== null && { participant: forWhom };
    // A refusal stands in `unmet`, also that of an earlier page.
    void live.ask("sos:raise", { kind, ...where, ...whom }, { opId }).catch(() => undefined);
    this.keep(null); // now that the operation is kept
  }

  private withdrawCancelled(): void {
    const waiting = new Set(this.view.live.waiting.map(({ payload }) => payload.op_id));
    for (const opId of this.cancelled) if (waiting.has(opId)) this.view.live.withdraw(opId);
  }

  private stopCounting(): void {
    if (this.counting !== null) clearInterval(this.counting);
    this.counting = null;
  }

  /** Alarms that stand and are not on the screen have a notice. */
  private tellThoseAside(): void {
    const { view } = this;
    const shown = new Set(this.incoming.map(({ sos }) => sos));
    const before = this.told;
    const wanted = new Map<string, string>();
    this.told = wanted;
    for (const sos of this.open) {
      if (shown.has(sos.sos) || (this.isOpen && this.own.includes(sos))) continue;
      const name = `sos-${sos.sos}`;
      const title = headline(view, sos);
      wanted.set(name, title);
      if (before.get(name) === title) continue;
      const press = () => (this.own.includes(sos) ? this.press() : this.show(sos));
      view.tell({ name, level: "sos", title, action: { label: say("sos.show"), press }, shutLabel: null });
    }
    for (const name of before.keys()) if (!wanted.has(name)) view.untell(name);
  }
}

const flows = new WeakMap<LiveSession, SosFlow>();

export function sosFlow(view: SessionView): SosFlow {
  let flow = flows.get(view.live);
  if (!flow) {
    flow = new SosFlow(view);
    flows.set(view.live, flow);
    watchHolding(view, flow);
  }
  return flow;
}

/** The button in the bar, held for two seconds, begins the countdown without a further question. */
function watchHolding(view: SessionView, flow: SosFlow): void {
  let holding: ReturnType<typeof setTimeout> | null = null;
  const release = () => {
    if (holding !== null) clearTimeout(holding);
    holding = null;
  };
  addEventListener("pointerdown", (event) => {
    prime();
    release();
    const isButton = event.target instanceof Element && event.target.closest(".sos-button") !== null;
    if (!isButton || view.live.ending) return;
    holding = setTimeout(() => {
      holding = null;
      if (!flow.draft && flow.own.length === 0 && flow.pending.length === 0) flow.begin("other");
    }, HOLD_MS);
  });
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, release);
}
