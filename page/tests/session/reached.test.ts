import { expect, test } from "vitest";
import type { Participant } from "../../src/model/model";
import { reachOf, readReached } from "../../src/session/reached";
import { reduce, type SessionState } from "../../src/session/session_state";

function person(id: number, more: Partial<Participant> = {}): Participant {
  const base = { name: `Rider ${id}`, initials: "R", color: "#000000", sharing: true, joined_at: 0 };
  return { id, role: "member", ...base, ...more };
}

function session(participants: readonly Participant[]): SessionState {
  const snapshot = { session: { id: "abcdefghij", name: "Trip", created_at: 0, expires_at: 1e13 }, participants };
  const reply = { offset: 9, server_time: 0, me: 1, positions: [], snapshot };
  const state = reduce(null, { type: "joined", reply });
  if (!state) throw new Error("a snapshot gives a state");
  return state;
}

const reports = (offsets: Readonly<Record<string, number>>) =>
  readReached(new Map(Object.entries(offsets).map(([id, offset]) => [id, { offset }])));

test("says on how many phones, and why not yet", () => {
  let state = session([person(1), person(2), person(3), person(4, { name: "Hugo" }), person(5, { role: "viewer" })]);
  const seen = (connected: readonly number[], at: number) => ({
    type: "presence" as const,
    connected: new Set(connected),
    at,
  });
  state = reduce(reduce(state, seen([1, 2, 3, 4], 0)), seen([1, 2, 3], 60_000)) ?? state;
  expect(reachOf(reports({ 2: 9, 3: 8 }), 9, state, 300_000)).toEqual({
    on: 1,
    of: 3,
    missing: [
      { name: "Rider 3", silentFor: null },
      { name: "Hugo", silentFor: 240_000 },
    ],
  });
});

test("what is reported in another manner counts for nothing", () => {
  expect([
    ...readReached(
      new Map<string, unknown>([
        ["2", null],
        ["3", { offset: "9" }],
      ]),
    ).values(),
  ]).toEqual([0, 0]);
  expect(readReached(undefined).size).toBe(0);
});
