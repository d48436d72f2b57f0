/**
 * What is worth saying aloud to somebody who rides: who falls behind or comes closer, and who is not heard of. Pure.
 *
 * Few words are better than many. Distances count in bands, with hysteresis, so that nobody is named twice for riding
 * along a limit; between two sentences there is silence, and longer between two about one person.
 */
import { bearingBetween, distanceBetween, type Point } from "../model/geo";

export interface CuePerson {
  readonly id: number;
  readonly name: string;
  readonly point: Point;
  readonly isStale: boolean;
}

export interface CueScene {
  /** Milliseconds. */
  readonly now: number;
  /** Where I am, and where I am going; null while that is not known. */
  readonly me: { readonly point: Point; readonly heading: number | null };
  readonly others: readonly CuePerson[];
}

export type Side = "ahead" | "behind" | "left" | "right" | "away";

export interface Cue {
  readonly kind: "distance" | "silent" | "back";
  readonly name: string;
  readonly metres: number;
  readonly side: Side;
}

interface Known {
  readonly band: number;
  readonly isStale: boolean;
  readonly saidAt: number;
}

/** What was said and seen so far. */
export interface CueMemory {
  readonly saidAt: number;
  readonly known: ReadonlyMap<number, Known>;
}

export const NOTHING_SAID: CueMemory = { saidAt: Number.NEGATIVE_INFINITY, known: new Map() };

/** Metres. */
const BANDS = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000] as const;
/** A person who comes closer must be so far within a limit before it counts. */
const CLOSER = 0.85;
const SILENCE_MS = 15_000;
const SILENCE_ABOUT_ONE_MS = 45_000;

/** Looks at everybody, and chooses one thing to say at most. */
export function planCue(memory: CueMemory, scene: CueScene): { readonly memory: CueMemory; readonly cue: Cue | null } {
  const known = new Map<number, Known>();
  const changes: { readonly weight: number; readonly cue: Cue; readonly person: CuePerson; readonly seen: Known }[] =
    [];
  for (const person of scene.others) {
    const before = memory.known.get(person.id);
    const metres = distanceBetween(scene.me.point, person.point);
    const band = person.isStale && before ? before.band : bandOf(metres, before?.band ?? null);
    const seen = { band, isStale: person.isStale, saidAt: before?.saidAt ?? Number.NEGATIVE_INFINITY };
    const kind = before ? change(before, seen) : null;
    known.set(person.id, kind && before ? before : seen);
    if (!kind || scene.now - seen.saidAt < SILENCE_ABOUT_ONE_MS) continue;
    const cue = { kind, name: person.name, metres, side: sideOf(scene.me, person.point) };
    changes.push({ weight: (kind === "silent" ? 1e6 : 0) + metres, cue, person, seen });
  }
  const chosen = changes.sort((a, b) => b.weight - a.weight)[0];
  if (!chosen || scene.now - memory.saidAt < SILENCE_MS) return { memory: { ...memory, known }, cue: null };
  known.set(chosen.person.id, { ...chosen.seen, saidAt: scene.now });
  return { memory: { saidAt: scene.now, known }, cue: chosen.cue };
}

function change(before: Known, seen: Known): Cue["kind"] | null {
  if (seen.isStale !== before.isStale) return seen.isStale ? "silent" : "back";
  return seen.band === before.band ? null : "distance";
}

function bandOf(metres: number, before: number | null): number {
  const band = BANDS.filter((limit) => metres >= limit).length;
  if (before === null || band >= before) return band;
  return Math.min(before, BANDS.filter((limit) => metres >= limit * CLOSER).length);
}

/** Where somebody is from somebody who moves; "away" where there is no front. */
export function sideOf(me: CueScene["me"], there: Point): Side {
  if (me.heading === null) return "away";
  const turn = ((bearingBetween(me.point, there) - me.heading + 540) % 360) - 180;
  if (Math.abs(turn) <= 60) return "ahead";
  if (Math.abs(turn) >= 120) return "behind";
  return turn < 0 ? "left" : "right";
}
