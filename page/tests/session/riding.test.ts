import { describe, expect, test } from "vitest";
import vectors from "../../../tests/vectors/motion.json";
import { destination } from "../../src/model/geo";
import type { Fix } from "../../src/model/model";
import { follow, isPassenger, isRiding, type Riding, sayPassenger, UNMOVED } from "../../src/session/motion/riding";

const START = { lat: 60.17, lon: 24.94 };
const AT = 1_790_000_000_000;

interface Ride {
  readonly legs: readonly (readonly (number | null)[])[];
  readonly without_speed?: boolean;
  readonly accuracy?: number;
}

/** What is known each second of a ride straight north. */
function looks(ride: Ride, said: number | null = null): readonly { readonly riding: Riding; readonly now: number }[] {
  const seen: { riding: Riding; now: number }[] = [];
  let riding = UNMOVED;
  let metres = 0;
  for (const [seconds, speed] of ride.legs) {
    for (let second = 0; second < (seconds ?? 0); second += 1) {
      const now = AT + seen.length * 1_000;
      if (typeof speed === "number") riding = follow(riding, fixAt(ride, metres, speed, now));
      if (seen.length === said) riding = sayPassenger(riding, now);
      metres += speed ?? 0;
      seen.push({ riding, now });
    }
  }
  return seen;
}

function fixAt({ without_speed, accuracy }: Ride, metres: number, speed: number, now: number): Fix {
  const place = { ...destination(START, metres, 0), fix_time: now };
  return { ...place, ...(!without_speed && { speed }), ...(accuracy !== undefined && { accuracy }) };
}

/** From when to when something holds, in seconds. */
function spans(holds: readonly boolean[]): number[][] {
  const ends = [...holds, false];
  const begins = holds.flatMap((one, at) => (one && !ends[at - 1] ? [at] : []));
  return begins.map((from) => [from, ends.indexOf(false, from)]);
}

describe("riding", () => {
  test.each(vectors.riding)("$name", ({ rides, ...ride }) => {
    expect(spans(looks(ride as Ride).map(({ riding, now }) => isRiding(riding, now)))).toEqual(rides);
  });
});

describe("a passenger", () => {
  test.each(vectors.passengers)("$name", ({ said, holds, ...ride }) => {
    expect(spans(looks(ride as Ride, said).map(({ riding, now }) => isPassenger(riding, now)))).toEqual(holds);
  });
});
