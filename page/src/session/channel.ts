/**
 * One session over any number of connections, sans-I/O. The same rules as in the Python client's `channel.py`;
 * `tests/vectors/channel.json` holds both to them.
 *
 * What happens goes in (`opened`, `received`, `lost`, `tick`, and what the person wants), actions come out; the shell around
 * it (`live_session.ts`) carries them out and calls `tick` at `deadline`. Times are milliseconds of a clock that never goes
 * back, and are passed in, as is randomness.
 */
import { encodeFix } from "../model/codec";
import { decodeFrame, encodePush, encodeText, type Message, UnreadableFrame } from "../model/frame";
import type { Fix, JoinReply, Position, SessionEvent } from "../model/model";
import { askedMs, Backoff, type Refusal } from "../net/waits";
import type { Action, ConnectionState, News, Outcome, Timing } from "./actions";
import { readEvent, readJoinReply, readPositions, readPresence, readPresenceDiff, readReply } from "./incoming";
import { type Lane, Lanes } from "./lanes";
import { Patience } from "./patience";
import { isUrgent, type Operation } from "./pending_operations";
import { Presence } from "./presence";
import { type Action as Change, reduce, type SessionState } from "./session_state";
import { isAhead } from "./staleness";
import type { Stamps } from "./stamps";
import { type Timer, Timers } from "./timers";

/** Close codes after which the server does not want this client back, and what they mean. */
const FINAL_CLOSES: Readonly<Record<number, string>> = {
  4401: "unauthorized",
  4404: "session_not_found",
  4409: "replaced",
};
const NORMAL = 1000;
const UNANSWERED = 4000;
const PROBE_MS = 3_000;

const WITHDRAWN: Outcome = { error: { reason: "withdrawn", retry: false } };
const OUTDATED: Outcome = { error: { reason: "outdated", retry: false } };
const FINISHING = ["leave", "session:end"];
/** Endings that mean the same as an acknowledged `leave` or `session:end`. */
const DONE = ["left", "ended", "expired", "unauthorized", "session_not_found"];

export class Channel {
  state: SessionState | null;
  connection: ConnectionState = "waiting";
  /** Why it has ended, or null while it lives. */
  closed: string | null = null;
  /** The newest fix that was shared; it goes out again after a join whose answer does not have it. */
  newestFix: Fix | null = null;
  private readonly topic: string;
  private readonly lanes: Lanes;
  private readonly timers = new Timers();
  private readonly presence = new Presence();
  private readonly reconnects: Backoff;
  private readonly patience = new Patience();
  /** What was answered last, and the offset from which the session shows it: events may come after answers. */
  private answeredSharing = { on: true, shownFrom: 0 };
  private actions: Action[] = [];
  private isOpen = false;
  private isSeen = true;
  private lastRef = 0;
  private joinRef: string | null = null;
  private heartbeatRef: string | null = null;
  private needsSnapshot: boolean;

  /**
   * @param known - The session as it was last seen, and the operations that an earlier page could not send.
   * @param stamps - Told what the server says its time is.
   */
  constructor(
    sessionId: string,
    known: { readonly state: SessionState | null; readonly operations: readonly Operation[] },
    private readonly stamps: Stamps,
    private readonly timing: Timing,
    random: () => number = Math.random,
  ) {
    this.topic = `session:${sessionId}`;
    this.state = known.state;
    // An earlier page may not have known all types of events; this one may.
    this.needsSnapshot = known.state?.isIncomplete === true;
    this.lanes = new Lanes(known.operations, random);
    this.reconnects = new Backoff(random);
  }

  /** When `tick` is due; null where nothing is timed. */
  get deadline(): number | null {
    const next = Math.min(this.timers.next ?? Number.POSITIVE_INFINITY, this.lanes.deadline);
    return Number.isFinite(next) ? next : null;
  }

  /** The operations without a final answer, in the order of each lane, an SOS first. */
  get waiting(): readonly Operation[] {
    return this.lanes.waiting;
  }

