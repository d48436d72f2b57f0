import { expect, test } from "vitest";
import { destination } from "../../src/model/geo";
import type { Participant, Position } from "../../src/model/model";
import { reduce, type SessionState } from "../../src/session/session_state";
import { type Wanted, Watch } from "../../src/session/watch";

const AT = 1_790_000_000_000;
const START = { lat: 60.17, lon: 24.94 };
const session = { id: "abcdefghij", name: "Ride", created_at: 0, expires_at: AT * 2, time_asked_by: null };

/** A session in which one rides alone, some seconds after the start. */
function seen(second: number, metres: number, speed: number, features: Participant["features"] = {}): SessionState {
  const position: Position = { participant: 1, ...destination(START, metres, 0), speed, fix_time: AT + second * 1_000 };
  const me: Participant = {
    id: 1,
    name: "Ada",
    initials: "A",
    color: "#e5484d",
    role: "host",
    sharing: true,
    joined_at: 0,
    features,
  };
  const reply = { offset: 1, server_time: AT, me: 1, positions: [position], snapshot: { session, participants: [me] } };
  const joined = reduce(null, { type: "joined", reply });
  return reduce(joined, { type: "presence", connected: new Set([1]), at: AT }) as SessionState;
}

test("asks somebody who stopped alone after 4 minutes, until they answer", () => {
  const watch = new Watch();
  for (let second = 0; second <= 60; second += 1) watch.look(seen(second, second * 10, 10), AT + second * 1_000, true);
  expect(watch.isRiding(AT + 60_000)).toBe(true);
  for (let second = 61; second < 301; second += 1) watch.look(seen(second, 600, 0), AT + second * 1_000, true);
  expect(watch.isAsking).toBe(false);
  expect(watch.isRiding(AT + 300_000)).toBe(false);
  watch.look(seen(301, 600, 0), AT + 301_000, true);
  expect(watch.isAsking).toBe(true);
  watch.answer();
  expect(watch.isAsking).toBe(false);
});

test("takes one's own status back once one rides on", () => {
  const watch = new Watch();
  const features = { status: { status: "break", since: AT } } as const;
  const wanted: Wanted[] = [];
  for (let second = 0; second <= 20; second += 1) {
    wanted.push(...watch.look(seen(second, second * 10, 10, features), AT + second * 1_000, true));
  }
  expect(wanted).toEqual([["status:set", {}]]);
});

test("raises what it judges of oneself without naming anybody", () => {
  const watch = new Watch();
  for (let second = 0; second <= 60; second += 1) watch.look(seen(second, second * 10, 10), AT + second * 1_000, true);
  const wanted: Wanted[] = [];
  for (let second = 61; second <= 361; second += 1) {
    wanted.push(...watch.look(seen(second, 600, 0), AT + second * 1_000, true));
  }
  expect(wanted).toEqual([["alert:raise", { kind: "stopped" }]]);
});

test("asks sooner who chose so", () => {
  const watch = new Watch();
  watch.chooseSensitivity("tight");
  for (let second = 0; second <= 60; second += 1) watch.look(seen(second, second * 10, 10), AT + second * 1_000, true);
  for (let second = 61; second <= 241; second += 1) watch.look(seen(second, 600, 0), AT + second * 1_000, true);
  expect(watch.isAsking).toBe(true);
  watch.chooseSensitivity("normal");
});

test("raises what it judges of places with the place, and says where the lead stopped", () => {
  const watch = new Watch();
  const wanted: Wanted[] = [];
  const place = { place: 5, participant: 1, kind: "meet", ...START, name: null, note: null, radius_m: null } as const;
  const at = (second: number, metres: number, speed: number, regroup: { place?: number; by: number; at: number }) => {
    const state = seen(second, metres, speed);
    const places = { places: [{ ...place, at: AT, written: 5 }] };
    wanted.push(...watch.look({ ...state, features: { places, regroup } }, AT + second * 1_000, true));
  };
  at(0, 0, 0, { place: 5, by: 1, at: AT });
  expect(wanted).toEqual([["alert:raise", { kind: "arrival", place: 5 }]]);
  expect(watch.board).toMatchObject({ place: 5, here: 1, awaited: 1, isComplete: false });
  for (let second = 1; second <= 60; second += 1) at(second, second * 10, 10, { by: 1, at: AT + 1 });
  for (let second = 61; second <= 122; second += 1) at(second, 600, 0, { by: 1, at: AT + 1 });
  expect(wanted.slice(1)).toEqual([["regroup:place", expect.objectContaining({ lon: START.lon })]]);
  expect(watch.board).toBeNull();
});
