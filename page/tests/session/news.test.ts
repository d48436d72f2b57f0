import { expect, test } from "vitest";
import type { Participant, SessionEvent } from "../../src/model/model";
import { type Heard, news } from "../../src/session/news";
import { type Action, reduce, type SessionState } from "../../src/session/session_state";

const HOUR = 3_600_000;
const session = { id: "abcdefghij", name: "Ride", created_at: 0, expires_at: 8 * HOUR, time_asked_by: null };

function person(id: number, name: string, role: Participant["role"] = "member"): Participant {
  return { id, name, initials: "X", color: "#e5484d", role, sharing: true, joined_at: id };
}

const start = reduce(null, {
  type: "joined",
  reply: {
    offset: 2,
    server_time: 0,
    me: 1,
    positions: [],
    snapshot: { session, participants: [person(1, "Anna", "host"), person(2, "Ben")] },
  },
}) as SessionState;

function then(...changes: readonly (readonly [type: string, data: object])[]): SessionState {
  return changes
    .map(
      ([type, data], index): Action => ({
        type: "event",
        event: { offset: start.offset + index + 1, at: 0, by: null, op_id: null, type, data } as SessionEvent,
      }),
    )
    .reduce(reduce, start as SessionState | null) as SessionState;
}

const heard = (fields: Partial<Heard> = {}): Heard => ({
  state: start,
  isLost: false,
  isSharing: true,
  left: 8 * HOUR,
  ...fields,
});

test("nothing new is not said, and the beginning is no news", () => {
  expect(news(heard(), heard())).toEqual([]);
  expect(news(heard({ state: null }), heard())).toEqual([]);
});

test("who comes, goes and becomes host", () => {
  const changes = then(
    ["participant_joined", { participant: person(3, "Cleo") }],
    ["host_changed", { participant: 2 }],
    ["participant_left", { participant: 1, reason: "left" }],
  );
  expect(news(heard(), heard({ state: changes }))).toEqual(["Cleo is here", "Anna left", "Ben is the host now"]);
});

test("of a crowd a few are named", () => {
  const crowd = Array.from({ length: 40 }, (_, index) => person(index + 3, `Rider ${index}`));
  const state = then(...crowd.map((one) => ["participant_joined", { participant: one }] as const));
  expect(news(heard(), heard({ state }))).toHaveLength(3);
});

test("the end is announced at thirty and at five minutes, once each", () => {
  const minute = 60_000;
  const at = (minutes: number) => heard({ left: minutes * minute });
  expect(news(at(30.01), at(29.99))).toEqual(["Ends in 29 min"]);
  expect(news(at(29.99), at(29.9))).toEqual([]);
  expect(news(at(5.01), at(5))).toEqual(["Ends in 5 min"]);
});

test("more time is asked for, and given", () => {
  const asked = then(["time_asked", { participant: 2 }]);
  expect(news(heard(), heard({ state: asked }))).toEqual(["Ben asks for more time"]);
  const given = then(["session_changed", { session: { ...session, expires_at: 9 * HOUR } }]);
  expect(news(heard(), heard({ state: given, left: 9 * HOUR }))).toEqual(["The session now lasts another 9 h"]);
});

test("the connection and one's own sharing", () => {
  expect(news(heard(), heard({ isLost: true }))).toEqual(["Connection lost"]);
  expect(news(heard({ isLost: true }), heard({ isSharing: false }))).toEqual([
    "Connected again",
    "Your position is not shown any more",
  ]);
});
