import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { destination } from "../../src/model/geo";
import { type Cue, type CuePerson, NOTHING_SAID, planCue, sideOf } from "../../src/panels/cue_planner";

const HERE = { lat: 60.17, lon: 24.94 };
const NORTHWARD = { point: HERE, heading: 0 };

function anna(metres: number, bearing = 180, isStale = false): CuePerson {
  return { id: 2, name: "Anna", point: destination(HERE, metres, bearing), isStale };
}

/** What is said, given who is where each so many seconds. */
function ride(...steps: readonly (readonly [seconds: number, ...others: CuePerson[]])[]): (Cue | null)[] {
  let memory = NOTHING_SAID;
  return steps.map(([seconds, ...others]) => {
    const planned = planCue(memory, { now: seconds * 1_000, me: NORTHWARD, others });
    memory = planned.memory;
    return planned.cue;
  });
}

describe("planCue", () => {
  test("who is where at first is no news", () => {
    expect(ride([0, anna(3_000)])).toEqual([null]);
  });

  test("somebody falls behind", () => {
    const [, , cue] = ride([0, anna(300)], [60, anna(1_900)], [120, anna(2_050)]);
    expect(cue).toMatchObject({ kind: "distance", name: "Anna", side: "behind" });
    expect(cue?.metres).toBeCloseTo(2_050, -1);
  });

  test("riding along a limit is told once", () => {
    const steps = Array.from({ length: 40 }, (_, index) => [index * 20, anna(1_000 + (index % 2 ? 60 : -60))] as const);
    expect(ride(...steps).filter(Boolean)).toHaveLength(1);
  });

  test("coming back is told", () => {
    const cues = ride([0, anna(300)], [60, anna(2_100)], [120, anna(1_800)], [180, anna(400)]);
    expect(cues.map((cue) => cue?.kind ?? null)).toEqual([null, "distance", null, "distance"]);
  });

  test("silence is told, and that it is over", () => {
    const cues = ride([0, anna(300)], [60, anna(300, 180, true)], [120, anna(300, 180, true)], [180, anna(310)]);
    expect(cues.map((cue) => cue?.kind ?? null)).toEqual([null, "silent", null, "back"]);
  });

  test("what could not be said at once is said later, unless it has passed", () => {
    const bo = (metres: number): CuePerson => ({ ...anna(metres), id: 3, name: "Bo" });
    const cues = ride(
      [0, anna(300), bo(300)],
      [60, anna(2_100), bo(1_100)],
      [61, anna(2_100), bo(1_100)],
      [80, anna(2_100), bo(1_100)],
    );
    expect(cues.map((cue) => cue?.name ?? null)).toEqual([null, "Anna", null, "Bo"]);
  });

  test("there are fifteen seconds between two sentences, whatever happens", () => {
    const places = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 9_000 }), fc.integer({ min: 0, max: 9_000 }), fc.boolean()),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(places, (steps) => {
        const cues = ride(
          ...steps.map(([a, b, isStale], index) => [index * 5, anna(a, 90, isStale), { ...anna(b), id: 3 }] as const),
        );
        const said = cues.flatMap((cue, index) => (cue ? [index * 5] : []));
        for (const [index, at] of said.entries()) {
          if (index > 0) expect(at - (said[index - 1] ?? 0)).toBeGreaterThanOrEqual(15);
        }
      }),
    );
  });
});

test("sides are those of the rider", () => {
  const side = (bearing: number, heading: number | null) =>
    sideOf({ point: HERE, heading }, destination(HERE, 1_000, bearing));
  expect(side(10, 350)).toBe("ahead");
  expect(side(180, 10)).toBe("behind");
  expect(side(270, 0)).toBe("left");
  expect(side(90, 0)).toBe("right");
  expect(side(90, null)).toBe("away");
});
