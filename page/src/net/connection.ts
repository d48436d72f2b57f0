/** One membership's connection: the official Phoenix client, the join by offset, and coming back by itself. */
import { type Channel, Presence, Socket } from "phoenix";
import { decodePositions, encodeFix } from "../model/codec";
import type { Fix, JoinReply, Position, SessionEvent } from "../model/model";
import { openSocket } from "./first_dial";
import { askedMs, backOffMs, type Refusal } from "./waits";

/** A heartbeat without an answer within the same time again is a lost connection: silence is noticed within 7 s. */
const HEARTBEAT_MS = 3_500;
const NO_STORAGE = { getItem: () => null, setItem: () => undefined } as unknown as Storage;
/** An attempt to come back that takes longer than usual is started again: its packets were lost, and wait to be resent. */
const PATIENCE_MS = 2_000;
const USUAL_TIMES = 3;
/** Every third attempt may take longer, since the network may have become as slow as that. */
const LONG_PATIENCE_MS = 5_000;
const PROBE_MS = 3_000;

export type LinkState = "connecting" | "live" | "lost";

export interface ConnectionEvents {
  onLinkState(state: LinkState): void;
  onJoined(reply: JoinReply): void;
  onEvent(event: SessionEvent): void;
  onPositions(serverTime: number, positions: readonly Position[]): void;
  onPresence(connected: ReadonlySet<number>): void;
  /** The server said not to come back; the connection is closed for good. */
  onRefused(reason: string): void;
}

export class SessionConnection {
  /** Resolves when the socket has opened for the first time. */
  readonly opened: Promise<void>;
  private readonly socket: Socket;
  private readonly topic: string;
  private channel: Channel;
  private isOver = false;
  private attempts = 0;
  private attemptBegan = 0;
  private usualJoinMs = LONG_PATIENCE_MS / USUAL_TIMES;
  private impatience: ReturnType<typeof setTimeout> | null = null;
  private readonly listening = new AbortController();

  /**
   * @param socketAddress - The `socket` field of the API's answer.
   * @param known - Gives the newest event known, or null for a fresh snapshot; asked at every join.
   */
  constructor(
    socketAddress: string,
    sessionId: string,
    token: string,
    private readonly known: () => { readonly offset: number; readonly mark: string | null } | null,
    private readonly events: ConnectionEvents,
  ) {
    this.topic = `session:${sessionId}`;
    this.socket = new Socket(socketAddress, {
      authToken: token,
      // The client calls it with `new`, and takes what it returns.
      transport: openSocket as unknown as new (address: string) => WebSocket,
      params: { session: sessionId },
      // It would look for the browser's own, which throws where site data is blocked, to remember a way that is not used.
      sessionStorage: NO_STORAGE,
      heartbeatIntervalMs: HEARTBEAT_MS,
      reconnectAfterMs: backOffMs,
      rejoinAfterMs: (tries) => backOffMs(tries + 5),
    });
    this.socket.onClose(() => this.lost());
    this.opened = new Promise((resolve) => this.socket.onOpen(() => resolve()));
    this.channel = this.openChannel();
    this.listenToTheDevice();
  }

  /** Connects and joins; from then on it comes back by itself until `close`. */
  open(): void {
    this.events.onLinkState("connecting");
    this.socket.connect();
    this.join();
    this.awaitJoin();
  }

  get isLive(): boolean {
    return !this.isOver && this.socket.isConnected() && this.channel.state === "joined";
  }

  /** Joins again from a fresh snapshot: an event was missed. `known` gives null then. */
  rejoin(): void {
    if (this.isOver) return;
    const before = this.channel;
    this.channel = this.openChannel();
    before.leave();
    this.join();
  }

  /** Sends a fix where there is a connection, as far as is known; true does not mean that it arrives. */
  sendFix(fix: Fix): boolean {
    if (!this.isLive) return false;
    this.channel.push("position", encodeFix(fix));
    return true;
  }

  /** Sends an operation and gives its offset. Rejects with a `Refusal`; without an answer its `retry` is true. */
  submit(operation: string, payload: Readonly<Record<string, unknown>>): Promise<number> {
    return new Promise((resolve, reject: (refusal: Refusal) => void) => {
      if (this.isOver) {
        reject({ reason: "session_not_found", retry: false });
        return;
      }
      this.channel
        .push(operation, payload)
        .receive("ok", (reply: { offset: number }) => resolve(reply.offset))
        .receive("error", (refusal: Refusal) => reject(refusal))
        .receive("timeout", () => reject({ reason: "unavailable", retry: true }));
    });
  }

