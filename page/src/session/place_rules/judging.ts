/**
 * All that a client judges of places, looked at together: with each fix of one's own, and once a second. Pure; the same as
 * the Python client's `place_rules/judging.py`.
 */
import type { Point } from "../../model/geo";
import type { Fix } from "../../model/model";
import type { Riding } from "../motion/riding";
import { type Hazards, lookAtHazards, NO_HAZARDS } from "./hazards";
import { lookForStop, type NextStop } from "./next_stop";
import { followPace, NO_PACE, type Pace } from "./pace";
import { lookAtRoll, NO_ROLL_CALL, type RollCall, type ToldOfPlaces } from "./roll_call";
import { meetingPlace, type PlaceScene } from "./scene";

/** What is remembered between two looks. */
export interface PlaceMemory {
  readonly paces: ReadonlyMap<number, Pace>;
  readonly rollCall: RollCall;
  readonly nextStop: NextStop | null;
  readonly hazards: Hazards;
}

export const NO_PLACES_JUDGED: PlaceMemory = {
  paces: new Map(),
  rollCall: NO_ROLL_CALL,
  nextStop: null,
  hazards: NO_HAZARDS,
};

/** What follows from a look. */
export interface PlaceFindings {
  /** What to raise, about whom (null for all), and about which place. */
  readonly alerts: readonly (readonly [kind: ToldOfPlaces, participant: number | null, place: number])[];
  /** One's own status ended by arriving. */
  readonly endsStatus: boolean;
  /** Where the group is to meet, now that the lead stands. */
  readonly stop: Point | null;
  /** Those that one is to be told of. */
  readonly hazards: readonly number[];
}

/**
 * Looks at the places of a session.
 *
 * @param riding - One's motion, with the newest fix that counts.
 * @param last - The fix that counted before; the same where there is no newer one.
 */
export function judgePlaces(
  before: PlaceMemory,
  scene: PlaceScene,
  riding: Riding,
  last: Fix | null,
): { readonly memory: PlaceMemory; readonly findings: PlaceFindings } {
  const paces = new Map<number, Pace>();
  for (const { id, role, fix } of scene.people.people.values()) {
    if (fix && role !== "viewer") paces.set(id, followPace(before.paces.get(id) ?? NO_PACE, fix));
  }
  const roll = lookAtRoll(before.rollCall, scene, paces);
  const stop = lookForStop(before.nextStop, riding, scene);
  const hazards = lookAtHazards(before.hazards, riding, scene, last);
  const meeting = meetingPlace(scene)?.place ?? 0;
  const alerts: PlaceFindings["alerts"][number][] = [
    ...roll.told.map(([kind, who]) => [kind, who, meeting] as const),
    ...hazards.passed.map((hazard) => ["hazard_gone", null, hazard] as const),
  ];
  return {
    memory: { paces, rollCall: roll.memory, nextStop: stop.memory, hazards: hazards.memory },
    findings: { alerts, endsStatus: roll.endsStatus, stop: stop.found, hazards: hazards.ahead },
  };
}
