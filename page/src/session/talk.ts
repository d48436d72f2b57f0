/** The chat of one membership: the shell around the messages, what was read of them, and on whose phones they are. */
import { keptNames, readOffset } from "../memory/kept";
import type { Operations, Signal } from "../model/model";
import { messagesBefore } from "../net/api";
import {
  addPage,
  type Chat,
  chatSince,
  find,
  hasOlder,
  hear,
  isForMe,
  type Message,
  type Unread,
  unread,
} from "./chat";
import type { LiveSession } from "./live_session";
import { SIGNALS_LAST_MS, type Unsent, unsent } from "./outbox";
import { type Reach, type Reached, reachOf, readReached } from "./reached";
import type { SessionState } from "./session_state";

const PAGE = 50;
/** The server takes one in five seconds; frames may come closer together than they were sent. */
const REPORT_MS = 5_500;
/** The server takes the same signal again after so long. */
const SAME_SIGNAL_MS = 20_000;
/** Names of so many people who left are remembered. */
const MOST_NAMES = 200;
/** What arrives on other phones is reported of these; all else is seen on the map. */
const REPORTED: ReadonlySet<string> = new Set(["message_sent", "sos_raised", "sos_escalated"]);

/** A text or signal that came to nothing, and why. */
export interface Failed extends Unsent {
  readonly reason: string;
}

export class Talk {
  chat: Chat;
  /** Whether older messages are on their way; `failed` where they did not come. */
  loading: "no" | "yes" | "failed" = "no";
  /** What came to nothing, until the person has seen to it. */
  failed: readonly Failed[] = [];
  private readUpTo: number;
  private readonly readStore: { read(): number | null; write(offset: number): void };
  /** Signals that wait, or were given a short while ago. */
  private readonly given = new Map<string, Promise<boolean>>();
  private names: Map<number, string>;
  private known: SessionState["participants"] | null = null;
  /** How far this page has heard the session's events without a hole. */
  private heardTo: number;
  private toReport: number;
  private reported = 0;
  private wasLive = false;
  private reporting: ReturnType<typeof setTimeout> | null = null;

  /**
   * @param changed - Called after changes that the session does not tell of itself.
   * @param arrived - Called with each message of somebody else as it arrives.
   */
  constructor(
    private readonly live: LiveSession,
    private readonly changed: () => void,
    private readonly arrived: (message: Message) => void,
  ) {
    const { sessionId } = live;
    const offset = live.state?.offset ?? 0;
    this.chat = chatSince(offset);
    this.names = new Map(keptNames(sessionId).read());
    this.readStore = readOffset(sessionId);
    const read = this.readStore.read();
    this.readUpTo = read ?? offset;
    // Who is new has nothing to catch up with.
    if (read === null) this.readStore.write(offset);
    this.heardTo = this.toReport = offset;
    live.hear((news) => {
      if (news.type === "event") this.onEvent(news.event);
      else if (news.type === "snapshot") this.onSnapshot();
    });
    live.subscribe(() => this.look());
    document.addEventListener("visibilitychange", () => this.report());
    this.look();
    this.report();
    if (this.readUpTo < offset) void this.loadOlder();
  }

  /** Whether this reader may read messages at all. */
  get mayRead(): boolean {
    return this.live.me?.role !== "viewer" || this.settings.viewers_read;
  }

  /** Whether this person may write texts; signals go whenever one is not a viewer. */
  get mayWrite(): boolean {
    const { me } = this.live;
    if (!me || me.role === "viewer") return false;
    return this.settings.writers === "all" || me.role === "host" || me.features?.post?.post === "lead";
  }

  get settings(): { viewers_read: boolean; newcomers_see: "none" | "recent" | "all"; writers: "all" | "leaders" } {
    return { viewers_read: false, newcomers_see: "recent", writers: "all", ...this.live.state?.features.chat };
  }

  get unread(): Unread {
    const { me } = this.live;
    if (!me || !this.mayRead) return { count: 0, forMe: 0 };
    return unread(this.chat, this.readUpTo, me.id, me.features?.post?.post ?? null);
  }

  /** One's own that the server has not taken yet, in the order of writing. */
  get unsent(): readonly Unsent[] {
    const waiting = unsent(this.live.waiting);
    // Its event may come before its answer: then the server has it, and it stands among the others.
    return waiting.filter(({ opId }) => !this.chat.messages.some((message) => message.opId === opId));
  }

  get hasOlder(): boolean {
    return this.mayRead && hasOlder(this.chat);
  }

  /** Everything that is held was seen. */
  markRead(): void {
    const newest = this.chat.messages.at(-1)?.id ?? 0;
    if (newest <= this.readUpTo) return;
    this.readUpTo = newest;
    this.readStore.write(newest);
    this.changed();
  }

  /** The offset up to which messages were read. */
  get readTo(): number {
    return this.readUpTo;
  }

  nameOf(participant: number): string | null {
    return this.live.state?.participants.get(participant)?.name ?? this.names.get(participant) ?? null;
  }

  find(id: number): Message | undefined {
    return find(this.chat, id);
  }

