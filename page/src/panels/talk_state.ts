/** What the Talk panel remembers of one session while the page is open, and what is said of messages as they arrive. */
import type { Message } from "../session/chat";
import { type Digest, lookAt, NOTHING_MISSED, noteArrival, stillUnread } from "../session/digest";
import type { LiveSession } from "../session/live_session";
import { Talk } from "../session/talk";
import { say } from "../words/strings";
import { saidIn } from "./talk_words";
import type { SessionView } from "./ui";

const ANNOUNCED_EACH_MS = 5_000;

export type To = "all" | "lead" | "sweep";

export class TalkState {
  readonly talk: Talk;
  /** What stands in the field. */
  draft = "";
  /** Why the text cannot be sent; empty where it can. */
  error = "";
  to: To = "all";
  replyTo: number | null = null;
  /** The message whose actions are open. */
  opened: number | null = null;
  /** The address that somebody wants to follow, and the message that it stands in. */
  link: { readonly message: number; readonly href: string; readonly host: string } | null = null;
  /** What is open above the messages. */
  more: "status" | "settings" | null = null;
  /** Said by the polite live region. */
  announcement = "";
  /** How far messages were read when the panel was opened: a line stands there. */
  readWhenOpened: number | null = null;
  private toAnnounce: Message[] = [];
  private announcing: ReturnType<typeof setTimeout> | null = null;
  private digest: Digest = NOTHING_MISSED;

  constructor(private readonly view: SessionView) {
    this.talk = new Talk(
      view.live,
      // Not at once: the state may be made while the page is drawn.
      () => queueMicrotask(() => view.redraw()),
      (message) => this.arrived(message),
    );
    setInterval(() => this.look(), 1_000);
  }

  /** Puts text back into the field, in front of what stands there. */
  putBack(text: string): void {
    this.draft = this.draft ? `${text}\n${this.draft}` : text;
  }

  private look(): void {
    const { live } = this.view;
    const { digest, due } = lookAt(this.digest, live.isRiding, live.now());
    this.digest = digest;
    if (due.length === 0) return;
    const isForMe = (id: number) => {
      const message = this.talk.find(id);
      return message !== undefined && this.talk.isForMe(message);
    };
    const { count, forMe } = stillUnread(due, this.talk.readTo, isForMe);
    if (count === 0) return;
    const counted = say("talk.digest", { count });
    const title = forMe > 0 ? say("talk.digestForMe", { counted, mine: forMe }) : counted;
    const action = { label: say("talk.title"), press: () => this.view.openPanel("talk") };
    this.view.tell({ name: "digest", level: "forYou", title, action, lastsMs: 30_000, spoken: title });
  }

  private arrived(message: Message): void {
    const { view, talk } = this;
    if (!talk.mayRead) return;
    const isForMe = talk.isForMe(message);
    this.digest = noteArrival(this.digest, message.id, view.live.isRiding);
    const title = `${this.nameOf(message)}: ${saidIn(message)}`;
    const author = view.live.state?.participants.get(message.participant);
    const isLeads = author?.features?.post?.post === "lead";
    const isSignal = message.said?.signal != null;
    if (isForMe && (isSignal || !view.live.isRiding)) {
      const action = { label: say("talk.title"), press: () => view.openPanel("talk") };
      view.tell({ name: `message-${message.id}`, level: "forYou", title, action, spoken: title });
    } else if ((isSignal && message.said?.to === "all") || isLeads) view.speak(title, "forYou");
    if (view.panel === "talk") this.announce(message);
  }

  private nameOf({ participant }: Message): string {
    return this.talk.nameOf(participant) ?? say("session.someone");
  }

  /** One sentence in five seconds at most, for those who do not see the messages. */
  private announce(message: Message): void {
    this.toAnnounce.push(message);
    if (this.announcing === null) this.sayAnnouncement();
  }

  private sayAnnouncement(): void {
    const messages = this.toAnnounce.splice(0);
    const last = messages.at(-1);
    if (!last) {
      this.announcing = null;
      return;
    }
    const words = `${this.nameOf(last)}: ${saidIn(last)}`;
    const more = messages.length - 1;
    this.announcement = more > 0 ? `${say("talk.new", { count: messages.length })}. ${words}` : words;
    this.view.redraw();
    this.announcing = setTimeout(() => this.sayAnnouncement(), ANNOUNCED_EACH_MS);
  }
}

const states = new WeakMap<LiveSession, TalkState>();

export function talkState(view: SessionView): TalkState {
  let state = states.get(view.live);
  if (!state) {
    state = new TalkState(view);
    states.set(view.live, state);
  }
  return state;
}
