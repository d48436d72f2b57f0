import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headingUp, type Scene, type Sighting, steer, UNSTEERED } from "../../src/map/steering";
import { destination } from "../../src/model/geo";

const PHONE = { width: 390, height: 844 };
const PADDING = { top: 100, right: 34, bottom: 140, left: 34 };
const START = { lat: 60.17, lon: 24.94 };
const AT = 1_790_000_000_000;

interface Case {
  readonly name: string;
  readonly scenes: readonly Scene[];
}

type Change = Partial<Omit<Scene, "now">> & { readonly after: number };

/** Scenes with so many seconds from the start; what is not said stays as it was. */
function scenes(...changes: readonly Change[]): Scene[] {
  let last: Scene = {
    now: AT,
    people: [],
    size: PHONE,
    padding: PADDING,
    bearing: 0,
    isWanted: false,
    isReframed: false,
  };
  return changes.map(({ after, ...change }) => {
    last = { ...last, isWanted: false, isReframed: false, ...change, now: AT + after * 1_000 };
    return last;
  });
}

/** Somebody so many metres east and north of the start, seen so many seconds after it. */
function seen(id: number, east: number, north: number, after: number, accuracy = 5): Sighting {
  const point = destination(destination(START, east, 90), north, 0);
  return { id, lat: round(point.lat, 7), lon: round(point.lon, 7), fix_time: AT + after * 1_000, accuracy };
}

const pair = (after: number, apart = 1_000) => [seen(1, 0, 0, after), seen(2, apart, apart, after)];
const seconds = (count: number, step = 1) =>
  Array.from({ length: Math.floor(count / step) }, (_, index) => index * step);

