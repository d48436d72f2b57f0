/** One membership while its map is open: state, connection and this device's position, and what one can do. */

import { LocationSource, type LocationState } from "../device/location";
import { ReadingClock } from "../device/reading_time";
import { WakeLock } from "../device/wake_lock";
import {
  forgetMembership,
  forgetNote,
  isNoted,
  keptFixes,
  lastSeen,
  type Membership,
  note,
  randomId,
  rememberMembership,
} from "../memory/memory";
import type { Fix, JoinReply, Participant, SessionEvent } from "../model/model";
import { ApiError, leaveSession } from "../net/api";
import { type LinkState, SessionConnection } from "../net/connection";
import { ServerClock } from "../net/server_clock";
import { askedMs, operationWaitMs, type Refusal } from "../net/waits";
import { FixBacklog } from "./fix_backlog";
import { readSeen, writeSeen } from "./last_seen";
import { fixToSendAgain, newestOf, withdraws } from "./newest_fix";
import { type Action, reduce, type SessionState } from "./session_state";
import { STALE_MS } from "./staleness";

/** An absence that others notice: by then a position counts as stale. */
const AWAY_MS = STALE_MS;

/** Why the map is closed: ended by the host, run out, left by oneself, or a link that leads nowhere any more. */
export type Ending = "ended" | "expired" | "left" | "gone" | "full" | "unauthorized";

const TRIES = 4;
/** So long a join may take before this device goes by what it saw last. */
const WITHOUT_WORD_MS = 2_500;
const KEEP_SEEN_MS = 10_000;
const LOCATED = "located";

export class LiveSession {
  state: SessionState | null = null;
  link: LinkState = "connecting";
  /** When the connection was lost, by `performance.now()`. */
  lostSince: number | null = null;
  ending: Ending | null = null;
  /** What the person wants; the server's word follows. Null until the first join. */
  wantsSharing: boolean | null = null;

  /** For how long this device last gave no position because the page was in the background; 0 for never. */
  awayFor = 0;

  private readonly connection: SessionConnection;
  private readonly location: LocationSource;
  private readonly wakeLock = new WakeLock();
  private readonly listeners = new Set<() => void>();
  private readonly backlog: FixBacklog;
  private newestFix: Fix | null = null;
  /** What the server last said of this participant's sharing, as far as answers have come. */
  private storedSharing: boolean | null = null;
  private isSettlingSharing = false;
  /** `wantsSharing` is what was seen last; the server's word is still to come. */
  private isAssumed = false;
  private keepingSeen: ReturnType<typeof setTimeout> | null = null;
  private readonly ownOperations = new Set<string>();
  private readonly clock = new ServerClock(performance.now(), Date.now());
  private readonly readings = new ReadingClock();
  /** Fixes whose times were told before the server's clock was known well. */
  private unsettled = new WeakSet<Fix>();
  private isNotifying = false;
  /** When the page went into the background, on the server's clock and on the device's two. */
  private hidden: { readonly at: number; readonly steady: number; readonly wall: number } | null = null;
  private readonly watching = new AbortController();

  constructor(
    private membership: Membership,
    startSharing: boolean,
  ) {
    this.wantsSharing = startSharing ? null : false;
    this.state = readSeen(lastSeen(membership.sessionId).read(), Date.now());
    this.backlog = new FixBacklog(keptFixes(membership.sessionId));
    this.location = new LocationSource(
      (stamp) => this.timeOf(stamp),
      (fix) => this.sendFix(fix),
      () => this.locationChanged(),
    );
    const signal = this.watching.signal;
    document.addEventListener("visibilitychange", () => this.noteAbsence(), { signal });
    addEventListener("pagehide", () => this.keepSeen(), { signal });
    const known = () => (this.state && !this.state.gap ? this.state : null);
    this.connection = new SessionConnection(membership.socket, membership.sessionId, membership.token, known, {
      onLinkState: (link) => this.linkChanged(link),
      onJoined: (reply) => {
        this.hear(reply.server_time);
        this.dispatch({ type: "joined", reply });
        this.settleAfterJoin(reply);
      },
      onEvent: (event) => {
        this.dispatch({ type: "event", event });
        this.followOtherPages(event);
      },
      onPositions: (serverTime, positions) => {
        this.hear(serverTime);
        this.dispatch({ type: "positions", positions, at: serverTime });
      },
      onPresence: (connected) => this.dispatch({ type: "presence", connected, at: this.now() }),
      onRefused: (reason) => this.finish(endingOf(reason)),
    });
  }

  /** Calls back after changes, several at once where they come together. */
  subscribe(listener: () => void): void {
    this.listeners.add(listener);
  }

  open(): void {
    this.connection.open();
    setTimeout(() => this.goOnWithoutWord(), WITHOUT_WORD_MS);
  }

