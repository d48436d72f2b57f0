/**
 * Who stopped while the others ride on, or for 4 minutes, is asked; the others are told where no answer comes. Pure; the
 * same as the Python client's `motion/stops.py`.
 */
import { distanceBetween } from "../../model/geo";
import type { Fix, Status } from "../../model/model";
import { isRiding, type Riding, SLOW, UNSEEN_MS } from "./riding";
import { type Look, placeOf, type Scene } from "./scene";

const PLACE_M = 50;
const NEAR_M = 300;
const ON_M = 500;
const ANSWER_MS = 60_000;
/** One fix far off, or fast, may be a receiver's error. */
const TWICE = 2;
/** Who has said one of these need not be asked. */
export const EXPLAINED: ReadonlySet<Status | null> = new Set<Status>(["break", "fuel", "problem", "going_home"]);

/** One standing still after riding. */
interface Stop {
  readonly since: number;
  readonly place: Fix;
  /** Who was near when it began. */
  readonly near: ReadonlySet<number>;
  /** How many fixes in a row say that it is over. */
  readonly leaving: number;
  /** When one was asked whether all is well. */
  readonly askedAt: number | null;
  /** One has answered, or nobody needs to know. */
  readonly isSettled: boolean;
  /** The others were told. */
  readonly isTold: boolean;
}

/** What is remembered of one's stops. */
export interface Stopping {
  /** One rode since one was last asked. */
  readonly hasRidden: boolean;
  readonly stop: Stop | null;
}

export const NEVER_STOPPED: Stopping = { hasRidden: false, stop: null };

/** Whether the question stands. */
export function isAsking({ stop }: Stopping): boolean {
  return stop !== null && stop.askedAt !== null && !stop.isSettled;
}

/** One has answered: the question is gone. */
export function answer(stopping: Stopping): Stopping {
  return stopping.stop ? { ...stopping, stop: { ...stopping.stop, isSettled: true } } : stopping;
}

/**
 * Looks at one's own stop.
 *
 * @param riding - One's motion, with the newest fix that counts.
 * @param last - The fix that counted before; the same where there is no newer one.
 * @returns Whether the others are to be told now that one stopped.
 */
export function lookAtStop(before: Stopping, riding: Riding, scene: Scene, last: Fix | null): Look<Stopping, boolean> {
  const me = scene.people.get(scene.me);
  if (!me?.fix || me.role === "viewer" || !riding.last) return { memory: NEVER_STOPPED, found: false };
  const hasRidden = before.hasRidden || isRiding(riding, scene.now);
  const stop = riding.last === last ? before.stop : moved(before.stop, riding, riding.last, scene, last, hasRidden);
  const remember = (changes: Partial<Stop>) => stop && { ...stop, ...changes };
  if (!stop || stop.isSettled) return { memory: { hasRidden, stop }, found: false };
  if (EXPLAINED.has(me.status)) return { memory: { hasRidden, stop: remember({ isSettled: true }) }, found: false };
  if (stop.askedAt === null) {
    // A receiver that reports nothing while it stands gives nothing to judge by.
    const isSeen = scene.now - riding.last.fix_time <= UNSEEN_MS;
    const asks = hasRidden && isSeen && isRemarkable(stop, scene);
    return {
      memory: asks ? { hasRidden: false, stop: remember({ askedAt: scene.now }) } : { hasRidden, stop },
      found: false,
    };
  }
  if (stop.isTold || scene.now - stop.askedAt < ANSWER_MS) return { memory: { hasRidden, stop }, found: false };
  // Most of those who were near stand here as well, and see for themselves.
  const isInCompany = 2 * howMany(stop, scene, (metres) => metres <= NEAR_M) > stop.near.size;
  if (isInCompany) return { memory: { hasRidden, stop: remember({ isSettled: true }) }, found: false };
  return { memory: { hasRidden, stop: remember({ isTold: scene.isListening }) }, found: scene.isListening };
}

/** The stop after a newer fix: it goes on, another one begins, or there is none. */
function moved(
  stop: Stop | null,
  { speed }: Riding,
  fix: Fix,
  scene: Scene,
  last: Fix | null,
  mayBegin: boolean,
): Stop | null {
  const wasUnseen = last !== null && fix.fix_time - last.fix_time > UNSEEN_MS;
  if (stop && !(wasUnseen && stop.askedAt === null)) {
    // Who was asked may walk about: only another place ends it then.
    const leaves = distanceBetween(stop.place, fix) > PLACE_M || (stop.askedAt === null && speed >= SLOW);
    const leaving = leaves ? stop.leaving + 1 : 0;
    if (leaving < TWICE) return { ...stop, leaving };
  }
  if (!mayBegin || speed >= SLOW) return null;
  const near = new Set<number>();
  for (const one of scene.people.values()) {
    const place = one.id === scene.me ? null : placeOf(scene, one);
    if (place && distanceBetween(fix, place) <= NEAR_M) near.add(one.id);
  }
  return { since: fix.fix_time, place: fix, near, leaving: 0, askedAt: null, isSettled: false, isTold: false };
}

function isRemarkable(stop: Stop, scene: Scene): boolean {
  const stands = scene.now - stop.since;
  if (stands >= scene.sensitivity.aloneMs) return true;
  const hasLeft = howMany(stop, scene, (metres) => metres >= ON_M);
  return stands >= scene.sensitivity.stoppedMs && stop.near.size > 0 && stop.near.size <= 2 * hasLeft;
}

/** How many of those who were near are so far away now, by places that are not too old. */
function howMany(stop: Stop, scene: Scene, isThere: (metres: number) => boolean): number {
  return [...stop.near].filter((id) => {
    const one = scene.people.get(id);
    const place = one ? placeOf(scene, one) : null;
    return place !== null && isThere(distanceBetween(stop.place, place));
  }).length;
}
