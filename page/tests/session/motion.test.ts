import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { destination } from "../../src/model/geo";
import type { Fix } from "../../src/model/model";
import { answered, judge, NOTHING_JUDGED } from "../../src/session/motion/judging";
import { follow, isPassenger, isRiding, sayPassenger, UNMOVED } from "../../src/session/motion/riding";
import { type Judged, type Person, type Scene, SENSITIVITIES } from "../../src/session/motion/scene";
import { isAsking } from "../../src/session/motion/stops";
import { AT, isWithin, personAt, type Rider, type Spans, START, seconds, spans } from "./rides";

interface Ride extends Rider {
  readonly name: string;
  readonly said?: number | null;
  readonly rides: Spans;
  readonly holds: Spans;
}

interface Case {
  readonly name: string;
  readonly me: number;
  readonly until: number;
  readonly people: readonly Rider[];
  readonly offline?: Spans;
  readonly answers?: readonly number[];
  readonly told?: readonly (readonly [at: number, kind: Judged, participant: number])[];
  readonly sensitivity?: keyof typeof SENSITIVITIES;
  readonly deaf?: boolean;
  readonly then: readonly (readonly [at: number, what: string])[];
}

const vectors: { riding: Ride[]; passengers: Ride[]; judged: Case[] } = JSON.parse(
  readFileSync(new URL("../../../tests/vectors/motion.json", import.meta.url), "utf8"),
);

/** What one client finds, by second. The server repeats what is raised, and ends a status. */
function happens({ me, ...story }: Case): (readonly [number, string])[] {
  const riders = new Map(story.people.map((one) => [one.id, seconds(one)]));
  const newest = new Map<number, Fix>();
  const found: (readonly [number, string])[] = [];
  const alerts: Scene["alerts"][number][] = [];
  let people = new Map<number, Person>();
  let memory = NOTHING_JUDGED;
  let isEnded = false;
  for (let second = 0; second < story.until; second += 1) {
    const now = AT + second * 1_000;
    const truth = new Map<number, Person>();
    for (const rider of story.people) {
      const { fix = null, isConnected = false } = riders.get(rider.id)?.[second] ?? {};
      if (fix) newest.set(rider.id, fix);
      const isOver = isEnded && rider.id === me;
      truth.set(rider.id, personAt(rider, second, newest.get(rider.id) ?? null, isConnected, isOver));
    }
    const isListening = !isWithin(story.offline, second);
    const mine = truth.get(me) as Person;
    people = isListening || people.size === 0 ? truth : new Map(people).set(me, mine);
    for (const [at, kind, participant] of story.told ?? [])
      if (at === second) alerts.push({ kind, participant, at: now });
    if (story.answers?.includes(second)) {
      memory = answered(memory);
      found.push([second, "answered"]);
    }
    const wasAsking = isAsking(memory.stopping);
    const sensitivity = SENSITIVITIES[story.sensitivity ?? "normal"];
    const look = judge(memory, { now, me, people, isListening, alerts: [...alerts], sensitivity });
    memory = look.memory;
    if (isAsking(memory.stopping) !== wasAsking) found.push([second, wasAsking ? "over" : "asked"]);
    if (look.findings.endsStatus) {
      found.push([second, "ended"]);
      isEnded = !story.deaf;
    }
    for (const [kind, participant] of look.findings.alerts) {
      found.push([second, `${kind} ${participant}`]);
      alerts.push({ kind, participant, at: now });
    }
  }
  return found;
}

/** What is known of somebody's riding each second. */
function looks(ride: Ride) {
  let riding = UNMOVED;
  return seconds(ride).map(({ fix }, second) => {
    const now = AT + second * 1_000;
    if (fix) riding = follow(riding, fix);
    if (second === ride.said) riding = sayPassenger(riding, now);
    return { isRiding: isRiding(riding, now), isPassenger: isPassenger(riding, now) };
  });
}

describe("who rides", () => {
  test.each(vectors.riding)("$name", (ride) => {
    expect(spans(looks(ride).map((one) => one.isRiding))).toEqual(ride.rides);
  });
});

describe("who is a passenger", () => {
  test.each(vectors.passengers)("$name", (ride) => {
    expect(spans(looks(ride).map((one) => one.isPassenger))).toEqual(ride.holds);
  });
});

describe("what a client finds", () => {
  test.each(vectors.judged)("$name", (story) => {
    expect(happens(story)).toEqual(story.then);
  });
});

test.each([1, 8])("a recorded city ride of %i proposes nothing at a light", (riders) => {
  const { fixes }: { fixes: [second: number, north: number, east: number][] } = JSON.parse(
    readFileSync(new URL("../../../tests/vectors/city_ride.json", import.meta.url), "utf8"),
  );
  const places = new Map(
    fixes.map(([second, north, east]) => [second, destination(destination(START, north / 10, 0), east / 10, 90)]),
  );
  const me = Math.floor((riders + 1) / 2);
  const people = new Map<number, Person>();
  const found: unknown[] = [];
  let memory = NOTHING_JUDGED;
  let [rode, stood] = [0, 0];
  for (let second = 0; second <= (fixes.at(-1)?.[0] ?? 0); second += 1) {
    const now = AT + second * 1_000;
    for (let id = 1; id <= riders; id += 1) {
      // Four seconds behind one another; the one who looks is in their middle.
      const place = places.get(second - 4 * id);
      if (place) people.set(id, personAt({ id, legs: [] }, second, { ...place, fix_time: now }, true, false));
    }
    const look = judge(memory, { now, me, people, isListening: true, alerts: [], sensitivity: SENSITIVITIES.normal });
    memory = look.memory;
    found.push(...look.findings.alerts, ...(isAsking(memory.stopping) ? ["asked"] : []));
    if (isRiding(memory.riding, now)) rode += 1;
    if (memory.stopping.stop) stood += 1;
  }
  expect(found).toEqual([]);
  expect(rode).toBeGreaterThan(600);
  expect(stood).toBeGreaterThan(60);
});
