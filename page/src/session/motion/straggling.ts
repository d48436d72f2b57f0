/**
 * Who is behind, by the straight distance, for a minute: behind the sweep, or where nobody sweeps behind the next. Pure;
 * the same as the Python client's `motion/straggling.py`.
 *
 * Without a route there are no minutes, and what lies ahead is where the sweep, or the group on the whole, is heading.
 */
import { bearingBetween, distanceBetween } from "../../model/geo";
import type { Fix } from "../../model/model";
import { SLOW } from "./riding";
import { type Look, type Person, placeOf, type Scene } from "./scene";
import { EXPLAINED } from "./stops";

const BEHIND_FOR_MS = 60_000;
const TIMES_THE_OTHERS = 3;
/** Who was told to be behind must be so much nearer before it can be told again. */
const BACK = 0.8;
/** Who is nearest ahead is among so many; more cost time with 200 people. */
const AHEAD = 8;
/** How far the headings of a group must agree, from 0 for none to 1, before it has one. */
const AGREEMENT = 0.5;
const RADIAN = Math.PI / 180;

/** What is remembered of one's own gap. */
export interface Straggling {
  /** It was small enough once: who comes from home is not behind. */
  readonly wasNear: boolean;
  /** Since when it has been too large. */
  readonly since: number | null;
  /** The others were told. */
  readonly isTold: boolean;
}

export const NEVER_BEHIND: Straggling = { wasNear: false, since: null, isTold: false };

interface Placed {
  readonly id: number;
  readonly place: Fix;
}

/**
 * Looks at one's own gap.
 *
 * @param stands - One has stopped, which is asked about by a rule of its own.
 * @returns Whether the others are to be told now that one is behind.
 */
export function lookAtGap(before: Straggling, scene: Scene, stands: boolean): Look<Straggling, boolean> {
  const { wasNear } = before;
  const me = scene.people.get(scene.me);
  const place = me ? placeOf(scene, me) : null;
  const isJudged = me && me.role !== "viewer" && me.post !== "sweep" && !stands && !EXPLAINED.has(me.status);
  if (!isJudged || !place) return { memory: { ...NEVER_BEHIND, wasNear }, found: false };
  const excess = excessOf(me, place, scene);
  if (excess === null || excess <= (before.isTold ? BACK : 1)) {
    return { memory: { ...NEVER_BEHIND, wasNear: wasNear || excess !== null }, found: false };
  }
  const since = before.since ?? scene.now;
  const isDue = wasNear && !before.isTold && scene.isListening;
  const tells = isDue && scene.now - since >= BEHIND_FOR_MS;
  return { memory: { wasNear, since, isTold: before.isTold || tells }, found: tells };
}

/** Who rides last on the group's way; null while it has none. */
export function lastRider(scene: Scene): number | null {
  const order = orderOf(scene);
  return order.length > 1 ? (order[0]?.id ?? null) : null;
}

/** How many times too large one's gap is; null for nobody ahead, or no way to tell what lies ahead. */
function excessOf(me: Person, mine: Fix, scene: Scene): number | null {
  const sweeps = placesOf(scene, (one) => one.post === "sweep");
  if (sweeps.length > 0) {
    const gaps = sweeps.flatMap((sweep) => behind(mine, sweep, scene) ?? []);
    return gaps.length > 0 ? Math.min(...gaps) / scene.sensitivity.behindM : null;
  }
  const order = orderOf(scene);
  const gaps = order.slice(0, -1).map(({ id, place }, index) => {
    const ahead = order.slice(index + 1, index + 1 + AHEAD);
    return { id, metres: Math.min(...ahead.map((one) => distanceBetween(place, one.place))) };
  });
  const gap = gaps.find(({ id }) => id === me.id);
  if (!gap) return null;
  const others = gaps.filter((one) => one !== gap).map(({ metres }) => metres);
  return gap.metres / Math.max(scene.sensitivity.gapM, TIMES_THE_OTHERS * median(others));
}

/** How far one is behind a sweep; 0 for who is not behind, null where the sweep's way is not known. */
function behind(mine: Fix, sweep: Fix, scene: Scene): number | null {
  const ahead = wayOf(sweep, scene);
  if (ahead === null) return null;
  const isBehind = Math.cos((bearingBetween(sweep, mine) - ahead) * RADIAN) < 0;
  return isBehind ? distanceBetween(mine, sweep) : 0;
}

/** Where a sweep is heading: by their motion, or else towards the lead. */
function wayOf(sweep: Fix, scene: Scene): number | null {
  if (isMoving(sweep)) return sweep.heading;
  const [lead] = placesOf(scene, (one) => one.post === "lead");
  return lead ? bearingBetween(sweep, lead) : null;
}

/** Everybody whose place is known, the last one first; nobody while the group has no heading. */
function orderOf(scene: Scene): readonly Placed[] {
  const placed: Placed[] = [];
  for (const one of scene.people.values()) {
    const place = one.role === "viewer" ? null : placeOf(scene, one);
    if (place) placed.push({ id: one.id, place });
  }
  let [north, east, moving] = [0, 0, 0];
  for (const { place } of placed) {
    if (!isMoving(place)) continue;
    north += Math.cos(place.heading * RADIAN);
    east += Math.sin(place.heading * RADIAN);
    moving += 1;
  }
  const origin = placed[0]?.place;
  if (!origin || moving === 0 || Math.hypot(north, east) < AGREEMENT * moving) return [];
  const shrink = Math.cos(origin.lat * RADIAN);
  const ahead = ({ place }: Placed) => (place.lat - origin.lat) * north + (place.lon - origin.lon) * shrink * east;
  return placed.sort((a, b) => ahead(a) - ahead(b));
}

function placesOf(scene: Scene, isMeant: (one: Person) => boolean): Fix[] {
  return [...scene.people.values()].filter(isMeant).flatMap((one) => placeOf(scene, one) ?? []);
}

function isMoving(place: Fix): place is Fix & { readonly heading: number } {
  return place.heading !== undefined && (place.speed === undefined || place.speed >= SLOW);
}

/** 0 for none. */
function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? 0 : (low + high) / 2;
}
