import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionEvent } from "../../src/model/model";
import { addPage, type Chat, chatSince, hasOlder, hear, isForMe, MOST_MESSAGES, unread } from "../../src/session/chat";

type Sent = Extract<SessionEvent, { type: "message_sent" }>;

function sent(offset: number, more: Partial<NonNullable<Sent["data"]>> = {}): Sent {
  const data = { participant: 2, text: `text ${offset}`, signal: null, to: "all" as const, reply_to: null, ...more };
  return { type: "message_sent", offset, at: offset * 1_000, by: data.participant, op_id: `o${offset}`, data };
}

function removed(offset: number, message: number): SessionEvent {
  return {
    type: "message_removed",
    offset,
    at: offset * 1_000,
    by: 1,
    op_id: null,
    scrubs: [message],
    data: { message },
  };
}

function other(offset: number): SessionEvent {
  return { type: "time_asked", offset, at: offset * 1_000, by: 1, op_id: null, data: { participant: 1 } };
}

/** What the server stores after the first so many events: what was removed has no content. */
function stored(log: readonly SessionEvent[], count: number): SessionEvent[] {
  const past = log.slice(0, count);
  const gone = new Set(past.flatMap((event) => (event.type === "message_removed" ? [event.data?.message] : [])));
  return past.map((event) => (gone.has(event.offset) ? ({ ...event, data: null } as SessionEvent) : event));
}

/** `GET messages`: newest first. */
function page(log: readonly SessionEvent[], count: number, before: number, limit: number): SessionEvent[] {
  const messages = stored(log, count).filter(({ type, offset }) => type === "message_sent" && offset < before);
  return messages.reverse().slice(0, limit);
}

const heard = (events: readonly SessionEvent[], chat: Chat = chatSince(0)) => events.reduce(hear, chat);

/** A generator that gives the same numbers each time, from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomLog(draw: () => number, length: number): SessionEvent[] {
  const log: SessionEvent[] = [];
  for (let offset = 1; offset <= length; offset++) {
    const messages = log.filter(({ type }) => type === "message_sent");
    const one = messages[Math.floor(draw() * messages.length)];
    const kind = draw();
    if (kind < 0.6 || !one) log.push(sent(offset));
    else log.push(kind < 0.8 ? removed(offset, one.offset) : other(offset));
  }
  return log;
}

test("the same chat, whichever way it came", () => {
  const property = fc.property(fc.nat(), (seed) => {
    const draw = random(seed);
    const log = randomLog(draw, 40);
    const whole = heard(log);
    // Joined at some offset; pages come at any time between the events, each as the server had it when it was asked.
    const start = Math.floor(draw() * 41);
    const limit = 1 + Math.floor(draw() * 7);
    let chat = chatSince(start);
    let asked: { before: number; events: SessionEvent[] } | null = null;
    for (let now = start; now <= log.length; now++) {
      if (now > start) chat = hear(chat, log[now - 1] as SessionEvent);
      if (asked && draw() < 0.7) {
        chat = addPage(chat, asked.before, limit, asked.events);
        asked = null;
      }
      if (!asked && hasOlder(chat)) asked = { before: chat.from, events: page(log, now, chat.from, limit) };
    }
    if (asked) chat = addPage(chat, asked.before, limit, asked.events);
    while (hasOlder(chat)) chat = addPage(chat, chat.from, limit, page(log, log.length, chat.from, limit));
    expect(chat.messages).toEqual(whole.messages);
  });
  fc.assert(property, { numRuns: 300 });
});

test("what is folded in twice is there once, and a page that is asked for twice", () => {
  const log = [sent(1), sent(2), sent(3)];
  const chat = chatSince(3);
  const events = page(log, 3, 4, 2);
  const once = addPage(chat, 4, 2, events);
  expect(addPage(once, 4, 2, events)).toBe(once);
  expect(hear(once, sent(3))).toBe(once);
  expect(once.messages.map(({ id }) => id)).toEqual([2, 3]);
});

test("a page from before a removal does not bring the text back", () => {
  const early = page([sent(1)], 1, 2, 5);
  const chat = addPage(hear(chatSince(1), removed(2, 1)), 2, 5, early);
  expect(chat.messages).toMatchObject([{ id: 1, said: null }]);
});

test("what newcomers are not to see is no removed message, and ends the asking", () => {
  const withheld = [3, 2].map((offset) => ({ ...sent(offset), data: null }) as SessionEvent);
  const recent = [sent(4), ...withheld];
  const some = addPage(chatSince(4), 5, 3, recent, 4_500);
  expect(some.messages.map(({ id }) => id)).toEqual([4]);
  expect(hasOlder(some)).toBe(true);
  expect(hasOlder(addPage(chatSince(4), 5, 2, withheld, 4_500))).toBe(false);
  // What was removed since one is here was there for all.
  expect(addPage(chatSince(4), 5, 3, [...withheld], 2_500).messages).toMatchObject([{ id: 3, said: null }]);
});

test("more than can be held: the oldest go, and are asked for again", () => {
  const log = Array.from({ length: MOST_MESSAGES + 5 }, (_, index) => sent(index + 1));
  const chat = heard(log);
  expect(chat.messages.length).toBe(MOST_MESSAGES);
  expect(chat.from).toBe(6);
  // Where as many are held as there may be, older ones are not asked for.
  expect(hasOlder(chat)).toBe(false);
});

test("unread are those of others after one offset, without what was removed", () => {
  const chat = heard([
    sent(1),
    sent(2, { participant: 1 }),
    sent(3),
    sent(4, { to: "sweep" }),
    sent(5, { reply_to: 2 }),
    sent(6),
    removed(7, 6),
  ]);
  expect(unread(chat, 1, 1, "sweep")).toEqual({ count: 3, forMe: 2 });
  expect(unread(chat, 1, 1, null)).toEqual({ count: 3, forMe: 1 });
  expect(unread(chat, 5, 1, null)).toEqual({ count: 0, forMe: 0 });
});

test("for somebody is what their post is told, or what answers them", () => {
  const chat = heard([sent(1, { participant: 1 }), sent(2, { to: "lead" }), sent(3, { reply_to: 1 }), sent(4)]);
  const forMe = (post: string | null) => chat.messages.filter((one) => isForMe(chat, one, 1, post)).map(({ id }) => id);
  expect(forMe("lead")).toEqual([2, 3]);
  expect(forMe(null)).toEqual([3]);
});
