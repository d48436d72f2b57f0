/**
 * The messages that one member knows, in the order of their offsets; pure.
 *
 * They come as events and as older pages. Whichever way they came, the same chat comes out: everything from `from` on is
 * held, and of what was removed only that it was.
 */
import type { SessionEvent, Signal } from "../model/model";

/** More than this are not held: the oldest go, and are asked for again where somebody scrolls up to them. */
export const MOST_MESSAGES = 1_000;

export interface Message {
  /** The offset of its event. */
  readonly id: number;
  /** When the server took it, in milliseconds on its clock. */
  readonly at: number;
  readonly participant: number;
  readonly opId: string | null;
  /** Null where it was removed. */
  readonly said: Said | null;
}

/** What a message says: a text or a signal. */
export interface Said {
  readonly text: string | null;
  readonly signal: Signal | null;
  readonly to: "all" | "lead" | "sweep";
  readonly replyTo: number | null;
  /** When it was written, where that was long before the server took it. */
  readonly writtenAt: number | null;
}

export interface Chat {
  readonly messages: readonly Message[];
  /** All messages of this offset and later ones are held, as far as events came. */
  readonly from: number;
  /** Earlier ones that were removed since: a page that was asked for before may still say their text. */
  readonly removed: ReadonlySet<number>;
}

/** The chat of somebody who knows the session up to an offset, and no message yet. */
export function chatSince(offset: number): Chat {
  return { messages: [], from: offset + 1, removed: new Set() };
}

/** Whether there may be older messages to ask for. */
export function hasOlder({ from, messages }: Chat): boolean {
  return from > 1 && messages.length < MOST_MESSAGES;
}

/** Folds an event, which comes in order. */
export function hear(chat: Chat, event: SessionEvent): Chat {
  if (event.type === "message_sent") {
    const message = messageOf(event);
    const isKnown = event.offset < chat.from || (chat.messages.at(-1)?.id ?? 0) >= event.offset;
    return message === null || isKnown ? chat : bounded({ ...chat, messages: [...chat.messages, message] });
  }
  if (event.type === "message_removed" && event.data) return without(chat, event.data.message);
  return chat;
}

/**
 * Adds a page of older messages.
 *
 * @param before - What was asked for: messages before this offset. A page that does not end where the chat begins is left aside.
 * @param limit - How many were asked for at most; fewer mean that there are no older ones.
 * @param joinedAt - When the reader joined: what has no content from before may be withheld from newcomers, and is left out.
 */
export function addPage(chat: Chat, before: number, limit: number, page: readonly SessionEvent[], joinedAt = 0): Chat {
  if (before !== chat.from) return chat;
  const told = page.filter(({ offset, at, data }) => offset < before && (data !== null || at >= joinedAt));
  const older = told
    .map(messageOf)
    .filter((message) => message !== null)
    .map((message) => (chat.removed.has(message.id) ? { ...message, said: null } : message))
    .sort((a, b) => a.id - b.id);
  const isLast = page.length < limit || told.length === 0;
  const from = isLast ? 1 : Math.min(before, ...page.map(({ offset }) => offset));
  const removed = new Set([...chat.removed].filter((id) => id < from));
  return bounded({ messages: [...older, ...chat.messages], from, removed });
}

function messageOf(event: SessionEvent): Message | null {
  if (event.type !== "message_sent") return null;
  const { offset: id, at, op_id: opId, data } = event;
  const participant = data?.participant ?? event.by;
  if (participant === null) return null;
  const said = data && {
    text: data.text,
    signal: data.signal,
    to: data.to,
    replyTo: data.reply_to,
    writtenAt: data.written_at ?? null,
  };
  return { id, at, participant, opId, said };
}

function without(chat: Chat, id: number): Chat {
  if (id < chat.from) return { ...chat, removed: new Set(chat.removed).add(id) };
  return { ...chat, messages: chat.messages.map((one) => (one.id === id ? { ...one, said: null } : one)) };
}

function bounded(chat: Chat): Chat {
  const messages = chat.messages.slice(-MOST_MESSAGES);
  const dropped = chat.messages.length - messages.length;
  return dropped > 0 ? { ...chat, messages, from: messages[0]?.id ?? chat.from } : chat;
}

/** Whom an unread message concerns. */
export interface Unread {
  readonly count: number;
  /** Those among them that are addressed to this reader's post, or answer this reader. */
  readonly forMe: number;
}

/** What came after the offset that was read up to, from others. */
export function unread(chat: Chat, readUpTo: number, me: number, post: string | null): Unread {
  const news = chat.messages.filter(
    ({ id, participant, said }) => id > readUpTo && participant !== me && said !== null,
  );
  return { count: news.length, forMe: news.filter((one) => isForMe(chat, one, me, post)).length };
}

/** Whether a message is addressed to somebody's post, or answers something that they wrote. */
export function isForMe(chat: Chat, { said }: Message, me: number, post: string | null): boolean {
  if (said === null) return false;
  if (said.to !== "all") return said.to === post;
  return said.replyTo !== null && find(chat, said.replyTo)?.participant === me;
}

export function find(chat: Chat, id: number): Message | undefined {
  return chat.messages.find((one) => one.id === id);
}