const CASES: readonly Case[] = [
  { name: "nobody is there yet", scenes: scenes({ after: 0 }, { after: 5, people: [seen(1, 0, 0, 5)] }) },
  { name: "the first picture is not eased", scenes: scenes({ after: 0, people: pair(0) }) },
  {
    name: "somebody appears right after the first picture, and somebody else right after that",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 0.2, people: [...pair(0), seen(3, 0, -2_000, 0)] },
      { after: 0.4, people: [...pair(0), seen(3, 0, -2_000, 0), seen(4, 0, -5_000, 0)] },
      { after: 1.8, people: [...pair(0), seen(3, 0, -2_000, 0), seen(4, 0, -5_000, 0)] },
    ),
  },
  {
    name: "receivers jitter for half a minute",
    scenes: scenes(
      ...seconds(30).map((at) => ({
        after: at,
        people: [
          seen(1, 12 * Math.sin(at * 7), 9 * Math.cos(at * 5), at),
          seen(2, 1_000 + 8 * Math.sin(at * 3), 1_000, at),
        ],
      })),
    ),
  },
  {
    name: "somebody rides out of the picture, and the next movement waits for its turn",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 2, people: [seen(1, 0, 0, 2), seen(2, 1_100, 1_100, 2)] },
      { after: 10, people: [seen(1, 0, 0, 10), seen(2, 1_400, 1_400, 10)] },
      { after: 11, people: [seen(1, 0, 0, 11), seen(2, 1_900, 1_900, 11)] },
      { after: 12, people: [seen(1, 0, 0, 12), seen(2, 1_950, 1_950, 12)] },
    ),
  },
  {
    name: "the group draws together for a moment only",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 20, people: pair(20, 300) },
      { after: 23, people: pair(23, 300) },
      { after: 26, people: pair(26, 560) },
      { after: 29, people: pair(29, 300) },
    ),
  },
  {
    name: "the group draws together and stays so",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 20, people: pair(20, 300) },
      { after: 23, people: pair(23, 300) },
      { after: 25, people: pair(25, 300) },
      { after: 30, people: pair(30, 300) },
    ),
  },
  {
    name: "an outlier, and the next fix is back where it was",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 1, people: [seen(1, 0, 0, 1), seen(2, 9_000, -4_000, 1)] },
      { after: 2, people: [seen(1, 0, 0, 2), seen(2, 1_010, 1_010, 2)] },
      { after: 14, people: [seen(1, 0, 0, 14), seen(2, 1_020, 1_020, 14)] },
    ),
  },
  {
    name: "a leap that the next fix bears out",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 2, people: [seen(1, 0, 0, 2), seen(2, 9_000, 4_000, 2)] },
      { after: 3, people: [seen(1, 0, 0, 3), seen(2, 9_015, 4_010, 3)] },
    ),
  },
  {
    name: "a leap that nothing contradicts for ten seconds",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 2, people: [seen(1, 0, 0, 2), seen(2, 9_000, 4_000, 2)] },
      { after: 8, people: [seen(1, 0, 0, 8), seen(2, 9_000, 4_000, 2)] },
      { after: 12, people: [seen(1, 0, 0, 12), seen(2, 9_000, 4_000, 2)] },
    ),
  },
  {
    name: "a leap within what the receivers say they are unsure of",
    scenes: scenes(
      { after: 0, people: [seen(1, 0, 0, 0), seen(2, 1_000, 1_000, 0, 900)] },
      { after: 2, people: [seen(1, 0, 0, 2), seen(2, 1_900, 1_000, 2, 20)] },
    ),
  },
  {
    name: "a panel opens",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 1, padding: { ...PADDING, bottom: 460 }, isReframed: true },
      { after: 2 },
    ),
  },
  {
    name: "panels leave too little room to show anybody in, and are shut again",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 1, padding: { ...PADDING, top: 300, bottom: 524 }, isReframed: true },
      { after: 9, people: pair(9, 300) },
      { after: 10, people: [seen(1, 0, 0, 10), seen(2, 1_100, 1_100, 10)] },
      { after: 11, padding: PADDING, isReframed: true },
    ),
  },
  {
    name: "panels leave too little room, and somebody rides out of the whole picture",
    scenes: scenes(
      { after: 0, people: pair(0), padding: { ...PADDING, top: 400, bottom: 500 } },
      { after: 20, people: [seen(1, 0, 0, 20), seen(2, 1_800, 1_800, 20)] },
      { after: 60, people: [seen(1, 0, 0, 60), seen(2, 3_600, 3_600, 60)] },
    ),
  },
  {
    name: "panels leave too little room, and everybody is asked for",
    scenes: scenes(
      { after: 0, people: pair(0) },
      { after: 1, padding: { ...PADDING, top: 300, bottom: 524 }, isReframed: true },
      { after: 2, isWanted: true },
    ),
  },
  {
    name: "two people around the north pole",
    scenes: scenes({
      after: 0,
      people: [
        { id: 1, lat: 89.99, lon: 10, fix_time: AT },
        { id: 2, lat: 89.98, lon: -170, fix_time: AT },
      ],
    }),
  },
  {
    name: "one is half the globe away from two beside the antimeridian",
    scenes: scenes({
      after: 0,
      people: [
        { id: 1, lat: 5, lon: 0, fix_time: AT },
        { id: 2, lat: -5, lon: 175, fix_time: AT },
        { id: 3, lat: 0, lon: -179, fix_time: AT },
      ],
    }),
  },
  {
    name: "somebody far off leaves the session",
    scenes: scenes(
      { after: 0, people: [...pair(0), seen(3, 9_000, 0, 0)] },
      { after: 3, people: pair(3) },
      { after: 6, people: pair(6) },
      { after: 8, people: pair(8) },
    ),
  },
  {
    name: "a group on both sides of the antimeridian",
    scenes: scenes({
      after: 0,
      people: [
        { id: 1, lat: -17, lon: 179.9, fix_time: AT },
        { id: 2, lat: -17.1, lon: -179.9, fix_time: AT },
      ],
    }),
  },
  {
    name: "a group all around the globe does not keep the camera busy",
    scenes: scenes(
      ...[0, 2, 4].map((after) => ({
        after,
        people: [-170, -60, 60, 170].map((lon, id) => ({ id, lat: 0, lon, fix_time: AT + after * 1_000 })),
      })),
    ),
  },
  {
    name: "the way east is up",
    scenes: scenes({ after: 0, people: pair(0), bearing: 90 }, { after: 5, bearing: 137, isReframed: true }),
  },
  {
    name: "a convoy rides north at 20 m/s for a minute",
    scenes: scenes(
      ...seconds(60).map((at) => ({
        after: at,
        people: [0, 1, 2, 3].map((id) => seen(id, 3 * id, 20 * at - 40 * id, at)),
      })),
    ),
  },
  {
    name: "a desktop with its panel at the side",
    scenes: scenes({
      after: 0,
      people: pair(0),
      size: { width: 1_280, height: 800 },
      padding: { top: 40, right: 70, bottom: 60, left: 418 },
    }),
  },
];

function decisions({ scenes: given }: Case) {
  let steering = UNSTEERED;
  return given.map((scene) => {
    const decision = steer(steering, scene);
    steering = decision.steering;
    return decision.move;
  });
}

const moves = (name: string) => {
  const found = CASES.find((one) => one.name === name);
  if (!found) throw new Error(`no case "${name}"`);
  return decisions(found);
};
const movedIn = (name: string) => moves(name).map((move) => move !== null);