  isForMe(message: Message): boolean {
    const { me } = this.live;
    return me !== null && isForMe(this.chat, message, me.id, me.features?.post?.post ?? null);
  }

  reachOf(offset: number): Reach | null {
    const { state } = this.live;
    return state && reachOf(this.reached, offset, state, this.live.now());
  }

  /** Sends a text or signal, and resolves to whether the server took it; without a network it waits, and says so. */
  async send(message: Operations["chat:send"]): Promise<boolean> {
    const lasts = message.text === undefined && { lastsMs: SIGNALS_LAST_MS };
    try {
      await this.live.ask("chat:send", { ...message, written_at: this.live.now() }, { ...lasts });
      return true;
    } catch {
      return false; // what comes to nothing stands in `failed`
    }
  }

  /** Gives a signal. A second tap means the one that waits, or was given a moment ago. */
  signal(signal: Signal, to: "all" | "lead" | "sweep" = "all"): Promise<boolean> {
    const name = `${signal} ${to}`;
    const before = this.given.get(name);
    if (before) return before;
    const sent = this.send({ signal, to });
    this.given.set(name, sent);
    void sent.then((isSent) => setTimeout(() => this.given.delete(name), isSent ? SAME_SIGNAL_MS : 0));
    return sent;
  }

  /** Answers a message by a signal. */
  answer(signal: Signal, message: number): void {
    void this.send({ signal, to: "all", reply_to: message });
  }

  /** Takes one that came to nothing off the list. */
  drop(opId: string): void {
    this.failed = this.failed.filter((one) => one.opId !== opId);
    this.changed();
  }

  async loadOlder(): Promise<void> {
    const { chat } = this;
    if (!this.hasOlder || this.loading === "yes") return;
    this.loading = "yes";
    this.changed();
    try {
      const { sessionId, token } = this.live;
      const { messages } = await messagesBefore(sessionId, token, chat.from, PAGE);
      this.chat = addPage(this.chat, chat.from, PAGE, messages, this.live.me?.joined_at);
      this.loading = "no";
    } catch {
      this.loading = "failed";
    }
    this.changed();
  }

  /** What other phones have reported, as it came. */
  get reports(): ReadonlyMap<string, unknown> | undefined {
    return this.live.broadcasts.get("reached");
  }

  private get reached(): Reached {
    return readReached(this.reports);
  }

  private onEvent(event: Parameters<typeof hear>[1]): void {
    this.heardTo = event.offset;
    if (event.type === "chat_changed" || !this.mayRead) {
      // Who reads what is another: it is all asked for again, as it is for this reader.
      this.chat = chatSince(event.offset);
      this.loading = "no";
      if (event.type === "chat_changed") void this.loadOlder();
      return;
    }
    this.chat = hear(this.chat, event);
    const newest = this.chat.messages.at(-1);
    if (event.type === "message_sent" && newest?.id === event.offset && newest.said !== null) {
      if (newest.participant !== this.live.state?.me) this.arrived(newest);
    }
    if (REPORTED.has(event.type)) {
      this.toReport = event.offset;
      this.report();
    }
  }

  /** Events in between were not seen: the chat begins again, and the newest messages are asked for. */
  private onSnapshot(): void {
    const { offset } = this.live;
    if (offset === this.heardTo) return;
    this.chat = chatSince(offset);
    this.heardTo = this.toReport = offset;
    this.report();
    this.loading = "no";
    void this.loadOlder();
  }

  private look(): void {
    const ours = this.live.unmet.filter(({ operation }) => operation.event === "chat:send");
    if (ours.length > 0) {
      this.failed = [
        ...this.failed,
        ...ours.flatMap(({ operation, reason }) => unsent([operation]).map((one) => ({ ...one, reason }))),
      ];
      for (const one of ours) this.live.unmet.splice(this.live.unmet.indexOf(one), 1);
    }
    this.rememberNames();
    const isLive = this.live.link === "live";
    if (isLive && !this.wasLive) {
      // Who has it may have lost it.
      this.reported = 0;
      this.report();
    }
    this.wasLive = isLive;
  }

  /** People leave, and what they wrote stays. */
  private rememberNames(): void {
    const participants = this.live.state?.participants;
    if (!participants || participants === this.known) return;
    this.known = participants;
    const before = this.names;
    this.names = new Map(before);
    for (const { id, name } of participants.values()) this.names.set(id, name);
    const isSame = this.names.size === before.size && [...this.names].every(([id, name]) => before.get(id) === name);
    if (!isSame) keptNames(this.live.sessionId).write([...this.names].slice(-MOST_NAMES));
  }

  /** Says what has arrived on this phone, while its page is seen. */
  private report(): void {
    const isDue =
      this.toReport > this.reported && document.visibilityState === "visible" && this.live.me?.role !== "viewer";
    if (!isDue || this.reporting !== null || this.live.link !== "live") return;
    this.reported = this.toReport;
    this.live.push("chat:reached", { offset: this.reported });
    this.reporting = setTimeout(() => {
      this.reporting = null;
      this.report();
    }, REPORT_MS);
  }
}
