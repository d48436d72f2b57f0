/** One membership while its map is open: the shell around the channel, this device's position, and what one can do. */
import { LocationSource, type LocationState } from "../device/location";
import { WakeLock } from "../device/wake_lock";
import { forgetMembership } from "../memory/forgetting";
import { keptFixes, lastSeen } from "../memory/kept";
import { type Membership, rememberMembership } from "../memory/membership";
import { forgetNote, isNoted, note } from "../memory/preferences";
import { randomId } from "../memory/random_id";
import type { Point } from "../model/geo";
import type { Fix, Operations, Participant } from "../model/model";
import { ApiError, leaveSession } from "../net/api";
import { SessionSocket } from "../net/session_socket";
import type { Refusal } from "../net/waits";
import { Absence } from "./absence";
import type { Action, News, Outcome } from "./actions";
import { Channel } from "./channel";
import { FixBacklog } from "./fix_backlog";
import { KeptOperations } from "./kept_operations";
import { readSeen, writeSeen } from "./last_seen";
import type { Operation } from "./pending_operations";
import { keepRecent, whereOneWas } from "./place_rules/where_one_was";
import { reduce, type SessionState } from "./session_state";
import { Stamps } from "./stamps";
import type { Watch } from "./watch";

/** Why the map is closed: ended by the host, run out, left by oneself, or a link that leads nowhere any more. */
export type Ending = "ended" | "expired" | "left" | "gone" | "full" | "unauthorized" | "replaced";
export type LinkState = "connecting" | "live" | "lost";

/** A heartbeat without an answer within the same time again is a lost connection: silence is noticed within 7 s. */
const TIMING = { heartbeat: 3_500, silence: 3_500, answer: 10_000, stable: 5_000, isImpatient: true };
/** So long a join may take before this device goes by what it saw last. */
const WITHOUT_WORD_MS = 2_500;
const KEEP_SEEN_MS = 10_000;
const JUDGE_MS = 1_000;
const LOCATED = "located";
/** More than this of what came to nothing is not remembered. */
const MOST_UNMET = 50;

export interface AskOptions {
  readonly opId?: string;
  readonly lastsMs?: number;
}

export interface Unmet {
  readonly operation: Operation;
  readonly reason: string;
}

export class LiveSession {
  state: SessionState | null;
  link: LinkState = "connecting";
  /** When the connection was lost, by `performance.now()`. */
  lostSince: number | null = null;
  ending: Ending | null = null;
  /** Whether it is known that this device shares or does not: by the server's word, or by what was seen last. */
  isSharingKnown = false;
  /** What was asked for and came to nothing, with the reason, until somebody takes it: it may be of an earlier page. */
  readonly unmet: Unmet[] = [];
  /** The newest of each broadcast that the state does not hold, by its name and key. */
  readonly broadcasts = new Map<string, ReadonlyMap<string, unknown>>();
  /** What this device judges of motion, once what judges it is fetched. */
  watch: Watch | null = null;
  private isJudging = false;
  private isFetchingWatch = false;
  /** Resolves when the socket has opened for the first time. */
  readonly opened: Promise<void>;

  private readonly channel: Channel;
  private socket: SessionSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly settling = new Map<string, (outcome: Outcome) => void>();
  private readonly operations: KeptOperations;
  private readonly location: LocationSource;
  private readonly wakeLock = new WakeLock();
  private readonly listeners = new Set<() => void>();
  private readonly hearers = new Set<(news: News) => void>();
  private readonly backlog: FixBacklog;
  private readonly stamps = new Stamps(performance.now(), Date.now());
  private readonly absence = new Absence();
  private judging: ReturnType<typeof setInterval> | null = null;
  private corrections = 0;
  private recent: readonly Fix[] = [];
  /** What `state` was made of. */
  private shown: { readonly state: SessionState | null; readonly fix: Fix | null };
  private wasSharing = false;
  private isSendingKept = false;
  private keepingSeen: ReturnType<typeof setTimeout> | null = null;
  private isNotifying = false;
  private tellOpened = () => {};
  private readonly watching = new AbortController();

