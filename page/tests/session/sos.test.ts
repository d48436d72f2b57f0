import { describe, expect, test } from "vitest";
import { destination } from "../../src/model/geo";
import { type Alarm, alarmsOfOthers, mayWait, ownAlarms, sideOf, toShow, toSound } from "../../src/session/sos";

function alarm(sos: number, more: Partial<Alarm> = {}): Alarm {
  const times = { at: 0, again_at: 60_000, call_at: 120_000 };
  return {
    sos,
    participant: 2,
    by: 2,
    kind: "injured",
    lat: 60.17,
    lon: 24.94,
    ...times,
    stage: 0,
    answers: {},
    ...more,
  };
}

const NOBODY = new Map<number, number>();

test("one's own are those for oneself and those that one raised for somebody", () => {
  const open = [alarm(1), alarm(2, { participant: 1 }), alarm(3, { by: 1 }), alarm(4, { participant: 1, by: 1 })];
  expect(ownAlarms(open, 1).map(({ sos }) => sos)).toEqual([2, 3, 4]);
  expect(alarmsOfOthers(open, 1).map(({ sos }) => sos)).toEqual([1]);
});

describe("what is on the screen", () => {
  test("an alarm until it is answered, and again where it was alarmed again", () => {
    expect(toShow([alarm(1)], 1, NOBODY)).toHaveLength(1);
    expect(toShow([alarm(1, { answers: { 1: "staying" } })], 1, NOBODY)).toHaveLength(0);
    const seen = new Map([[1, 0]]);
    expect(toShow([alarm(1, { answers: { 1: "staying" } })], 1, seen)).toHaveLength(0);
    expect(toShow([alarm(1, { stage: 1, answers: { 1: "staying" } })], 1, seen)).toHaveLength(1);
  });

  test("several at once, the oldest first", () => {
    expect(toShow([alarm(1), alarm(2, { participant: 3, by: 3 })], 1, NOBODY).map(({ sos }) => sos)).toEqual([1, 2]);
  });
});

describe("what sounds", () => {
  test("once at each stage, and not for who goes there", () => {
    expect(toSound([alarm(1)], 1, NOBODY)).toHaveLength(1);
    expect(toSound([alarm(1)], 1, new Map([[1, 0]]))).toHaveLength(0);
    expect(toSound([alarm(1, { stage: 1 })], 1, new Map([[1, 0]]))).toHaveLength(1);
    expect(toSound([alarm(1, { stage: 1, answers: { 1: "staying" } })], 1, new Map([[1, 0]]))).toHaveLength(1);
    expect(toSound([alarm(1, { stage: 1, answers: { 1: "going" } })], 1, new Map([[1, 0]]))).toHaveLength(0);
  });

  test("nothing for an alarm of one's own", () => {
    expect(toSound([alarm(1, { by: 1 }), alarm(2, { participant: 1 })], 1, NOBODY)).toHaveLength(0);
  });
});

describe("who is asked first", () => {
  const place = { lat: 60.17, lon: 24.94 };
  const way = { heading: 30, at: 0 };

  test.each([
    ["behind", 210],
    ["ahead", 30],
    ["behind", 150],
    ["ahead", 100],
  ])("%s at a bearing of %i degrees from where a way of 30 degrees was ridden", (side, bearing) => {
    expect(sideOf(place, way, destination(place, 500, bearing), 1_000)).toBe(side);
  });

  test("who is beside the place is neither", () => {
    expect(sideOf(place, way, destination(place, 500, 119), 1_000)).toBe("beside");
  });

  test("nothing is made up: without a way, with an old one, or without a place, all are asked", () => {
    const other = destination(place, 500, 30);
    expect(sideOf(place, undefined, other, 0)).toBe("unknown");
    expect(sideOf(place, way, other, 11 * 60_000)).toBe("unknown");
    expect(sideOf(place, way, undefined, 0)).toBe("unknown");
    expect(mayWait(alarm(1), "unknown")).toBe(false);
  });

  test("those ahead wait for a minute at most", () => {
    expect(mayWait(alarm(1), "ahead")).toBe(true);
    expect(mayWait(alarm(1), "behind")).toBe(false);
    expect(mayWait(alarm(1, { stage: 1 }), "ahead")).toBe(false);
  });
});