  /** Whether a position may leave this device: what was asked for last counts, even before it is acknowledged. */
  get isSharing(): boolean {
    const { state, answeredSharing } = this;
    const wanted = this.lanes.sharing;
    const asked = wanted ?? answeredSharing.on;
    if (state === null) return asked;
    const me = state.participants.get(state.me);
    if (!me || me.role === "viewer") return false;
    return wanted === null && state.offset >= answeredSharing.shownFrom ? me.sharing : asked;
  }

  start(now: number): Action[] {
    this.timers.set("dial", now);
    return this.tick(now);
  }

  tick(now: number): Action[] {
    for (const timer of this.timers.due(now)) {
      // An earlier one of the same tick may have cancelled this one.
      if (this.timers.cancel(timer)) this.onTimer(timer, now);
    }
    this.forgetFixes(this.lanes.tick(now));
    this.sendOperations(now);
    return this.take();
  }

  /** The WebSocket is open. */
  opened(now: number): Action[] {
    if (this.closed === null) {
      this.isOpen = true;
      this.timers.set("heartbeat", now + this.timing.heartbeat);
      this.join(now);
    }
    return this.take();
  }

  /** The WebSocket could not be opened, or has closed. */
  lost(now: number, code: number): Action[] {
    if (this.closed === null) {
      this.isOpen = false;
      const reason = FINAL_CLOSES[code];
      if (reason) this.finish(reason);
      else this.waitToDial(now);
    }
    return this.take();
  }

  /** A frame came. */
  received(frame: string | ArrayBuffer, now: number): Action[] {
    if (this.closed === null && this.isOpen) {
      // Whatever comes is a sign of life: on a slow way the answer may wait behind it.
      if (this.timers.has("heartbeatAnswer")) this.timers.set("heartbeatAnswer", now + this.timing.silence);
      try {
        this.handle(decodeFrame(frame), now);
      } catch (error) {
        if (!(error instanceof UnreadableFrame)) throw error;
        // A snapshot says again whatever could not be read.
        this.rejoinLater(now, 0, true);
      }
    }
    return this.take();
  }

  /**
   * Asks for an operation; its `settle` comes sooner or later, whatever happens to connections. Of statuses that wait only
   * the newest goes.
   */
  submit(operation: Operation, now: number): Action[] {
    const older = this.closed === null ? this.lanes.replacedBy(operation) : [];
    for (const one of older) this.settle(one, WITHDRAWN);
    const refused = this.closed ?? (this.lanes.isFullFor(operation) ? "too_many_requests" : null);
    if (refused !== null) {
      this.settle(operation, { error: { reason: refused, retry: false } });
      return this.take();
    }
    const fixes = this.lanes.add(operation, this.state?.me);
    if (!isUrgent(operation) && this.lanes.sharing === false) {
      this.newestFix = null;
      this.actions.push({ type: "withhold" });
    }
    this.forgetFixes(fixes);
    this.sendOperations(now);
    return this.take();
  }

  /** Takes back what is not on its way: it is not sent, and settles as withdrawn. */
  withdraw(opId: string): Action[] {
    for (const operation of this.lanes.withdraw(opId)) this.settle(operation, WITHDRAWN);
    return this.take();
  }

  /** Pushes what is worth nothing later: where there is no connection it is lost. */
  push(event: string, payload: Readonly<Record<string, unknown>>): Action[] {
    if (this.connection === "joined") this.send(this.message(event, payload));
    return this.take();
  }

  /** Sends a position where there is a connection; nothing while sharing is off. */
  report(fix: Fix): Action[] {
    if (this.closed !== null || !this.isSharing) return [];
    // Receivers may say an older one late.
    if (this.newestFix === null || fix.fix_time >= this.newestFix.fix_time) this.newestFix = fix;
    if (this.connection === "joined") this.sendFix(fix);
    return this.take();
  }

  /** The page came into sight or went out of it: one that is not seen waits patiently, and comes back when it is. */
  seen(isSeen: boolean, now: number): Action[] {
    this.isSeen = isSeen;
    return isSeen ? this.probe(now) : [];
  }

  /** Makes sure that an open connection still answers: a phone that slept may hold a dead one. */
  probe(now: number): Action[] {
    if (this.connection !== "joined") return this.reconnect(now);
    this.sendHeartbeat(now + PROBE_MS);
    return this.take();
  }