  constructor(
    private membership: Membership,
    startSharing: boolean,
  ) {
    const { sessionId } = membership;
    this.opened = new Promise((resolve) => {
      this.tellOpened = resolve;
    });
    this.state = readSeen(lastSeen(sessionId).read(), Date.now());
    this.shown = { state: this.state, fix: null };
    this.backlog = new FixBacklog(keptFixes(sessionId));
    this.operations = new KeptOperations(sessionId);
    this.location = new LocationSource(
      (stamp) => this.stamps.timeOf(stamp, performance.now(), Date.now()),
      (fix) => this.share(fix),
      () => this.locationChanged(),
    );
    const known = { state: this.state, operations: this.operations.read() };
    this.channel = new Channel(sessionId, known, this.stamps, TIMING);
    if (!startSharing && membership.link) void this.ask("sharing:set", { on: false }).catch(() => undefined);
  }

  /** Calls back after changes, several at once where they come together. */
  subscribe(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Calls back with each event as it is folded in, and with broadcasts. */
  hear(hearer: (news: News) => void): void {
    this.hearers.add(hearer);
  }

  open(): void {
    this.watchTheDevice();
    this.perform(this.channel.start(performance.now()));
    setTimeout(() => this.goOnWithoutWord(), WITHOUT_WORD_MS);
    this.judging = setInterval(() => this.judge(), JUDGE_MS);
  }

  /** The server's time as far as this device can tell, in milliseconds. */
  now(): number {
    const steady = performance.now();
    this.stamps.look(steady, Date.now());
    return this.stamps.now(steady);
  }

  get me(): Participant | null {
    return this.state?.participants.get(this.state.me) ?? null;
  }

  get locationState(): LocationState {
    return this.location.state;
  }

  /** Whether this device's position was allowed before, so that nobody need be asked to allow it. */
  get wasLocated(): boolean {
    return isNoted(LOCATED);
  }

  /** For how long this device last gave no position because the page was in the background; 0 for never. */
  get awayFor(): number {
    return this.absence.lasted;
  }

  /** Has motion judged from now on. What judges it is fetched while the connection stands. */
  judgeMotion(): void {
    this.isJudging = true;
    this.judge();
  }

  get isSharing(): boolean {
    return this.isSharingKnown && this.channel.isSharing;
  }

  /** Whether the app on this person's phone sends their position, and this device none. */
  get isLocatedByApp(): boolean {
    return this.membership.isLocatedByApp ?? false;
  }

  /** Sends this device's position from now on, as if there were no app. */
  locateHere(): void {
    const { isLocatedByApp: _, ...membership } = this.membership;
    this.membership = membership;
    rememberMembership(membership);
    this.applySharing();
  }

  /** Whether this device's owner rides now: no keyboard opens then, but for passengers. */
  get isRiding(): boolean {
    return this.watch?.isRiding(this.now()) ?? false;
  }

  /** Whether its owner said that somebody else rides; ends by itself after 10 minutes without riding. */
  get isPassenger(): boolean {
    return this.watch?.isPassenger(this.now()) ?? false;
  }

  sayPassenger(): void {
    this.watch?.sayPassenger(this.now());
    this.changed();
  }

  /** The question whether all is well was answered. */
  answerStop(): void {
    this.watch?.answer();
    this.changed();
  }

  get links(): Pick<Membership, "link" | "viewerLink"> {
    return this.membership;
  }

  get sessionId(): string {
    return this.membership.sessionId;
  }

  get token(): string {
    return this.membership.token;
  }

  /** How far the session is known to the channel. */
  get offset(): number {
    return this.channel.state?.offset ?? 0;
  }

  /** The operations without a final answer, in order. */
  get waiting(): readonly Operation[] {
    return this.channel.waiting;
  }

  /** This device's newest shared fix. */
  get newestFix(): Fix | null {
    return this.channel.newestFix;
  }

  /** Where this device was 3 s ago, which is where its owner saw what they mark now; null where that is not known. */
  get whereIWas(): Point | null {
    return this.isSharing ? whereOneWas(this.recent, this.now()) : null;
  }

  /** Shares this device's position or stops; either way at once on this device, and for everyone when it is stored. */
  setSharing(on: boolean): Promise<number> {
    this.isSharingKnown = true;
    return this.ask("sharing:set", { on });
  }

  /** Asks the browser for positions again, after it refused or found none. */
  retryLocation(): void {
    this.location.stop();
    if (this.sendsPositions) this.location.start();
  }

  /** Leaves for good; by HTTP where the socket is away. */
  async leave(): Promise<void> {
    this.location.stop();
    try {
      if (this.channel.connection === "joined") await this.ask("leave", {});
      else await leaveSession(this.membership.sessionId, this.membership.token).catch(acceptGone);
    } catch (error) {
      this.applySharing();
      throw error;
    }
    this.finish("left");
  }

  /**
   * Asks for an operation, and settles with its answer, however often the connection breaks meanwhile. Resolves to the offset
   * of its event, which names what it adds.
   *
   * @param options - `opId` where it must be known before; `lastsMs` after which it is not sent any more.
   */
  ask<Name extends keyof Operations>(event: Name, fields: Operations[Name], options: AskOptions = {}): Promise<number> {
    const { opId = randomId(), lastsMs } = options;
    const askedAt = this.now();
    const until = lastsMs !== undefined && { until: askedAt + lastsMs };
    const operation = { event, payload: { op_id: opId, ...fields }, askedAt, ...until };
    return new Promise((resolve, reject: (refusal: Refusal) => void) => {
      this.settling.set(opId, (outcome) =>
        "ok" in outcome ? resolve(this.offsetOf(outcome.ok)) : reject(outcome.error),
      );
      // Kept fixes have a place of their own, from which they are sent again.
      if (event !== "fixes:send") this.operations.add(operation);
      this.perform(this.channel.submit(operation, performance.now()));
    });
  }

  private offsetOf({ offset }: Readonly<Record<string, unknown>>): number {
    return typeof offset === "number" ? offset : (this.state?.offset ?? 0);
  }

  /** Takes back what was asked for; false where it is on its way, or settled. */
  withdraw(opId: string): boolean {
    const actions = this.channel.withdraw(opId);
    this.perform(actions);
    return actions.length > 0;
  }

  /** Sends what is worth nothing later: without a connection it is lost. */
  push(event: string, payload: Readonly<Record<string, unknown>>): void {
    this.perform(this.channel.push(event, payload));
  }

  /** Carries out what the channel asks for, and sets the timer for when it wants to be asked again. */
  private perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.type) {
        case "dial":
          this.dial();
          break;
        case "send":
          this.socket?.send(action.frame);
          break;
        case "withhold":
          this.backlog.clear();
          break;
        case "disconnect":
          this.socket?.close(action.code);
          this.socket = null;
          break;
        case "settle":
          // Where newer pages replaced this one the session goes on, and what was asked for is still wanted.
          if (this.channel.closed !== "replaced") this.noteUnmet(this.operations.remove(action.opId), action.outcome);
          this.settling.get(action.opId)?.(action.outcome);
          this.settling.delete(action.opId);
          break;
        case "notify":
          this.pass(action.news);
      }
    }
    if (this.timer !== null) clearTimeout(this.timer);
    const { deadline } = this.channel;
    const tick = () => this.perform(this.channel.tick(performance.now()));
    this.timer = deadline === null ? null : setTimeout(tick, Math.max(0, deadline - performance.now()));
    this.look();
  }

  private noteUnmet(operation: Operation | undefined, outcome: Outcome): void {
    if (!operation || "ok" in outcome || outcome.error.reason === "withdrawn") return;
    this.unmet.push({ operation, reason: outcome.error.reason });
    if (this.unmet.length > MOST_UNMET) this.unmet.shift();
    this.changed();
  }

  private pass(news: News): void {
    if (news.type === "broadcast") {
      const { name, payload } = news;
      if (typeof payload !== "object" || payload === null) return;
      const kept = new Map(this.broadcasts.get(name));
      for (const [key, value] of Object.entries(payload)) {
        if (value === null) kept.delete(key);
        else kept.set(key, value);
      }
      this.broadcasts.set(name, kept);
      this.changed();
    }
    for (const hearer of this.hearers) hearer(news);
  }

  private dial(): void {
    const now = () => performance.now();
    this.socket = new SessionSocket(this.membership, {
      onOpen: () => {
        this.tellOpened();
        this.perform(this.channel.opened(now()));
      },
      onFrame: (frame) => {
        this.stamps.look(now(), Date.now());
        this.perform(this.channel.received(frame, now()));
      },
      onClose: (code) => this.perform(this.channel.lost(now(), code)),
    });
  }

  /** Takes what the channel knows now, and does what follows from it. */
  private look(): void {
    if (this.ending) return;
    if (this.corrections !== this.stamps.corrections) {
      this.corrections = this.stamps.corrections;
      this.backlog.settle((fix) => this.stamps.settled(fix));
      this.recent = [];
      this.watch?.forget();
    }
    const wasLive = this.link === "live";
    this.lookAtLink(this.channel.connection);
    this.follow(this.withOwnFix(this.channel.state));
    const { closed } = this.channel;
    if (closed !== null) {
      this.finish(endingOf(closed));
      return;
    }
    if (this.isSharing !== this.wasSharing) this.applySharing();
    if (this.link === "live" && !wasLive) this.sendKeptFixes();
  }

  private lookAtLink(connection: Channel["connection"]): void {
    const before = this.link;
    if (connection === "joined") this.link = "live";
    else if (connection === "waiting" || before === "live") this.link = "lost";
    if (this.link === before) return;
    this.lostSince = this.link === "live" ? null : (this.lostSince ?? performance.now());
    if (this.link === "live") this.isSharingKnown = true;
    else this.goOnWithoutWord();
    this.changed();
  }

  private follow(state: SessionState | null): void {
    const before = this.state;
    if (state === before) return;
    this.state = state;
    const expiresAt = state?.session.expires_at;
    if (expiresAt !== undefined && expiresAt !== before?.session.expires_at) {
      this.membership = { ...this.membership, expiresAt };
      rememberMembership(this.membership);
    }
    this.keepingSeen ??= setTimeout(() => this.keepSeen(), KEEP_SEEN_MS);
    this.changed();
  }

  /** This device's own place is shown before the server has told it to everyone. */
  private withOwnFix(state: SessionState | null): SessionState | null {
    const fix = this.channel.newestFix;
    if (state === this.shown.state && fix === this.shown.fix) return this.state;
    this.shown = { state, fix };
    if (!state || !fix) return state;
    return reduce(state, { type: "positions", positions: [{ ...fix, participant: state.me }], at: this.now() });
  }

  private share(fix: Fix): void {
    this.stamps.note(fix);
    this.recent = keepRecent(this.recent, fix);
    if (this.isSharing && this.channel.connection !== "joined") this.backlog.add(fix);
    this.perform(this.channel.report(fix));
    this.judge();
  }

  /** Looks at who rides, stopped and fell silent, and asks for what follows. */
  private judge(): void {
    const { watch } = this;
    if (this.isJudging && !watch && this.link === "live") void this.fetchWatch();
    if (!watch || !this.state || this.ending) return;
    const wasAsking = watch.isAsking;
    for (const [event, fields] of watch.look(this.state, this.now(), this.link === "live")) {
      // Where the server refuses it, the next look finds what still holds.
      void this.ask(event, fields).catch(() => undefined);
    }
    if (watch.isAsking !== wasAsking) this.changed();
  }

  private async fetchWatch(): Promise<void> {
    if (this.isFetchingWatch) return;
    this.isFetchingWatch = true;
    try {
      const { Watch } = await import("./watch");
      this.watch = new Watch();
      this.changed();
    } catch {
      // The next look fetches it again.
    }
    this.isFetchingWatch = false;
  }

  private sendKeptFixes(): void {
    if (!this.isSharing) this.backlog.clear();
    const fixes = this.backlog.kept;
    const newest = fixes.at(-1);
    if (!newest || this.isSendingKept) return;
    this.isSendingKept = true;
    // They stay kept until they have arrived; where the server refuses them, it will do so again.
    const done = () => {
      this.isSendingKept = false;
      this.backlog.drop(newest.fix_time);
      // What was kept while these were on their way.
      if (this.link === "live") this.sendKeptFixes();
    };
    void this.ask("fixes:send", { fixes }).then(done, done);
  }

  /** Loaded without a network: shares what the server will be told later, as it was when the session was last seen. */
  private goOnWithoutWord(): void {
    if (!this.me || this.ending || this.isSharingKnown) return;
    this.isSharingKnown = true;
    this.applySharing();
  }

  private locationChanged(): void {
    if (this.locationState === "on") note(LOCATED);
    if (this.locationState === "refused") forgetNote(LOCATED);
    this.changed();
  }

  private keepSeen(): void {
    if (this.keepingSeen !== null) clearTimeout(this.keepingSeen);
    this.keepingSeen = null;
    if (this.state && !this.ending) lastSeen(this.membership.sessionId).write(writeSeen(this.state, this.now()));
  }

  private watchTheDevice(): void {
    const { signal } = this.watching;
    const now = () => performance.now();
    const isSeen = () => document.visibilityState === "visible";
    document.addEventListener(
      "visibilitychange",
      () => {
        if (!isSeen()) this.keepSeen();
        this.absence.note(isSeen(), this.sendsPositions, this.now(), this.channel.newestFix?.fix_time ?? 0);
        this.perform(this.channel.seen(isSeen(), now()));
        this.changed();
      },
      { signal },
    );
    addEventListener("pagehide", () => this.keepSeen(), { signal });
    addEventListener("online", () => this.perform(this.channel.reconnect(now())), { signal });
    addEventListener("offline", () => this.perform(this.channel.probe(now())), { signal });
    // It also says that the page was opened: the connection is on its way then.
    addEventListener("pageshow", ({ persisted }) => persisted && this.perform(this.channel.seen(isSeen(), now())), {
      signal,
    });
  }

  private get sendsPositions(): boolean {
    return this.isSharing && !this.isLocatedByApp;
  }

  private applySharing(): void {
    this.wasSharing = this.isSharing;
    if (this.sendsPositions) this.location.start();
    else {
      this.location.stop();
      this.backlog.clear();
    }
    this.wakeLock.set(this.sendsPositions);
    this.changed();
  }

  private finish(ending: Ending): void {
    if (this.ending) return;
    this.ending = ending;
    this.keepSeen();
    this.watching.abort();
    if (this.judging !== null) clearInterval(this.judging);
    this.location.stop();
    this.wakeLock.set(false);
    this.perform(this.channel.close());
    if (ending !== "full" && ending !== "replaced") forgetMembership(this.membership.sessionId);
    this.changed();
  }

  private changed(): void {
    if (this.isNotifying) return;
    this.isNotifying = true;
    queueMicrotask(() => {
      this.isNotifying = false;
      for (const listener of this.listeners) listener();
    });
  }
}

function endingOf(reason: string): Ending {
  switch (reason) {
    case "ended":
    case "expired":
    case "left":
    case "unauthorized":
    case "replaced":
      return reason;
    case "session_full":
      return "full";
    default:
      return "gone";
  }
}

function acceptGone(error: unknown): void {
  const isGone = error instanceof ApiError && (error.code === "unauthorized" || error.code === "session_not_found");
  if (!isGone) throw error;
}