  /** Ends the connection for good. */
  close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.listening.abort();
    this.stopWaiting();
    this.channel.leave();
    this.socket.disconnect();
  }

  private openChannel(): Channel {
    const channel = this.socket.channel(this.topic, () => {
      const known = this.known();
      if (known === null) return { mode: "binary" };
      const { offset, mark } = known;
      return mark === null ? { mode: "binary", offset } : { mode: "binary", offset, mark };
    });
    channel.on("event", (event: SessionEvent) => this.events.onEvent(event));
    channel.on("positions", (payload: ArrayBuffer | { server_time: number; positions: Position[] }) => {
      const frame = payload instanceof ArrayBuffer ? decodePositions(payload) : payload;
      this.events.onPositions(frame.server_time, frame.positions);
    });
    channel.onError(() => this.lost());
    channel.onClose(() => {
      // Closed by the server without a last word: the answer to the next join says whether there is a way back.
      if (channel !== this.channel || this.isOver) return;
      setTimeout(() => channel === this.channel && this.rejoin(), backOffMs(5));
    });
    const presence = new Presence(channel);
    presence.onSync(() => this.events.onPresence(new Set(presence.list((key) => Number(key)))));
    return channel;
  }

  private join(): void {
    const channel = this.channel;
    channel
      .join()
      .receive("ok", (reply: JoinReply) => {
        if (channel !== this.channel || this.isOver) return;
        this.usualJoinMs = performance.now() - this.attemptBegan;
        this.attempts = 0;
        this.stopWaiting();
        this.events.onJoined(reply);
        this.events.onLinkState("live");
      })
      .receive("error", (refusal: Partial<Refusal>) => {
        if (channel !== this.channel || this.isOver) return;
        if (refusal.retry === false) {
          this.close();
          this.events.onRefused(refusal.reason ?? "session_not_found");
        } else {
          this.lost();
          this.waitAsAsked(channel, askedMs(refusal));
        }
      });
  }

  /** Joins no sooner than the server said: the Phoenix client's own next try would come earlier. */
  private waitAsAsked(channel: Channel, wait: number): void {
    if (wait === 0) return;
    const next = this.openChannel();
    this.channel = next;
    channel.leave();
    this.awaitJoin(wait);
    setTimeout(() => next === this.channel && !this.isOver && this.join(), wait);
  }

  private lost(): void {
    if (this.isOver) return;
    this.events.onLinkState("lost");
    if (this.impatience === null) this.awaitJoin();
  }

  /** Starts the attempt again where it takes too long: a browser gives one up only after minutes. */
  private awaitJoin(wait = 0): void {
    this.stopWaiting();
    this.attemptBegan = performance.now() + wait;
    this.attempts += 1;
    const usual = Math.max(PATIENCE_MS, USUAL_TIMES * this.usualJoinMs);
    const patience = this.attempts % 3 === 0 ? Math.max(LONG_PATIENCE_MS, usual) : usual;
    this.impatience = setTimeout(() => {
      this.impatience = null;
      // A page that is not seen comes back when it is.
      if (document.visibilityState === "visible") this.reconnect();
    }, wait + patience);
  }

  private stopWaiting(): void {
    if (this.impatience !== null) clearTimeout(this.impatience);
    this.impatience = null;
  }

  /** Reconnects at once when the device says that the network or the page is back. */
  private listenToTheDevice(): void {
    const signal = this.listening.signal;
    const wake = () => {
      if (document.visibilityState === "visible") this.probe();
    };
    addEventListener("online", () => this.reconnect(), { signal });
    addEventListener("offline", () => this.probe(), { signal });
    // It also says that the page was opened: the connection is on its way then.
    addEventListener("pageshow", (event) => event.persisted && wake(), { signal });
    document.addEventListener("visibilitychange", wake, { signal });
  }

  /** Makes sure that an open connection still answers: a phone that slept may hold a dead one. */
  private probe(): void {
    if (this.isOver) return;
    if (!this.socket.isConnected()) {
      this.reconnect();
      return;
    }
    const silent = setTimeout(() => this.reconnect(), PROBE_MS);
    this.socket.ping(() => clearTimeout(silent));
  }

  private reconnect(): void {
    if (this.isOver) return;
    this.socket.disconnect();
    this.socket.connect();
    this.awaitJoin();
  }
}
