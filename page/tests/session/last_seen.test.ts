import { expect, test } from "vitest";
import { readSeen, writeSeen } from "../../src/session/last_seen";
import { reduce } from "../../src/session/session_state";

const NOW = 1_790_000_000_000;
const anna = {
  id: 1,
  name: "Anna",
  initials: "AN",
  color: "#e5484d",
  role: "host",
  sharing: true,
  joined_at: NOW,
} as const;
const state = reduce(null, {
  type: "joined",
  reply: {
    offset: 7,
    mark: "a-mark",
    server_time: NOW,
    me: 1,
    positions: [{ participant: 1, lat: 60, lon: 24, fix_time: NOW - 5_000 }],
    snapshot: {
      session: { id: "2o4sg3by83", name: "Copper Swift", created_at: NOW, expires_at: NOW + 60_000 },
      participants: [anna],
    },
  },
});

test("what was seen is seen again, as old as it is", () => {
  if (!state) throw new Error("there is no state");
  const seen = readSeen(writeSeen(state, NOW), NOW + 30_000);
  expect(seen).toEqual(state);
});

test("what features keep is seen again, and whether something was not understood", () => {
  if (!state) throw new Error("there is no state");
  const kept = { ...state, features: { newer: { since: 1 } }, isIncomplete: true };
  expect(readSeen(writeSeen(kept, NOW), NOW + 30_000)).toEqual(kept);
});

test.each([
  ["nothing", null],
  ["no JSON", "{"],
  ["null", "null"],
  ["a list", "[]"],
  ["another version", '{"version":2}'],
  ["half of it", '{"version":1,"me":1}'],
  ["somebody who is not in it", state && writeSeen({ ...state, me: 9 }, NOW)],
])("%s is nothing seen", (_, text) => {
  expect(readSeen(text, NOW)).toBeNull();
});

test("a session that is over is not shown any more", () => {
  expect(state && readSeen(writeSeen(state, NOW), NOW + 60_000)).toBeNull();
});
