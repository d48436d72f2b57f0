import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plausibleTime, ReadingClock } from "../../src/device/reading_time";
import type { Fix } from "../../src/model/model";
import { type Coordinates, fixOf } from "../../src/model/reading";
import { ServerClock } from "../../src/net/server_clock";

interface Readings {
  readonly times: readonly {
    readonly name: string;
    readonly readings: readonly { stamp: unknown; steady: number; wall: number; server: number; time: number }[];
  }[];
  readonly fields: readonly { readonly name: string; readonly coords: Coordinates; readonly fix: Fix | null }[];
}

interface Clock {
  readonly name: string;
  readonly start: { readonly steady: number; readonly wall: number };
  readonly steps: readonly {
    readonly steady: number;
    readonly wall: number;
    readonly heard?: number;
    readonly by?: number;
    readonly now: number;
    readonly unsure?: boolean;
  }[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../../tests/vectors/${name}.json`), "utf-8"));

const { times, fields } = read("readings") as Readings;

describe("when a reading was taken", () => {
  test.each(times)("$name", ({ readings }) => {
    const clock = new ReadingClock();
    expect(readings.map(({ stamp, ...clocks }) => clock.timeOf(stamp, clocks))).toEqual(
      readings.map((one) => one.time),
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, true])("%s means nothing", (stamp) =>
    expect(plausibleTime(stamp, 1_790_000_000_000)).toBeNull(),
  );

  test("any stamps give a time that is not ahead, nor older than the longest session", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double(), fc.nat(100_000))), (stamps) => {
        const clock = new ReadingClock();
        let steady = 0;
        for (const [stamp, passed] of stamps) {
          steady += passed;
          const server = 1_790_000_000_000 + steady;
          const age = server - clock.timeOf(stamp, { steady, wall: server - 7_200_000, server });
          expect(age).toBeGreaterThanOrEqual(-1_000);
          expect(age).toBeLessThanOrEqual(31 * 86_400_000);
        }
      }),
    );
  });
});

test.each(fields)("a reading: $name", ({ coords, fix }) => {
  expect(fixOf(coords, 5, undefined)).toEqual(fix && { ...fix, fix_time: 5 });
});

test("a reading that is no number has no place", () => {
  const coords = { latitude: Number.NaN, longitude: 5, accuracy: 5, speed: null, heading: null, altitude: null };
  expect(fixOf(coords, 5, undefined)).toBeNull();
});

test.each(read("server_clock") as readonly Clock[])("$name", ({ start, steps }) => {
  const clock = new ServerClock(start.steady, start.wall);
  for (const { steady, wall, heard, by, now, unsure } of steps) {
    clock.look(steady, wall);
    if (heard !== undefined) expect(clock.hear(heard, steady)).toBe(by);
    expect(clock.now(steady)).toBe(now);
    if (unsure !== undefined) expect(clock.isUnsure).toBe(unsure);
  }
});
