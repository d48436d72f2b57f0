/**
 * One session over any number of connections, sans-I/O. The same rules as in the Python client's `channel.py`;
 * `tests/vectors/channel.json` holds both to them.
 *
 * What happens goes in (`opened`, `received`, `lost`, `tick`, and what the person wants), actions come out; the shell around
 * it (`live_session.ts`) carries them out and calls `tick` at `deadline`. Times are milliseconds of a clock that never goes
 * back, and are passed in, as is randomness.
 */
import { decodePositions, encodeFix } from "../model/codec";
import { decodeFrame, encodePush, encodeText, type Message } from "../model/frame";
import type { Fix, JoinReply, Position, SessionEvent } from "../model/model";
import { askedMs, Backoff, type Refusal } from "../net/waits";
import type { Action, ConnectionState, News, Outcome, Timing } from "./actions";
import { Patience } from "./patience";
import { isReplacedBy, isUrgent, type Operation, PendingOperations } from "./pending_operations";
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
const RAISE = "sos:raise";
/** Endings that mean the same as an acknowledged `leave` or `session:end`. */
const DONE = ["left", "ended", "expired", "unauthorized", "session_not_found"];

/** Operations that wait for each other, and for no others. */
interface Lane {
  readonly pending: PendingOperations;
  /** Runs while the answer to one is awaited. */
  readonly answer: Timer;
  /** Runs until the first one is sent once more. */
  readonly retry: Timer;
  readonly retries: Backoff;
}

