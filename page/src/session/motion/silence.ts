/**
 * Who fell silent: nothing heard for 3 minutes, or for 8 where two others fell silent at the same place. Pure; the same as
 * the Python client's `motion/silence.py`.
 */
import { distanceBetween } from "../../model/geo";
import type { Fix, Status } from "../../model/model";
import { SLOW, speedBetween, UNSEEN_MS } from "./riding";
import { type Look, mayAsk, type Person, type Scene } from "./scene";

const NO_NEWS_MS = 180_000;
const NO_COVERAGE_MS = 480_000;
/** Who was not heard for so long fell silent. */
const FELL_MS = 60_000;
const SAME_PLACE_M = 500;
const REMEMBERED_MS = 3_600_000;
const OTHERS = 2;
/** So long after one is connected again, others come out of the same hole. */
const SETTLES_MS = 60_000;
/** Where the first who is to tell says nothing, the next does so later. */
const RANKS = 3;
export const RANK_MS = 30_000;
const MOST_DOUBLED = 8;
/** Who said one of these may be silent. */
const EXCUSED: ReadonlySet<Status | null> = new Set<Status>(["break", "fuel", "going_home"]);

/** What is remembered of somebody else. */
interface Heard {
  /** When they were last heard, by the server's clock. */
  readonly at: number;
  readonly fix: Fix;
  /** Their device reports while it stands. */
  readonly reportsStanding: boolean;
  /** They were not connected at some time since then. */
  readonly wasAway: boolean;
  /** The others know of their silence. */
  readonly isTold: boolean;
  /** When one last tried to tell them. */
  readonly askedAt: number | null;
  readonly tries: number;
}

/** A silence that is over, or one's own. */
interface Fall {
  readonly who: number;
  /** Where they were last heard. */
  readonly place: Fix;
  readonly at: number;
}

/** What is remembered of who was heard. */
export interface Silence {
  /** Others who share a place. */
  readonly heard: ReadonlyMap<number, Heard>;
  /** Silences of the last hour that are over. */
  readonly falls: readonly Fall[];
  /** Since when one has been connected; null while one is not. */
  readonly listeningSince: number | null;
  /** When the connection was lost, and where one was then; null while it stands. */
  readonly lost: { readonly at: number; readonly place: Fix | null } | null;
}

export const NOBODY_HEARD: Silence = { heard: new Map(), falls: [], listeningSince: null, lost: null };

/**
 * Looks at who is silent.
 *
 * @returns Of whom it is to be told now that there is no news.
 */
export function lookAtSilence(before: Silence, scene: Scene): Look<Silence, readonly number[]> {
  const { now } = scene;
  if (!scene.isListening) {
    const lost = before.lost ?? { at: now, place: scene.people.get(scene.me)?.fix ?? null };
    return { memory: { ...before, listeningSince: null, lost }, found: [] };
  }
  const wasListening = before.listeningSince !== null;
  const falls = [...before.falls.filter((fall) => now - fall.at <= REMEMBERED_MS), ...ownFall(before, scene)];
  const heard = new Map<number, Heard>();
  for (const one of scene.people.values()) {
    if (one.id === scene.me || one.role === "viewer" || !one.fix) continue;
    const known = before.heard.get(one.id);
    const after = hear(known, one, one.fix, scene, wasListening);
    heard.set(one.id, after);
    if (known?.wasAway && wasListening && after.at - known.at >= FELL_MS) {
      falls.push({ who: one.id, place: known.fix, at: known.at });
    }
  }
  const memory = { heard, falls, listeningSince: before.listeningSince ?? now, lost: null };
  const rank = rankOf(scene);
  const found: number[] = [];
  for (const [id, known] of rank === null ? [] : heard) {
    const one = scene.people.get(id);
    if (!one || rank === null || !isDue(memory, one, known, scene, rank)) continue;
    found.push(id);
    heard.set(id, { ...known, askedAt: now, tries: known.tries + 1 });
  }
  return { memory, found };
}

/** Whether somebody's silence is that of a place: two others fell silent there within the last hour. */
export function isHole({ heard, falls }: Silence, scene: Scene, participant: number): boolean {
  const place = heard.get(participant)?.fix;
  if (!place) return false;
  const there = new Set<number>();
  const isThere = (other: Fix) => distanceBetween(other, place) <= SAME_PLACE_M;
  for (const fall of falls) if (isThere(fall.place)) there.add(fall.who);
  for (const [who, other] of heard) {
    const since = scene.now - other.at;
    const isSilent = since >= FELL_MS && since <= REMEMBERED_MS && scene.people.get(who)?.isConnected === false;
    if (isSilent && isThere(other.fix)) there.add(who);
  }
  there.delete(participant);
  return there.size >= OTHERS;
}

/** One's own silence, where it lasted: one fell silent where one was when the connection was lost. */
function ownFall({ lost }: Silence, { me, now }: Scene): Fall[] {
  return lost?.place && now - lost.at >= FELL_MS ? [{ who: me, place: lost.place, at: lost.at }] : [];
}

function hear(known: Heard | undefined, one: Person, fix: Fix, scene: Scene, wasListening: boolean): Heard {
  const { now } = scene;
  const taken = Math.min(now, fix.fix_time);
  const fresh = { fix, wasAway: !one.isConnected, isTold: false, askedAt: null, tries: 0 };
  if (!known) return { ...fresh, at: taken, reportsStanding: false };
  if (known.fix.fix_time === fix.fix_time) {
    const isTold = known.isTold || isToldOf(one.id, known.at, scene);
    return { ...known, wasAway: known.wasAway || !one.isConnected, isTold };
  }
  // What comes while one listens was sent now, whatever their clock says; after an absence all comes at once.
  const at = wasListening ? now : Math.max(known.at, taken);
  const stands = isSlow(known.fix, fix) && fix.fix_time - known.fix.fix_time <= UNSEEN_MS;
  return { ...fresh, at, reportsStanding: known.reportsStanding || stands };
}

function isToldOf(who: number, since: number, { alerts }: Scene): boolean {
  return alerts.some(({ kind, participant, at }) => kind === "no_news" && participant === who && at >= since);
}

function isSlow(before: Fix, fix: Fix): boolean {
  return speedBetween(before, fix) < SLOW && (before.speed ?? 0) < SLOW;
}

function isDue(silence: Silence, one: Person, known: Heard, scene: Scene, rank: number): boolean {
  const { now } = scene;
  if (one.isConnected || known.isTold || EXCUSED.has(one.status)) return false;
  if (silence.listeningSince === null || now - silence.listeningSince < SETTLES_MS) return false;
  // A device may say nothing while it stands: nothing is guessed from that.
  const stood = known.fix.speed !== undefined && known.fix.speed < SLOW;
  if (stood && !known.reportsStanding) return false;
  if (!mayAsk(scene, known.askedAt, 2 ** Math.min(known.tries, MOST_DOUBLED))) return false;
  const patience = isHole(silence, scene, one.id) ? NO_COVERAGE_MS : NO_NEWS_MS;
  return now - known.at >= patience + rank * RANK_MS;
}

/** How many come before oneself of those who may tell; null where enough do. */
export function rankOf({ people, me }: Scene): number | null {
  if (people.get(me)?.role === "viewer") return null;
  let rank = 0;
  for (const one of people.values()) if (one.id < me && one.isConnected && one.role !== "viewer") rank += 1;
  return rank < RANKS ? rank : null;
}
