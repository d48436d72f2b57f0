/** Alarms as one member sees them: which to answer, which to sound again, and who is asked first; pure. */
import { bearingBetween, distanceBetween, type Point } from "../model/geo";
import type { Sos } from "../model/model";
import { openSos, type SessionState } from "./session_state";

/** An open SOS, whole. */
export type Alarm = Required<Sos>;

/** Slower than this a heading says nothing about the way. */
const MOVING_M_S = 4;
/** A way that was ridden longer ago says nothing about who comes after. */
const HEADING_LASTS_MS = 10 * 60_000;
/** Within this along the way, somebody is neither before nor behind. */
const BESIDE_M = 30;

/** Where somebody is from an SOS, along the way that was ridden; unknown where no way is. */
export type Side = "behind" | "ahead" | "beside" | "unknown";

/** A way that somebody rode: degrees clockwise from north, and when. */
export interface Way {
  readonly heading: number;
  readonly at: number;
}

/** Folds everyone's newest headings, of those who move. */
export function noteWays(ways: ReadonlyMap<number, Way>, state: SessionState): ReadonlyMap<number, Way> {
  let after: Map<number, Way> | null = null;
  for (const [id, { heading, speed = 0, fix_time: at }] of state.positions) {
    if (heading === undefined || speed < MOVING_M_S || ways.get(id)?.at === at) continue;
    after ??= new Map(ways);
    after.set(id, { heading, at });
  }
  return after ?? ways;
}

/** On which side of a place somebody is, by the straight distance along the way that was ridden there. */
export function sideOf(place: Point, way: Way | undefined, other: Point | undefined, now: number): Side {
  if (!way || !other || now - way.at > HEADING_LASTS_MS) return "unknown";
  const turn = ((bearingBetween(place, other) - way.heading) * Math.PI) / 180;
  const along = distanceBetween(place, other) * Math.cos(turn);
  if (Math.abs(along) < BESIDE_M) return "beside";
  return along < 0 ? "behind" : "ahead";
}

/** Whether somebody may wait for those behind, who come there anyway: only in the first minute, and only who is known to be ahead. */
export function mayWait(sos: Alarm, side: Side): boolean {
  return side === "ahead" && sos.stage === 0;
}

/** The SOS that are open, the oldest first. */
export function alarmsIn(state: SessionState): Alarm[] {
  return openSos(state).map((sos) => ({ ...sos, stage: sos.stage ?? 0, answers: sos.answers ?? {} }));
}

/** The alarms of others, the oldest first. */
export function alarmsOfOthers(open: readonly Alarm[], me: number): readonly Alarm[] {
  return open.filter(({ participant, by }) => participant !== me && by !== me);
}

/** The alarms for oneself, or that one raised for somebody. */
export function ownAlarms(open: readonly Alarm[], me: number): readonly Alarm[] {
  return open.filter(({ participant, by }) => participant === me || by === me);
}

/** Up to which stage each alarm was answered or put aside on this page. */
export type Seen = ReadonlyMap<number, number>;

/** Those that must be on the screen: not answered yet, or alarmed again since. */
export function toShow(open: readonly Alarm[], me: number, seen: Seen): readonly Alarm[] {
  return alarmsOfOthers(open, me).filter((one) => {
    const seenStage = seen.get(one.sos);
    if (seenStage !== undefined) return one.stage > seenStage;
    return one.answers[String(me)] === undefined;
  });
}

/** Those that must sound now: new ones, and those that were alarmed again, unless one goes there. */
export function toSound(open: readonly Alarm[], me: number, sounded: Seen): readonly Alarm[] {
  return alarmsOfOthers(open, me).filter(
    (one) => one.answers[String(me)] !== "going" && one.stage > (sounded.get(one.sos) ?? -1),
  );
}