export class Channel {
  state: SessionState | null;
  connection: ConnectionState = "waiting";
  /** Why it has ended, or null while it lives. */
  closed: string | null = null;
  /** The newest fix that was shared; it goes out again after a join whose answer does not have it. */
  newestFix: Fix | null = null;
  private readonly topic: string;
  /** For an SOS, and for everything else. */
  private readonly lanes: readonly [urgent: Lane, ordinary: Lane];
  private readonly pending: PendingOperations;
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
    const urgent = new PendingOperations(known.operations.filter(isUrgent));
    this.pending = new PendingOperations(known.operations.filter((one) => !isUrgent(one)));
    this.lanes = [
      { pending: urgent, answer: "urgentAnswer", retry: "urgentRetry", retries: new Backoff(random) },
      { pending: this.pending, answer: "operationAnswer", retry: "operationRetry", retries: new Backoff(random) },
    ];
    this.reconnects = new Backoff(random);
  }

  /** When `tick` is due; null where nothing is timed. */
  get deadline(): number | null {
    return this.timers.next;
  }

  /** The operations without a final answer, in the order of each lane, an SOS first. */
  get waiting(): readonly Operation[] {
    return this.lanes.flatMap(({ pending }) => pending.waiting);
  }

  /** Whether a position may leave this device: what was asked for last counts, even before it is acknowledged. */
  get isSharing(): boolean {
    const { state, answeredSharing } = this;
    const wanted = this.pending.sharing();
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
      } catch {
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
    const { pending } = this.lanes[isUrgent(operation) ? 0 : 1];
    const older = this.closed === null ? pending.withdraw((one) => isReplacedBy(operation, one)) : [];
    for (const one of older) this.settle(one, WITHDRAWN);
    const refused = this.closed ?? (pending.isFull ? "too_many_requests" : null);
    if (refused !== null) {
      this.settle(operation, { error: { reason: refused, retry: false } });
      return this.take();
    }
    pending.add(operation);
    if (this.isOwnSos(operation) && this.pending.sharing() === false) {
      // It starts sharing at the server: a pause that waits here must not come after it.
      this.pending.add({ event: "sharing:set", payload: { op_id: `${operation.payload.op_id}.sharing`, on: true } });
    }
    if (!isUrgent(operation) && this.pending.sharing() === false) {
      this.newestFix = null;
      this.actions.push({ type: "withhold" });
      this.withdrawFixes();
    }
    this.sendOperations(now);
    return this.take();
  }

  /** Takes back what is not on its way: it is not sent, and settles as withdrawn. */
  withdraw(opId: string): Action[] {
    // With one's own SOS goes that it starts sharing.
    for (const id of [opId, `${opId}.sharing`]) {
      const operation = this.lanes.map(({ pending }) => pending.take(id)).find((one) => one !== null);
      if (operation) this.settle(operation, WITHDRAWN);
    }
    return this.take();
  }

  /** Pushes what is worth nothing later: where there is no connection it is lost. */
  push(event: string, payload: Readonly<Record<string, unknown>>): Action[] {
    if (this.connection === "joined") this.send(this.message(event, payload));
    return this.take();
  }

  private isOwnSos({ event, payload: { participant } }: Operation): boolean {
    return event === RAISE && (participant === undefined || participant === this.state?.me);
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
      case "operationAnswer":
      case "urgentAnswer":
        this.interrupt(this.lanes.filter(({ answer }) => answer === timer));
        this.sendOperations(now);
        break;
      case "operationRetry":
      case "urgentRetry":
        this.sendOperations(now);
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
    this.interrupt(this.lanes);
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
    this.interrupt(this.lanes);
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
    this.interrupt(this.lanes);
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
    for (const operation of this.lanes.flatMap(({ pending }) => pending.drain())) {
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
        this.onEvent(payload as SessionEvent, now);
        break;
      case "positions": {
        const positions = payload instanceof ArrayBuffer ? decodePositions(payload) : (payload as PositionsFrame);
        this.hear(positions.server_time, now);
        this.fold({ type: "positions", positions: positions.positions, at: positions.server_time });
        break;
      }
      case "presence_state":
        this.setPresent(this.presence.replace(payload as Parameters<Presence["replace"]>[0]), now);
        break;
      case "presence_diff":
        this.setPresent(this.presence.change(payload as Parameters<Presence["change"]>[0]), now);
        break;
      default:
        this.notify({ type: "broadcast", name: event, payload });
    }
  }

  private setPresent(connected: ReadonlySet<number> | null, now: number): void {
    if (connected) this.fold({ type: "presence", connected, at: this.stamps.now(now) });
  }

  private onReply({ ref, payload }: Message, now: number): void {
    const { status, response } = payload as { status: string; response: Readonly<Record<string, unknown>> };
    const isOk = status === "ok";
    if (ref === this.joinRef) {
      if (!this.timers.cancel("join")) return;
      if (isOk) this.onJoined(response as unknown as JoinReply, now);
      else this.onJoinRefused(response as Partial<Refusal>, now);
      return;
    }
    for (const lane of this.lanes) {
      const operation = lane.pending.answered(ref ?? "");
      if (operation === null) continue;
      this.timers.cancel(lane.answer);
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
    if (!state || event.offset <= state.offset || this.pending.sharing() === true) return;
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
    for (const { pending, answer, retry } of this.lanes) {
      const operation = this.timers.has(retry) ? null : pending.toSend();
      if (operation === null) continue;
      const message = this.message(operation.event, operation.payload);
      pending.sent(message.ref);
      this.send(message);
      this.timers.set(answer, now + this.timing.answer);
    }
  }

  /** What waited too long says something that is not so any more. */
  private dropOutdated(now: number): void {
    const serverNow = this.stamps.now(now);
    for (const { pending } of this.lanes) {
      for (const { payload, until } of [...pending.waiting]) {
        const operation = until !== undefined && until < serverNow ? pending.take(payload.op_id) : null;
        if (operation) this.settle(operation, OUTDATED);
      }
    }
  }

  private onRefused(lane: Lane, operation: Operation, refusal: Refusal, now: number): void {
    if (refusal.retry) {
      this.timers.set(lane.retry, now + askedMs(refusal) + lane.retries.next());
    } else if (FINISHING.includes(operation.event) && DONE.includes(refusal.reason)) {
      this.onDone(lane, operation, this.doneAlready().ok);
    } else {
      lane.retries.reset();
      lane.pending.settle();
      this.settle(operation, { error: refusal });
    }
  }

  private onDone(lane: Lane, operation: Operation, reply: Readonly<Record<string, unknown>>): void {
    const { event, payload } = operation;
    lane.retries.reset();
    lane.pending.settle();
    this.settle(operation, { ok: reply });
    const shownFrom = reply.offset;
    if (event === "sharing:set" && typeof shownFrom === "number")
      this.answeredSharing = { on: payload.on === true, shownFrom };
    if (FINISHING.includes(event)) this.finish(event === "leave" ? "left" : "ended");
  }

  /** The answers to what is on its way will not come. */
  private interrupt(lanes: readonly Lane[]): void {
    for (const { pending, answer } of lanes) {
      pending.interrupted();
      this.timers.cancel(answer);
    }
    if (this.pending.sharing() === false) this.withdrawFixes();
  }

  /** Fixes that were kept do not go out once a pause was asked for. */
  private withdrawFixes(): void {
    for (const operation of this.pending.withdraw(({ event }) => event === "fixes:send"))
      this.settle(operation, { ok: { accepted: 0 } });
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

interface PositionsFrame {
  readonly server_time: number;
  readonly positions: readonly Position[];
}
