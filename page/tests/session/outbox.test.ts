import { expect, test } from "vitest";
import { Channel } from "../../src/session/channel";
import { isOutdated, SIGNALS_LAST_MS, unsent } from "../../src/session/outbox";
import type { Operation } from "../../src/session/pending_operations";
import { Stamps } from "../../src/session/stamps";

const SESSION = "abcdefghij";
const TIMING = { heartbeat: 4_000, silence: 4_000, answer: 10_000, stable: 5_000, isImpatient: false };
const MINUTE = 60_000;

const text = (op_id: string, askedAt: number): Operation => ({
  event: "chat:send",
  payload: { op_id, text: "Fuel?" } as Operation["payload"],
  askedAt,
});
const signal = (op_id: string, askedAt: number): Operation => ({
  event: "chat:send",
  payload: { op_id, signal: "fuel" } as Operation["payload"],
  askedAt,
  until: askedAt + SIGNALS_LAST_MS,
});

function joined(operations: readonly Operation[], now: number) {
  const channel = new Channel(SESSION, { state: null, operations }, new Stamps(now, now), TIMING, () => 0.5);
  channel.start(now);
  channel.opened(now);
  const me = { id: 1, name: "", initials: "", color: "", role: "host", sharing: true, joined_at: 0 };
  const session = { id: SESSION, name: "Trip", created_at: 0, expires_at: 1e13 };
  const snapshot = { session, participants: [me] };
  const response = { offset: 1, server_time: now, me: 1, positions: [], snapshot };
  const frame = ["1", "1", `session:${SESSION}`, "phx_reply", { status: "ok", response }];
  return { channel, actions: channel.received(JSON.stringify(frame), now) };
}

test("one's own that are unsent stand in the order of writing, with when that was", () => {
  const other = { event: "sharing:set", payload: { op_id: "x", on: true } };
  expect(unsent([text("a", 5), other, signal("b", 7)])).toEqual([
    { opId: "a", text: "Fuel?", signal: null, writtenAt: 5 },
    { opId: "b", text: null, signal: "fuel", writtenAt: 7 },
  ]);
});

test("a signal from a dead zone of more than ten minutes is not sent, and settles as outdated; a text is sent", () => {
  const written = 1_000_000;
  const operations = [signal("old", written), text("text", written), signal("new", written + 5 * MINUTE)];
  const { channel, actions } = joined(operations, written + 11 * MINUTE);
  const settled = actions.filter(({ type }) => type === "settle");
  const error = { reason: "outdated", retry: false };
  expect(settled).toEqual([{ type: "settle", opId: "old", outcome: { error } }]);
  const sent = actions.flatMap((action) => (action.type === "send" ? [String(action.frame)] : []));
  expect(sent.join()).toContain('"text"');
  expect(channel.waiting.map(({ payload }) => payload.op_id)).toEqual(["text", "new"]);
});

test("when it was written is this device's business, and is not sent", () => {
  const { actions } = joined([text("a", 1_000_000)], 1_000_000);
  const frames = actions.flatMap((action) => (action.type === "send" ? [String(action.frame)] : []));
  expect(frames.join()).not.toContain("askedAt");
});

test("what waits can be taken back, but not what is on its way", () => {
  const { channel } = joined([text("first", 0), text("second", 0)], 1_000);
  expect(channel.withdraw("first")).toEqual([]);
  const error = { reason: "withdrawn", retry: false };
  expect(channel.withdraw("second")).toEqual([{ type: "settle", opId: "second", outcome: { error } }]);
  channel.lost(2_000, 1006);
  expect(channel.withdraw("first")).toEqual([{ type: "settle", opId: "first", outcome: { error } }]);
});

test("ten minutes decide what is old and what is late", () => {
  const [one] = unsent([signal("a", 0)]);
  const [other] = unsent([text("b", 0)]);
  if (!one || !other) throw new Error("both are unsent");
  expect([10 * MINUTE, 10 * MINUTE + 1].map((now) => isOutdated(one, now))).toEqual([false, true]);
  expect(isOutdated(other, 60 * MINUTE)).toBe(false);
});
