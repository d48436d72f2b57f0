/**
 * Break, fuel and problem end by themselves: 300 m from where they were said, or after 20 s above 5 m/s. Pure; the same
 * as the Python client's `motion/ending_statuses.py`.
 */
import { distanceBetween } from "../../model/geo";
import type { Fix, Status } from "../../model/model";
import { type Riding, UNSEEN_MS } from "./riding";
import { type Look, mayAsk, type Scene } from "./scene";

const ENDING: ReadonlySet<Status | null> = new Set<Status>(["break", "fuel", "problem"]);
const AWAY_M = 300;
/** Metres per second. */
const FAST = 5;
const FAST_FOR_MS = 20_000;
const TWICE = 2;

/** One's status that ends by motion. */
export interface Standing {
  /** When it was said, by which it is known again. */
  readonly since: number;
  /** Where; null until there is a fix. */
  readonly place: Fix | null;
  /** How many fixes in a row were far from there. */
  readonly away: number;
  readonly fastSince: number | null;
  /** One has ridden on. */
  readonly isOver: boolean;
  /** When its end was asked for. */
  readonly askedAt: number | null;
}

/**
 * Looks at one's own status.
 *
 * @param riding - One's motion, with the newest fix that counts.
 * @param last - The fix that counted before; the same where there is no newer one.
 * @returns Whether the status is to be taken back now.
 */
export function lookAtStatus(
  before: Standing | null,
  riding: Riding,
  scene: Scene,
  last: Fix | null,
): Look<Standing | null, boolean> {
  const me = scene.people.get(scene.me);
  if (!me || me.statusSince === null || !ENDING.has(me.status)) return { memory: null, found: false };
  const fresh = { since: me.statusSince, place: null, away: 0, fastSince: null, isOver: false, askedAt: null };
  const known = before?.since === me.statusSince ? before : fresh;
  // Sharing is paused: where one goes is nobody's business.
  if (!me.fix) return { memory: { ...known, place: null, away: 0, fastSince: null }, found: false };
  const isNews = riding.last !== null && (riding.last !== last || known.place === null);
  const standing = isNews && riding.last ? moved(known, riding, riding.last, last) : known;
  if (!(standing.isOver && scene.isListening && mayAsk(scene, standing.askedAt)))
    return { memory: standing, found: false };
  return { memory: { ...standing, askedAt: scene.now }, found: true };
}

function moved(standing: Standing, { speed }: Riding, fix: Fix, last: Fix | null): Standing {
  const at = fix.fix_time;
  const place = standing.place ?? fix;
  const wasUnseen = last !== null && at - last.fix_time > UNSEEN_MS;
  const fastSince = speed <= FAST ? null : ((wasUnseen ? null : standing.fastSince) ?? at);
  const away = distanceBetween(place, fix) > AWAY_M ? standing.away + 1 : 0;
  const isOver = standing.isOver || away >= TWICE || (fastSince !== null && at - fastSince >= FAST_FOR_MS);
  return { ...standing, place, away, fastSince, isOver };
}