describe("steer", () => {
  test("does not move while receivers jitter", () => {
    expect(movedIn("receivers jitter for half a minute").filter(Boolean)).toHaveLength(1);
  });

  test("follows who leaves the picture, one movement at a time", () => {
    const expected = [true, false, true, false, true];
    expect(movedIn("somebody rides out of the picture, and the next movement waits for its turn")).toEqual(expected);
  });

  test("lets nobody wait who appears right after the first picture", () => {
    const expected = [true, true, false, true];
    expect(movedIn("somebody appears right after the first picture, and somebody else right after that")).toEqual(
      expected,
    );
  });

  test("comes closer only when the group stays together", () => {
    expect(movedIn("the group draws together for a moment only")).toEqual([true, false, false, false, false]);
    expect(movedIn("the group draws together and stays so")).toEqual([true, false, false, true, false]);
  });

  test("is not thrown by a fix that nobody could have ridden to", () => {
    const outlier = moves("an outlier, and the next fix is back where it was");
    expect(outlier.slice(1)).toEqual([null, null, null]);
    expect(movedIn("a leap that the next fix bears out")).toEqual([true, false, true]);
    expect(movedIn("a leap that nothing contradicts for ten seconds")).toEqual([true, false, false, true]);
    expect(movedIn("a leap within what the receivers say they are unsure of")).toEqual([true, true]);
  });

  test("stays where panels leave too little room, unless somebody is beyond the whole picture", () => {
    expect(movedIn("panels leave too little room to show anybody in, and are shut again")).toEqual([
      true,
      false,
      false,
      false,
      true,
    ]);
    const [first, , later] = moves("panels leave too little room, and somebody rides out of the whole picture");
    // By less than people are spread out: it does not show half the country.
    expect((first?.camera.zoom ?? 0) - (later?.camera.zoom ?? 0)).toBeLessThan(2.5);
    expect(movedIn("panels leave too little room, and everybody is asked for")).toEqual([true, false, true]);
  });

  test("is calm for a convoy under way", () => {
    const count = movedIn("a convoy rides north at 20 m/s for a minute").filter(Boolean).length;
    expect(count).toBeGreaterThan(3);
    expect(count).toBeLessThan(13);
  });

  test("never moves twice within a second and a half by itself", () => {
    const walk = fc.array(fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -40, max: 40 })), {
      minLength: 20,
      maxLength: 60,
    });
    fc.assert(
      fc.property(walk, (steps) => {
        let [steering, east, north, last] = [UNSTEERED, 0, 0, Number.NEGATIVE_INFINITY];
        for (const [index, [dx, dy]] of steps.entries()) {
          [east, north] = [east + dx, north + dy];
          const at = index / 2;
          const [scene] = scenes({ after: at, people: [seen(1, 0, 0, at), seen(2, east, north, at)] });
          if (!scene) throw new Error("no scene");
          const decision = steer(steering, scene);
          steering = decision.steering;
          if (!decision.move) continue;
          expect(at - last).toBeGreaterThanOrEqual(1.5);
          if (decision.move.isEased) last = at;
        }
      }),
    );
  });
});

test("what is up follows the way, not its bends", () => {
  expect(headingUp(0, 20, 14)).toBe(0);
  expect(headingUp(0, 40, 14)).toBe(40);
  expect(headingUp(350, 10, 14)).toBe(350);
  expect(headingUp(350, 30, 14)).toBe(30);
  expect(headingUp(90, 200, 0.5)).toBe(90);
  expect(headingUp(90, undefined, 14)).toBe(90);
  expect(headingUp(90, 359.8, 14)).toBe(0);
});

/** The file that other clients are held to; after a deliberate change `npx vitest run -u` writes it again. */
test("the shared vectors are what this code decides", async () => {
  const vectors = CASES.map((one) => {
    const moves = decisions(one);
    const steps = one.scenes.map((scene, index) => JSON.stringify({ scene, move: expected(moves[index]) }));
    return `{"name": ${JSON.stringify(one.name)}, "steps": [\n  ${steps.join(",\n  ")}\n]}`;
  });
  await expect(`[\n${vectors.join(",\n")}\n]\n`).toMatchFileSnapshot("../../../tests/vectors/view.json");
});

function expected(move: ReturnType<typeof steer>["move"] | undefined) {
  if (!move) return null;
  const { center, zoom, bearing } = move.camera;
  return {
    lat: round(center.lat, 7),
    lon: round(center.lon, 7),
    zoom: round(zoom, 5),
    bearing,
    is_eased: move.isEased,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
