import { describe, expect, test } from "vitest";
import type { JoinReply, Position, SessionEvent } from "../../src/model/model";
import { fixToSendAgain, newestOf, withdraws } from "../../src/session/newest_fix";

const at = (fixTime: number) => ({ lat: 60, lon: 25, fix_time: fixTime });
const of = (participant: number, fixTime: number): Position => ({ participant, ...at(fixTime) });
const reply = (...positions: Position[]): JoinReply => ({ offset: 1, server_time: 9, me: 1, positions, events: [] });

test("an older reading that comes late is not the newest", () => {
  expect(newestOf(null, at(3), 9)).toEqual(at(3));
  expect(newestOf(at(3), at(2), 9)).toEqual(at(3));
  expect(newestOf(at(3), at(4), 9)).toEqual(at(4));
  expect(newestOf(at(3), { ...at(3), lat: 61 }, 9).lat).toBe(61);
});

test("a reading from before the server's clock was set back is not the newest for ever", () => {
  expect(newestOf(at(3_600_000), at(2), 2)).toEqual(at(2));
});

describe("after a join the newest fix", () => {
  test.each([
    ["goes out where the answer has nothing of oneself", reply(of(2, 9)), true],
    ["goes out where the answer has an older one", reply(of(2, 9), of(1, 2)), true],
    ["stays where the answer has it", reply(of(1, 3)), false],
    ["stays where the answer has a newer one, of another page", reply(of(1, 4)), false],
  ])("%s", (_, answer, goesOut) => {
    expect(fixToSendAgain(at(3), true, answer)).toEqual(goesOut ? at(3) : null);
  });

  test("stays while sharing is off or one only watches, and where there is none", () => {
    expect(fixToSendAgain(at(3), false, reply())).toBeNull();
    expect(fixToSendAgain(null, true, reply())).toBeNull();
  });
});

test("one's own pause and leaving withdraw the position, and nothing else does", () => {
  const event = (type: string, data: object) => ({ offset: 2, at: 2, by: 1, op_id: null, type, data }) as SessionEvent;
  expect(withdraws(event("sharing_changed", { participant: 1, on: false }), 1)).toBe(true);
  expect(withdraws(event("participant_left", { participant: 1, reason: "left" }), 1)).toBe(true);
  expect(withdraws(event("sharing_changed", { participant: 1, on: true }), 1)).toBe(false);
  expect(withdraws(event("sharing_changed", { participant: 2, on: false }), 1)).toBe(false);
  expect(withdraws(event("profile_changed", { participant: 1, name: "Ben" }), 1)).toBe(false);
});