  /** Dials again at once, since the device says that there is a network. */
  reconnect(now: number): Action[] {
    if (this.closed === null) this.dialAgain(now);
    return this.take();
  }

  /** Ends it from this side; the participant stays in the session. */
  close(): Action[] {
    if (this.closed === null) this.finish("disconnected");
    return this.take();
  }

  // Connections and joins

  private onTimer(timer: Timer, now: number): void {
    switch (timer) {
      case "dial":
        this.dial(now);
        break;
      case "rejoin":
        this.beginAttempt(now);
        this.join(now);
        break;
      case "attempt":
        if (this.isSeen) this.dialAgain(now);
        break;
      case "heartbeat":
        this.sendHeartbeat(now + this.timing.silence);
        break;
      case "join":
      case "heartbeatAnswer":
        this.drop(now);
        break;
      case "stable":
        this.reconnects.reset();
    }
  }

  private dial(now: number): void {
    this.connection = "connecting";
    this.beginAttempt(now);
    this.actions.push({ type: "dial" });
  }

  private dialAgain(now: number): void {
    this.isOpen = false;
    this.actions.push({ type: "disconnect", code: UNANSWERED });
    this.forgetConnection();
    this.timers.cancel("dial");
    this.dial(now);
  }

  private beginAttempt(now: number): void {
    if (this.timing.isImpatient) this.timers.set("attempt", now + this.patience.begin(now));
  }

  private sendHeartbeat(answerBy: number): void {
    this.heartbeatRef = this.nextRef();
    this.send({ joinRef: null, ref: this.heartbeatRef, topic: "phoenix", event: "heartbeat", payload: {} });
    this.timers.cancel("heartbeat");
    this.timers.set("heartbeatAnswer", answerBy);
  }

  private join(now: number): void {
    this.connection = "connecting";
    this.forgetFixes(this.lanes.interrupted());
    this.joinRef = this.nextRef();
    this.presence.forget();
    const { state } = this;
    const known = state !== null &&
      !this.needsSnapshot && { offset: state.offset, ...(state.mark && { mark: state.mark }) };
    const { joinRef, topic } = this;
    this.send({ joinRef, ref: joinRef, topic, event: "phx_join", payload: { mode: "binary", ...known } });
    this.timers.set("join", now + this.timing.answer);
  }

  /** Joins again over the same socket; until then what comes for the channel is not listened to. */
  private rejoinLater(now: number, wait = 0, needsSnapshot = false): void {
    this.needsSnapshot ||= needsSnapshot;
    this.joinRef = null;
    this.forgetFixes(this.lanes.interrupted());
    for (const timer of ["attempt", "join", "stable"] as const) this.timers.cancel(timer);
    this.connection = "connecting";
    this.timers.set("rejoin", now + wait + this.reconnects.next());
  }

  private drop(now: number): void {
    this.isOpen = false;
    this.actions.push({ type: "disconnect", code: UNANSWERED });
    this.waitToDial(now);
  }

  private waitToDial(now: number): void {
    this.forgetConnection();
    this.connection = "waiting";
    this.timers.set("dial", now + this.reconnects.next());
  }

  private forgetConnection(): void {
    this.joinRef = this.heartbeatRef = null;
    this.forgetFixes(this.lanes.interrupted());
    this.timers.cancelThoseOfAConnection();
    this.fold({ type: "presence_unknown" });
  }

  private finish(reason: string): void {
    if (this.isOpen || this.connection === "connecting") this.actions.push({ type: "disconnect", code: NORMAL });
    this.isOpen = false;
    this.forgetConnection();
    this.timers.clear();
    this.newestFix = null;
    this.closed = reason;
    for (const operation of this.lanes.drain()) {
      const isDone = FINISHING.includes(operation.event) && DONE.includes(reason);
      this.settle(operation, isDone ? this.doneAlready() : { error: { reason, retry: false } });
    }
    this.connection = "closed";
  }

  // What comes in

