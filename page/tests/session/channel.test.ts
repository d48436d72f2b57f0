import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Fix, Snapshot } from "../../src/model/model";
import type { Action, Timing } from "../../src/session/actions";
import { Channel } from "../../src/session/channel";
import { MOST_OPERATIONS, type Operation } from "../../src/session/pending_operations";
import { reduce } from "../../src/session/session_state";
import { Stamps } from "../../src/session/stamps";

const SESSION = "abcdefghij";
const TIMING: Timing = { heartbeat: 4_000, silence: 4_000, answer: 10_000, stable: 5_000, isImpatient: false };

/** When, what happens, what is to be done, and what is different then: as the Python client does it. */
interface Step {
  readonly at: number;
  readonly start?: null;
  readonly tick?: null;
  readonly opened?: null;
  readonly lost?: number;
  readonly submit?: Operation;
  readonly report?: Fix;
  readonly close?: null;
  readonly text?: unknown;
  readonly bytes?: string;
  readonly actions: readonly unknown[];
  readonly then: Readonly<Record<string, unknown>>;
}

interface Sequence {
  readonly name: string;
  readonly resumption: {
    readonly offset: number;
    readonly mark: string;
    readonly snapshot: Snapshot;
    readonly operations: readonly Operation[];
  } | null;
  readonly steps: readonly Step[];
}

const VECTORS = join(import.meta.dirname, "../../../tests/vectors/channel.json");
const sequences = JSON.parse(readFileSync(VECTORS, "utf-8")) as Sequence[];

function channelFor({ resumption }: Pick<Sequence, "resumption">, timing = TIMING): Channel {
  const positions: never[] = [];
  const state =
    resumption && reduce(null, { type: "joined", reply: { ...resumption, me: 1, server_time: 0, positions } });
  const known = { state, operations: resumption?.operations ?? [] };
  return new Channel(SESSION, known, new Stamps(0, 0), timing, () => 0.5);
}

function happen(channel: Channel, step: Step): Action[] {
  const { at } = step;
  if (step.lost !== undefined) return channel.lost(at, step.lost);
  if (step.submit) return channel.submit(step.submit, at);
  if (step.report) return channel.report(step.report);
  if (step.text) return channel.received(JSON.stringify(step.text), at);
  if (step.bytes) return channel.received(Uint8Array.from(Buffer.from(step.bytes, "hex")).buffer, at);
  if ("start" in step) return channel.start(at);
  if ("opened" in step) return channel.opened(at);
  if ("close" in step) return channel.close();
  return channel.tick(at);
}

function written(action: Action): unknown {
  if (action.type === "send") {
    const { type, frame } = action;
    return typeof frame === "string"
      ? { type, text: JSON.parse(frame) }
      : { type, bytes: Buffer.from(frame).toString("hex") };
  }
  if (action.type !== "settle") return action;
  const { type, opId, outcome } = action;
  return "ok" in outcome ? { type, op_id: opId, ok: outcome.ok } : { type, op_id: opId, refused: outcome.error.reason };
}

function seen(channel: Channel): Record<string, unknown> {
  const { state } = channel;
  const places = [...(state?.positions.values() ?? [])].sort((a, b) => a.participant - b.participant);
  return {
    connection: channel.connection,
    closed: channel.closed,
    deadline: channel.deadline,
    is_sharing: channel.isSharing,
    waiting: channel.waiting.map(({ payload }) => payload.op_id),
    offset: state?.offset ?? null,
    positions: Object.fromEntries(places.map((place) => [place.participant, [place.lat, place.fix_time]])),
    present: [...(state?.connected ?? [])].sort(),
  };
}

describe("as the Python client does it", () => {
  test.each(sequences.map((sequence) => [sequence.name, sequence] as const))("%s", (_, sequence) => {
    const channel = channelFor(sequence);
    let then: Record<string, unknown> = {};
    for (const step of sequence.steps) {
      const actions = happen(channel, step).filter(({ type }) => type !== "notify");
      then = { ...then, ...step.then };
      expect({ at: step.at, actions: actions.map(written), ...seen(channel) }).toEqual({
        at: step.at,
        actions: step.actions,
        ...then,
      });
    }
  });
});