  /** Resolves when the socket has opened for the first time. */
  get opened(): Promise<void> {
    return this.connection.opened;
  }

  /** The server's time as far as this device can tell, in milliseconds. */
  now(): number {
    const steady = performance.now();
    this.clock.look(steady, Date.now());
    return Math.round(this.clock.now(steady));
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

  get isSharing(): boolean {
    return this.wantsSharing === true && this.me?.role !== "viewer";
  }

  get links(): Pick<Membership, "link" | "viewerLink"> {
    return this.membership;
  }

  /** Shares this device's position or stops; either way at once on this device, and for everyone when it is stored. */
  async setSharing(on: boolean): Promise<void> {
    this.wantsSharing = on;
    this.isAssumed = false;
    this.applySharing();
    await this.settleSharing();
  }

  /** Asks the browser for positions again, after it refused or found none. */
  retryLocation(): void {
    this.location.stop();
    if (this.isSharing) this.location.start();
  }

  setProfile(fields: { name?: string; color?: string }): Promise<void> {
    return this.perform("profile:set", fields);
  }

  extend(seconds: number): Promise<void> {
    return this.perform("session:set", { extend_s: seconds });
  }

  /** Asks the host for more time. */
  askTime(): Promise<void> {
    return this.perform("time:ask", {});
  }

  async endForAll(): Promise<void> {
    await this.perform("session:end", {});
    this.finish("ended");
  }

  /** Takes over from a host who is away; the server refuses while they have not been away for long. */
  claimHost(): Promise<void> {
    return this.perform("host:claim", {});
  }

  /** Leaves for good; by HTTP where the socket is away. */
  async leave(): Promise<void> {
    this.location.stop();
    try {
      if (this.connection.isLive) await this.perform("leave", {});
      else await leaveSession(this.membership.sessionId, this.membership.token).catch(acceptGone);
    } catch (error) {
      this.applySharing();
      throw error;
    }
    this.finish("left");
  }

  private async perform(operation: string, payload: Readonly<Record<string, unknown>>): Promise<void> {
    const opId = randomId();
    this.ownOperations.add(opId);
    for (let failures = 0; ; ) {
      try {
        await this.connection.submit(operation, { op_id: opId, ...payload });
        return;
      } catch (error) {
        const refusal = error as Refusal;
        const isOver = refusal.reason === "session_not_found" && (operation === "leave" || operation === "session:end");
        if (isOver) return;
        if (askedMs(refusal) === 0) failures += 1;
        const wait = operationWaitMs(refusal, failures, TRIES);
        if (wait === null) throw refusal;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  private timeOf(stamp: number): number {
    return this.readings.timeOf(stamp, { server: this.now(), steady: performance.now(), wall: Date.now() });
  }

  /** Takes what the server says its time is, and gives fixes the times that follow from it. */
  private hear(serverTime: number): void {
    const steady = performance.now();
    this.clock.look(steady, Date.now());
    const by = this.clock.hear(serverTime, steady);
    if (by === 0) return;
    const unsettled = this.unsettled;
    this.unsettled = new WeakSet();
    const settled = (fix: Fix) => (unsettled.has(fix) ? { ...fix, fix_time: Math.round(fix.fix_time + by) } : fix);
    if (this.newestFix) this.newestFix = settled(this.newestFix);
    this.backlog.settle(settled);
  }

  private sendFix(fix: Fix): void {
    if (this.clock.isUnsure) this.unsettled.add(fix);
    this.newestFix = newestOf(this.newestFix, fix, this.now());
    if (!this.connection.sendFix(fix)) this.backlog.add(fix);
    if (this.state)
      this.dispatch({ type: "positions", positions: [{ ...fix, participant: this.state.me }], at: this.now() });
  }

  private settleAfterJoin(reply: JoinReply): void {
    const me = this.me;
    if (!me || me.role === "viewer") {
      this.wantsSharing = false;
      return;
    }
    this.storedSharing = me.sharing;
    if (this.isAssumed) this.wantsSharing = me.sharing;
    this.isAssumed = false;
    this.wantsSharing ??= me.sharing;
    this.followMissedPauses(reply, me);
    this.applySharing();
    // Wanted while the connection was away, or said when joining.
    void this.settleSharing().catch(() => this.changed());
    this.sendKeptFixes();
    const lost = fixToSendAgain(this.newestFix, this.isSharing, reply);
    if (lost) this.connection.sendFix(lost);
  }

  /** Tells the server what is wanted, one change at a time: two at once could arrive the wrong way round. */
  private async settleSharing(): Promise<void> {
    if (this.isSettlingSharing || this.storedSharing === null) return;
    this.isSettlingSharing = true;
    try {
      while (this.storedSharing !== this.wantsSharing && !this.ending) {
        const on: boolean = this.wantsSharing === true;
        await this.perform("sharing:set", { on });
        this.storedSharing = on;
        // What was sent before the server knew that sharing goes on was not taken.
        if (on && this.newestFix !== null && this.isSharing) this.connection.sendFix(this.newestFix);
      }
    } finally {
      this.isSettlingSharing = false;
    }
  }

  /** The same participant may be open on another page, where sharing was paused or resumed. */
  private followOtherPages(event: SessionEvent): void {
    const isMine = event.type === "sharing_changed" && event.data?.participant === this.state?.me;
    if (!isMine || !event.data || this.isOwn(event)) return;
    this.storedSharing = event.data.on;
    this.wantsSharing = this.storedSharing;
    this.applySharing();
  }

  /** Paused on another page while the connection was away: no fix from before goes out, nor one after if it still holds. */
  private followMissedPauses(reply: JoinReply, me: Participant): void {
    if (!reply.events?.some((event) => withdraws(event, me.id) && !this.isOwn(event))) return;
    this.forgetFixes();
    // What is being asked for on this page is the last word.
    if (!me.sharing && !this.isSettlingSharing) this.wantsSharing = false;
  }

  private isOwn(event: SessionEvent): boolean {
    return event.op_id !== null && this.ownOperations.has(event.op_id);
  }

  private forgetFixes(): void {
    this.newestFix = null;
    this.backlog.clear();
  }

  private sendKeptFixes(): void {
    const fixes = this.backlog.kept;
    const newest = fixes.at(-1);
    if (newest) {
      // They stay kept until they have arrived; where the server refuses them, it will do so again.
      const drop = () => this.backlog.drop(newest.fix_time);
      void this.perform("fixes:send", { fixes }).then(drop, (refusal: Refusal) => refusal.retry || drop());
    }
  }

  /** Loaded without a network: shares what the server will be told later, as it was when the session was last seen. */
  private goOnWithoutWord(): void {
    const { me } = this;
    if (!me || this.ending || this.storedSharing !== null || this.wantsSharing !== null) return;
    this.wantsSharing = me.sharing && me.role !== "viewer";
    this.isAssumed = true;
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

  private noteAbsence(): void {
    if (document.visibilityState === "hidden") {
      this.keepSeen();
      const now = { at: this.now(), steady: performance.now(), wall: Date.now() };
      this.hidden = this.isSharing ? now : null;
      return;
    }
    const { hidden } = this;
    // Where the device slept, the steady clock may have stood still, and the server was not heard yet.
    const slept = hidden ? Math.max(0, Date.now() - hidden.wall - (performance.now() - hidden.steady)) : 0;
    // Some browsers go on giving positions for a while, and desktops often do.
    const shownUntil = Math.max(hidden?.at ?? Number.POSITIVE_INFINITY, this.newestFix?.fix_time ?? 0);
    const absence = this.now() + slept - shownUntil;
    if (this.isSharing && absence >= AWAY_MS) this.awayFor = absence;
    this.hidden = null;
    this.changed();
  }

  private applySharing(): void {
    if (this.isSharing) this.location.start();
    else {
      this.location.stop();
      this.forgetFixes();
    }
    this.wakeLock.set(this.isSharing);
    this.changed();
  }

  private dispatch(action: Action): void {
    const before = this.state;
    this.state = reduce(before, action);
    if (this.state === before) return;
    if (this.state?.endedBecause) {
      this.finish(this.state.endedBecause === "expired" ? "expired" : "ended");
    } else if (this.state && !this.me) {
      // Left here, where the event may come before the answer, or on another page.
      this.finish("left");
    } else if (this.state?.gap && !before?.gap) {
      this.connection.rejoin();
    } else if (this.state && this.state.session.expires_at !== before?.session.expires_at) {
      this.membership = { ...this.membership, expiresAt: this.state.session.expires_at };
      rememberMembership(this.membership);
    }
    this.keepingSeen ??= setTimeout(() => this.keepSeen(), KEEP_SEEN_MS);
    this.changed();
  }

  private linkChanged(link: LinkState): void {
    if (this.ending || link === this.link) return;
    this.link = link;
    if (link === "lost") {
      this.goOnWithoutWord();
      this.lostSince ??= performance.now();
      this.dispatch({ type: "presence_unknown" });
    }
    if (link === "live") this.lostSince = null;
    this.changed();
  }

  private finish(ending: Ending): void {
    if (this.ending) return;
    this.ending = ending;
    this.watching.abort();
    this.keepSeen();
    this.location.stop();
    this.wakeLock.set(false);
    this.connection.close();
    if (ending !== "full") forgetMembership(this.membership.sessionId);
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
  if (reason === "session_full") return "full";
  return reason === "unauthorized" ? "unauthorized" : "gone";
}

function acceptGone(error: unknown): void {
  const isGone = error instanceof ApiError && (error.code === "unauthorized" || error.code === "session_not_found");
  if (!isGone) throw error;
}