  private handle(message: Message, now: number): void {
    if (message.topic === "phoenix") {
      if (message.ref === null || message.ref !== this.heartbeatRef) return;
      this.timers.cancel("heartbeatAnswer");
      this.timers.set("heartbeat", now + this.timing.heartbeat);
      return;
    }
    if (message.topic !== this.topic || this.joinRef === null) return;
    if (message.joinRef !== null && message.joinRef !== this.joinRef) return;
    if (message.event === "phx_reply") this.onReply(message, now);
    else if (message.event === "phx_error") this.rejoinLater(now);
    else if (message.event === "phx_close") this.finish("closed");
    // Else it is meant for the channel that the join under way replaces; the reply to that join has it all.
    else if (this.connection === "joined") this.onBroadcast(message, now);
  }

  private onBroadcast({ event, payload }: Message, now: number): void {
    switch (event) {
      case "event":
        this.onEvent(readEvent(payload), now);
        break;
      case "positions": {
        const positions = readPositions(payload);
        this.hear(positions.server_time, now);
        this.fold({ type: "positions", positions: positions.positions, at: positions.server_time });
        break;
      }
      case "presence_state":
        this.setPresent(this.presence.replace(readPresence(payload)), now);
        break;
      case "presence_diff":
        this.setPresent(this.presence.change(readPresenceDiff(payload)), now);
        break;
      default:
        this.notify({ type: "broadcast", name: event, payload });
    }
  }

  private setPresent(connected: ReadonlySet<number> | null, now: number): void {
    if (connected) this.fold({ type: "presence", connected, at: this.stamps.now(now) });
  }

  private onReply({ ref, payload }: Message, now: number): void {
    const { isOk, response } = readReply(payload);
    if (ref === this.joinRef) {
      if (!this.timers.cancel("join")) return;
      if (isOk) this.onJoined(readJoinReply(response), now);
      else this.onJoinRefused(response as Partial<Refusal>, now);
      return;
    }
    for (const lane of this.lanes.both) {
      const operation = lane.answered(ref ?? "");
      if (operation === null) continue;
      if (isOk) this.onDone(lane, operation, response);
      else if (response.reason === "unmatched topic") this.rejoinLater(now);
      else this.onRefused(lane, operation, response as unknown as Refusal, now);
      this.sendOperations(now);
    }
  }

  private onJoined(reply: JoinReply, now: number): void {
    this.hear(reply.server_time, now);
    if (reply.snapshot) this.needsSnapshot = false;
    for (const event of reply.events ?? []) this.withhold(event);
    const before = this.state?.offset ?? 0;
    this.fold({ type: "joined", reply });
    if (reply.snapshot) this.notify({ type: "snapshot" });
    else for (const event of reply.events ?? []) this.notifyOf(event, before);
    if (this.state === null || this.state.gap) {
      this.rejoinLater(now, 0, true);
      return;
    }
    this.timers.cancel("attempt");
    this.timers.set("stable", now + this.timing.stable);
    this.patience.succeeded(now);
    this.connection = "joined";
    this.finishWhereOver();
    if (this.closed !== null) return;
    this.sendNewestFix(reply.positions);
    this.sendOperations(now);
  }

  private onJoinRefused(refusal: Partial<Refusal>, now: number): void {
    if (refusal.retry) this.rejoinLater(now, askedMs(refusal));
    else this.finish(refusal.reason ?? "session_not_found");
  }

  private onEvent(event: SessionEvent, now: number): void {
    this.withhold(event);
    const before = this.state?.offset ?? 0;
    this.fold({ type: "event", event });
    this.notifyOf(event, before);
    if (this.state?.gap) {
      this.rejoinLater(now, 0, true);
      return;
    }
    this.finishWhereOver();
    // It may have come before the server knew that sharing goes on.
    if (event.type === "sharing_changed" && event.data?.on && event.data.participant === this.state?.me)
      this.sendNewestFix([...this.state.positions.values()]);
  }

  /** Forgets fixes where sharing was paused on another page, unless it was asked for again here since. */
  private withhold(event: SessionEvent): void {
    const { state } = this;
    if (!state || event.offset <= state.offset || this.lanes.sharing === true) return;
    const isPause = event.type === "participant_left" || (event.type === "sharing_changed" && event.data?.on === false);
    if (!isPause || event.data?.participant !== state.me) return;
    this.newestFix = null;
    this.actions.push({ type: "withhold" });
  }