/** What a browser needs beyond that: it waits for minutes for a dial, and knows when the device sleeps. */
describe("in a browser", () => {
  const kinds = (actions: readonly Action[]) => actions.map(({ type }) => type);
  const impatient = () => channelFor({ resumption: null }, { ...TIMING, isImpatient: true });
  const ok = (ref: string, response: object) =>
    JSON.stringify([ref, ref, `session:${SESSION}`, "phx_reply", { status: "ok", response }]);
  const snapshot = { session: { id: SESSION, name: "Trip", created_at: 0, expires_at: 1e13 }, participants: [] };
  const me = { id: 1, name: "", initials: "", color: "", role: "host", sharing: true, joined_at: 0 };
  const reply = { offset: 1, server_time: 0, me: 1, positions: [], snapshot: { ...snapshot, participants: [me] } };

  test("what an earlier page did not understand is asked for again, once", () => {
    const first = channelFor({ resumption: null });
    first.start(0);
    first.opened(0);
    first.received(ok("1", reply), 0);
    const unknown = { offset: 2, at: 0, by: null, op_id: null, type: "of_a_later_version", data: {} };
    first.received(JSON.stringify([null, null, `session:${SESSION}`, "event", unknown]), 0);
    const known = { state: first.state, operations: [] };
    const later = new Channel(SESSION, known, new Stamps(0, 0), TIMING, () => 0.5);
    const joins = (channel: Channel, at: number) => JSON.stringify(channel.opened(at).map(written));
    later.start(0);
    expect(later.state?.offset).toBe(2);
    expect(joins(later, 0)).not.toContain("offset");
    later.received(ok("1", { ...reply, offset: 2 }), 0);
    later.lost(1, 1006);
    later.tick(60_000);
    expect(joins(later, 60_000)).toContain("offset");
  });

  test("a broadcast is passed on, and the state stays", () => {
    const channel = channelFor({ resumption: null });
    channel.start(0);
    channel.opened(0);
    channel.received(ok("1", reply), 0);
    const before = seen(channel);
    const payload = { "1": { offset: 9 } };
    const frame = JSON.stringify([null, null, `session:${SESSION}`, "reached", payload]);
    const news = { type: "broadcast", name: "reached", payload };
    expect(channel.received(frame, 1)).toEqual([{ type: "notify", news }]);
    expect(seen(channel)).toEqual(before);
  });

  test("a dial that takes too long is started again, each third one later", () => {
    const channel = impatient();
    expect(kinds(channel.start(0))).toEqual(["dial"]);
    expect(channel.deadline).toBe(5_000);
    expect(kinds(channel.tick(5_000))).toEqual(["disconnect", "dial"]);
    channel.opened(5_000);
    channel.received(ok("1", reply), 5_100);
    // From now on it is known how long a join takes.
    channel.lost(6_000, 1006);
    channel.tick(6_050);
    expect(channel.deadline).toBe(8_050);
    channel.tick(8_050);
    channel.tick(10_050);
    expect(channel.deadline).toBe(15_050);
  });

  test("a page that is not seen does not dial again, and does when it is", () => {
    const channel = impatient();
    channel.start(0);
    channel.seen(false, 1);
    expect(channel.tick(5_000)).toEqual([]);
    expect(kinds(channel.seen(true, 60_000))).toEqual(["disconnect", "dial"]);
  });

  test("a page that is seen again asks whether the connection still answers", () => {
    const channel = impatient();
    channel.start(0);
    channel.opened(0);
    channel.received(ok("1", reply), 10);
    channel.seen(false, 1_000);
    expect(kinds(channel.seen(true, 2_000))).toEqual(["send"]);
    expect(channel.tick(4_999)).toEqual([]);
    expect(kinds(channel.tick(5_000))).toEqual(["disconnect"]);
  });

  test("a network that is back is dialed at once, however long a wait was left", () => {
    const channel = impatient();
    channel.start(0);
    for (let now = 0; now < 5; now++) channel.lost(now, 1006);
    expect(kinds(channel.reconnect(10))).toEqual(["disconnect", "dial"]);
  });

  test("more operations than can be kept are refused at once", () => {
    const channel = impatient();
    const ask = (index: number) => channel.submit({ event: "time:ask", payload: { op_id: `o${index}` } }, 0);
    for (let index = 0; index < MOST_OPERATIONS; index++) expect(ask(index)).toEqual([]);
    const error = { reason: "too_many_requests", retry: false };
    expect(ask(MOST_OPERATIONS)).toEqual([{ type: "settle", opId: `o${MOST_OPERATIONS}`, outcome: { error } }]);
  });

  test.each([
    ["{"],
    ["7"],
    [JSON.stringify([null, null, `session:${SESSION}`, "event", null])],
    [JSON.stringify([null, null, `session:${SESSION}`, "event", { offset: "2", type: "host_changed", data: {} }])],
    [JSON.stringify([null, null, `session:${SESSION}`, "positions", { server_time: 1 }])],
    [JSON.stringify([null, null, `session:${SESSION}`, "presence_state", { "1": {} }])],
    [JSON.stringify([null, null, `session:${SESSION}`, "presence_diff", { joins: 1 }])],
    [JSON.stringify([null, null, `session:${SESSION}`, "phx_reply", { status: "ok" }])],
    [new Uint8Array([9]).buffer],
  ])("a frame that cannot be read leads to a snapshot: %s", (frame) => {
    const channel = impatient();
    channel.start(0);
    channel.opened(0);
    channel.received(ok("1", reply), 10);
    channel.received(frame, 20);
    const [join] = channel.tick(channel.deadline ?? 0);
    expect(join?.type === "send" && JSON.parse(String(join.frame))[4]).toEqual({ mode: "binary" });
  });
});
