/**
 * Hazards: spoken to who still comes there, and gone once the sweep is 500 m past. Pure, by tests/vectors/place_rules.json;
 * the same as the Python client's `place_rules/hazards.py`. Times are on the server's clock.
 */
import { bearingBetween } from "../../model/geo";
import type { Fix, Place } from "../../model/model";
import { type Riding, SLOW, UNSEEN_MS } from "../motion/riding";
import { mayAsk, placeOf, type Scene } from "../motion/scene";
import { metresTo, type PlaceScene } from "./scene";

const AHEAD_M = 300;
/** Or so long at one's speed, where that is farther. */
const AHEAD_S = 60;
/** How far from where one is heading a hazard may lie, in degrees to either side. */
const CONE = 45;
/** Who comes there again is told again, so long after the last time at the earliest. */
const AGAIN_MS = 600_000;
const CAME_BY_M = 100;
const PAST_M = 500;

/** What is remembered of a hazard. */
interface Sighting {
  /** When one was told of it. */
  readonly toldAt: number | null;
  /** Who sweeps, and has been there. */
  readonly cameBy: ReadonlySet<number>;
  /** When one last told that all have passed. */
  readonly askedAt: number | null;
}

/** What is remembered of the hazards that stand, by place. */
export type Hazards = ReadonlyMap<number, Sighting>;

export const NO_HAZARDS: Hazards = new Map();

/** A look at the hazards. */
export interface Looked {
  readonly memory: Hazards;
  /** Those that one is to be told of now. */
  readonly ahead: readonly number[];
  /** Those that all have passed. */
  readonly passed: readonly number[];
}

/**
 * Looks at the hazards.
 *
 * @param riding - One's motion, with the newest fix that counts.
 * @param last - The fix that counted before; the same where there is no newer one.
 */
export function lookAtHazards(before: Hazards, riding: Riding, scene: PlaceScene, last: Fix | null): Looked {
  const { people, places } = scene;
  const me = people.people.get(people.me);
  if (!me || me.role === "viewer") return { memory: NO_HAZARDS, ahead: [], passed: [] };
  const memory = new Map<number, Sighting>();
  const ahead: number[] = [];
  const passed: number[] = [];
  for (const hazard of places) {
    if (hazard.kind !== "hazard") continue;
    // Who marked it knows of it.
    const toldAt = hazard.participant === people.me ? hazard.at : null;
    let known = before.get(hazard.place) ?? { toldAt, cameBy: new Set(), askedAt: null };
    if (me.fix && isAhead(known, hazard, riding, last, people.now)) {
      known = { ...known, toldAt: people.now };
      ahead.push(hazard.place);
    }
    const isPassed = passes(known, hazard, people);
    if (isPassed.found) passed.push(hazard.place);
    memory.set(hazard.place, isPassed.memory);
  }
  return { memory, ahead, passed };
}

/** Whether one comes there by a newer fix, and is to be told. */
function isAhead({ toldAt }: Sighting, hazard: Place, riding: Riding, last: Fix | null, now: number): boolean {
  const { speed, last: fix } = riding;
  if (!fix || !last || fix === last || speed < SLOW || (toldAt !== null && now - toldAt < AGAIN_MS)) {
    return false;
  }
  const metres = metresTo(hazard, fix);
  const isClosing = metres < metresTo(hazard, last);
  return isClosing && metres <= Math.max(AHEAD_M, AHEAD_S * speed) && isBefore(hazard, fix, last);
}

/** Whether a hazard lies where one is heading. */
function isBefore(hazard: Place, fix: Fix, last: Fix): boolean {
  const wasSeen = fix.fix_time - last.fix_time <= UNSEEN_MS;
  const heading = fix.heading ?? (wasSeen ? bearingBetween(last, fix) : null);
  if (heading === null) return false;
  return Math.abs(((bearingBetween(fix, hazard) - heading + 540) % 360) - 180) <= CONE;
}

/** Whether one sweeps, and all who do have been there and are well past. */
function passes(known: Sighting, hazard: Place, scene: Scene): { readonly memory: Sighting; readonly found: boolean } {
  const cameBy = new Set(known.cameBy);
  let isMine = false;
  let arePast = true;
  for (const one of scene.people.values()) {
    const place = one.post === "sweep" ? placeOf(scene, one) : null;
    if (!place) continue;
    const metres = metresTo(hazard, place);
    if (metres <= CAME_BY_M) cameBy.add(one.id);
    arePast &&= cameBy.has(one.id) && metres >= PAST_M;
    isMine ||= one.id === scene.me;
  }
  const found = isMine && arePast && mayAsk(scene, known.askedAt) && scene.isListening;
  return { memory: { ...known, cameBy, askedAt: found ? scene.now : known.askedAt }, found };
}
