import { expect, test } from "vitest";
import { type Digest, lookAt, NOTHING_MISSED, noteArrival, stillUnread } from "../../src/session/digest";

test("what came while one rode is told once, 20 s after one stopped: riding ends 15 s after", () => {
  let digest: Digest = lookAt(NOTHING_MISSED, true, 0).digest;
  for (const id of [3, 4, 5]) digest = noteArrival(digest, id, true);
  const told: [number, readonly number[]][] = [];
  for (let now = 1_000; now <= 20_000; now += 1_000) {
    const looked = lookAt(digest, now < 10_000, now);
    digest = looked.digest;
    if (looked.due.length > 0) told.push([now, looked.due]);
  }
  expect(told).toEqual([[15_000, [3, 4, 5]]]);
});

test("who rides on within that time is told nothing yet", () => {
  let digest = noteArrival(lookAt(NOTHING_MISSED, true, 0).digest, 3, true);
  for (const [now, isRiding] of [
    [1_000, false],
    [4_000, true],
    [5_000, false],
    [9_000, false],
  ] as const) {
    const looked = lookAt(digest, isRiding, now);
    expect(looked.due).toEqual([]);
    digest = looked.digest;
  }
  expect(lookAt(digest, false, 10_000).due).toEqual([3]);
});

test("what came while one stood is no part of it, nor what was read meanwhile", () => {
  expect(noteArrival(NOTHING_MISSED, 3, false).missed).toEqual([]);
  expect(stillUnread([3, 4, 5], 3, (id) => id === 5)).toEqual({ count: 2, forMe: 1 });
});
