import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { JoinReply, Participant, Position, SessionEvent, Snapshot } from "../../src/model/model";
import { type Action, reduce, type SessionState } from "../../src/session/session_state";

const session = { id: "abcdefghij", name: "Amber Convoy", created_at: 1, expires_at: 100 };

function person(id: number, fields: Partial<Participant> = {}): Participant {
  const name = `Traveller ${id}`;
  return { id, name, initials: `T${id}`, color: "#e5484d", role: "member", sharing: true, joined_at: id, ...fields };
}

function at(participant: number, fixTime: number): Position {
  return { participant, lat: 60, lon: 25, fix_time: fixTime };
}

function reply(offset: number, snapshot: Snapshot, positions: Position[] = []): JoinReply {
  return { offset, server_time: 1_000, me: 1, positions, snapshot };
}

function event(offset: number, type: string, data: object): SessionEvent {
  return { offset, at: offset, by: 1, op_id: null, type, data } as SessionEvent;
}

function run(...actions: Action[]): SessionState {
  const state = actions.reduce(reduce, null as SessionState | null);
  if (state === null) throw new Error("no state after these actions");
  return state;
}

const joined: Action = {
  type: "joined",
  reply: reply(2, { session, participants: [person(1, { role: "host" }), person(2)] }, [at(1, 10), at(2, 10)]),
};

describe("joining", () => {
  test("a snapshot gives everything", () => {
    const state = run(joined);
    expect([...state.participants.keys()]).toEqual([1, 2]);
    expect([...state.positions.keys()]).toEqual([1, 2]);
    expect(state).toMatchObject({ me: 1, offset: 2, gap: false, endedBecause: null });
  });

  test("events in place of a snapshot are folded, and positions replaced", () => {
    const missed = [event(3, "participant_left", { participant: 2, reason: "left" })];
    const state = run(joined, {
      type: "joined",
      reply: { offset: 3, server_time: 1, me: 1, positions: [at(1, 11)], events: missed },
    });
    expect([...state.participants.keys()]).toEqual([1]);
    expect(state.positions.get(1)?.fix_time).toBe(11);
    expect(state.offset).toBe(3);
  });

  test("a position gone while away is gone", () => {
    const state = run(joined, {
      type: "joined",
      reply: { offset: 2, server_time: 1, me: 1, positions: [at(1, 11)], events: [] },
    });
    expect(state.positions.has(2)).toBe(false);
  });

  test("events that do not reach the offset are a gap, which a fresh snapshot mends", () => {
    const short = { offset: 9, server_time: 1, me: 1, positions: [], events: [] };
    expect(run(joined, { type: "joined", reply: short }).gap).toBe(true);
    expect(run(joined, { type: "joined", reply: short }, joined)).toMatchObject({ gap: false, offset: 2 });
  });
});

describe("events", () => {
  test("one at or below the offset is ignored", () => {
    const state = run(joined);
    expect(reduce(state, { type: "event", event: event(2, "session_ended", { reason: "ended" }) })).toBe(state);
  });

  test("a hole is a gap, and nothing after it is applied", () => {
    const state = run(
      joined,
      { type: "event", event: event(4, "participant_left", { participant: 2, reason: "left" }) },
      { type: "event", event: event(3, "host_changed", { participant: 2 }) },
    );
    expect(state).toMatchObject({ gap: true, offset: 2 });
    expect(state.participants.get(1)?.role).toBe("host");
  });

  test("an unknown type moves the offset, and is noted until a snapshot comes", () => {
    const before = run(joined);
    const unknown: Action = { type: "event", event: event(3, "chat_message", { text: "hi" }) };
    expect(run(joined, unknown)).toEqual({ ...before, offset: 3, isIncomplete: true });
    expect(run(joined, unknown, joined).isIncomplete).toBe(false);
  });

  test("an event whose content was left out moves the offset and nothing else", () => {
    const before = run(joined);
    const leftOut = { ...event(3, "participant_left", {}), data: null } as SessionEvent;
    expect(run(joined, { type: "event", event: leftOut })).toEqual({ ...before, offset: 3 });
  });

  test("a new host makes the old one a member", () => {
    const state = run(joined, { type: "event", event: event(3, "host_changed", { participant: 2 }) });
    expect([...state.participants.values()].map((one) => one.role)).toEqual(["member", "host"]);
  });

  test("leaving and pausing withdraw the position", () => {
    const paused = run(joined, { type: "event", event: event(3, "sharing_changed", { participant: 2, on: false }) });
    expect(paused.positions.has(2)).toBe(false);
    const left = run(joined, {
      type: "event",
      event: event(3, "participant_left", { participant: 2, reason: "left" }),
    });
    expect(left.positions.has(2)).toBe(false);
  });

  test("a position under way when its owner paused does not come back", () => {
    const state = run(
      joined,
      { type: "event", event: event(3, "sharing_changed", { participant: 2, on: false }) },
      { type: "positions", positions: [at(2, 99)], at: 50 },
    );
    expect(state.positions.has(2)).toBe(false);
  });

  test("the end keeps the reason and no positions", () => {
    const state = run(joined, { type: "event", event: event(3, "session_ended", { reason: "expired" }) });
    expect(state.endedBecause).toBe("expired");
    expect(state.positions.size).toBe(0);
  });
});