  private finishWhereOver(): void {
    const { state } = this;
    if (state === null) return;
    if (state.endedBecause !== null) this.finish(state.endedBecause);
    else if (!state.participants.has(state.me)) this.finish("left");
  }

  private hear(serverTime: number, now: number): void {
    this.stamps.hear(serverTime, now);
    if (this.newestFix === null) return;
    const fix = this.stamps.settled(this.newestFix);
    const serverNow = this.stamps.now(now);
    // Where the server's clock was set back, a time from before must not keep newer fixes from being the newest.
    this.newestFix = isAhead(fix, serverNow) ? { ...fix, fix_time: serverNow } : fix;
  }

  /** @param before - The offset before it was folded: it may have been known. */
  private notifyOf(event: SessionEvent, before: number): void {
    const isNew = event.offset > before && event.offset <= (this.state?.offset ?? 0);
    if (isNew) this.notify({ type: "event", event });
  }

  private notify(news: News): void {
    this.actions.push({ type: "notify", news });
  }

  private fold(change: Change): void {
    this.state = reduce(this.state, change);
  }

  // What goes out

  /** Sends the next one of each lane, unless one is on its way there. */
  private sendOperations(now: number): void {
    if (this.connection !== "joined") return;
    this.dropOutdated(now);
    for (const lane of this.lanes.both) {
      const operation = lane.toSend();
      if (operation === null) continue;
      const message = this.message(operation.event, operation.payload);
      lane.sent(operation, message.ref, now + this.timing.answer);
      this.send(message);
    }
  }

  /** What waited too long says something that is not so any more. */
  private dropOutdated(now: number): void {
    const serverNow = this.stamps.now(now);
    const isOutdated = ({ until }: Operation) => until !== undefined && until < serverNow;
    for (const operation of this.lanes.withdrawWhere(isOutdated)) this.settle(operation, OUTDATED);
  }

  private onRefused(lane: Lane, operation: Operation, refusal: Refusal, now: number): void {
    if (refusal.retry) {
      lane.refusedForAWhile(operation, refusal, now);
    } else if (FINISHING.includes(operation.event) && DONE.includes(refusal.reason)) {
      this.onDone(lane, operation, this.doneAlready().ok);
    } else {
      lane.settle(operation);
      this.settle(operation, { error: refusal });
    }
  }

  private onDone(lane: Lane, operation: Operation, reply: Readonly<Record<string, unknown>>): void {
    const { event, payload } = operation;
    lane.settle(operation);
    this.settle(operation, { ok: reply });
    const shownFrom = reply.offset;
    if (event === "sharing:set" && typeof shownFrom === "number")
      this.answeredSharing = { on: payload.on === true, shownFrom };
    if (FINISHING.includes(event)) this.finish(event === "leave" ? "left" : "ended");
  }

  private forgetFixes(withdrawn: readonly Operation[]): void {
    for (const operation of withdrawn) this.settle(operation, { ok: { accepted: 0 } });
  }

  private doneAlready(): { readonly ok: { readonly offset: number } } {
    return { ok: { offset: this.state?.offset ?? 0 } };
  }

  /** Sends the newest fix where the server has none of this participant, or an older one. */
  private sendNewestFix(known: readonly Position[]): void {
    const fix = this.newestFix;
    if (fix === null || !this.isSharing) return;
    const mine = known.find(({ participant }) => participant === this.state?.me);
    if (!mine || mine.fix_time < fix.fix_time) this.sendFix(fix);
  }

  private sendFix(fix: Fix): void {
    const frame = encodePush(this.message("position", null), encodeFix(fix));
    this.actions.push({ type: "send", frame });
  }

  private settle({ payload }: Operation, outcome: Outcome): void {
    this.actions.push({ type: "settle", opId: payload.op_id, outcome });
  }

  private send(message: Message): void {
    this.actions.push({ type: "send", frame: encodeText(message) });
  }

  private message(event: string, payload: unknown): Message & { readonly ref: string } {
    return { joinRef: this.joinRef, ref: this.nextRef(), topic: this.topic, event, payload };
  }

  private nextRef(): string {
    this.lastRef += 1;
    return String(this.lastRef);
  }

  private take(): Action[] {
    const { actions } = this;
    this.actions = [];
    return actions;
  }
}