describe("positions", () => {
  test("from before the server's clock was set back keep nobody in place", () => {
    const ahead: Action = { type: "positions", positions: [at(1, 3_600_000)], at: 3_600_000 };
    const after = run(joined, ahead, { type: "positions", positions: [at(1, 60)], at: 61 });
    expect(after.positions.get(1)?.fix_time).toBe(60);
  });

  test("the newest wins, and strangers are ignored", () => {
    const state = run(joined, { type: "positions", positions: [at(1, 9), at(2, 12), at(8, 50)], at: 50 });
    expect([...state.positions.values()].map((one) => [one.participant, one.fix_time])).toEqual([
      [1, 10],
      [2, 12],
    ]);
  });

  test("an equally old one is taken, as the server takes it", () => {
    const moved = { ...at(1, 10), lat: 61 };
    expect(run(joined, { type: "positions", positions: [moved], at: 50 }).positions.get(1)).toEqual(moved);
  });

  test("an older one changes nothing", () => {
    const state = run(joined);
    expect(reduce(state, { type: "positions", positions: [at(1, 9)], at: 50 })).toBe(state);
  });
});

describe("presence", () => {
  test("who goes is remembered with the time", () => {
    const state = run(
      joined,
      { type: "presence", connected: new Set([1, 2]), at: 5 },
      { type: "presence", connected: new Set([1]), at: 8 },
    );
    expect(state.lastSeen.get(2)).toBe(8);
    expect(state.connected).toEqual(new Set([1]));
  });

  test("is unknown while the connection is away", () => {
    const state = run(joined, { type: "presence", connected: new Set([1]), at: 5 }, { type: "presence_unknown" });
    expect(state.connected).toBeNull();
  });
});

/** What the Python client shows, which folds with the server's own `evolve`. */
interface Seen {
  readonly offset: number;
  readonly snapshot: Snapshot;
  readonly positions: readonly Position[];
}

interface History {
  readonly start: Seen;
  readonly events: readonly SessionEvent[];
  readonly halfway: Seen;
  readonly end: Seen;
  readonly ended: string | null;
}

const VECTORS = join(import.meta.dirname, "../../../tests/vectors/session.json");
const histories = JSON.parse(readFileSync(VECTORS, "utf-8")) as History[];

describe.each(histories.map((history, number) => [number, history] as const))("history %i", (_, history) => {
  const from = ({ offset, snapshot, positions }: Seen): Action => ({
    type: "joined",
    reply: { offset, server_time: 1, me: 1, positions, snapshot },
  });
  const between = (start: Seen, until: Seen) =>
    history.events
      .filter(({ offset }) => offset > start.offset && offset <= until.offset)
      .map((event): Action => ({ type: "event", event }));
  const seen = (state: SessionState): Seen => ({
    offset: state.offset,
    snapshot: {
      session: state.session,
      participants: [...state.participants.values()].sort((a, b) => a.id - b.id),
      ...(Object.keys(state.features).length > 0 && { features: state.features }),
    },
    positions: [...state.positions.values()].sort((a, b) => a.participant - b.participant),
  });

  test("is folded as the server folds it", () => {
    for (const [start, until] of [
      [history.start, history.halfway],
      [history.halfway, history.end],
      [history.start, history.end],
    ] as const) {
      const state = run(from(start), ...between(start, until));
      expect(seen(state)).toEqual(until);
      if (until === history.end) expect(state.endedBecause).toBe(history.ended);
    }
  });

  test("comes to the same by events that a join brings", () => {
    const { start, end } = history;
    const events = between(start, end).flatMap((action) => (action.type === "event" ? [action.event] : []));
    const reply: JoinReply = { offset: end.offset, server_time: 1, me: 1, positions: end.positions, events };
    expect(seen(run(from(start), { type: "joined", reply }))).toEqual(end);
  });
});
