/** The places of a session as one member sees them: who may do what, and how far away each is; pure. */
import { distanceBetween, type Point } from "../model/geo";
import type { Participant, Place } from "../model/model";
import type { SessionState } from "./session_state";

/** In characters; the server takes no longer ones. */
export const LONGEST_NAME = 40;
export const LONGEST_NOTE = 140;
/** Metres, where nothing else is said of a place. */
export const USUAL_RADIUS_M = 80;
/** Within how many metres of a place somebody is there. */
export function radiusOf({ radius_m }: Place): number {
  return radius_m ?? USUAL_RADIUS_M;
}

/** Two places that are so near, of one kind and name, are the same. */
const SAME_M = 2;

/** The place that the group is called to; null where it is called to none, or to one that is not known yet. */
export function calledTo(state: SessionState): number | null {
  return state.features.regroup?.place ?? null;
}

/** Whether it matters who is there. */
export function reaches({ kind, radius_m }: Place): boolean {
  return kind === "meet" || radius_m !== null;
}

/** Whether somebody may change and remove a place. */
export function mayChange(me: Participant | null, place: Place): boolean {
  return me !== null && me.role !== "viewer" && (me.role === "host" || place.participant === me.id);
}

/** Nearest first, as seen from a point; in the order in which they were added where that is not known. */
export function byDistance(places: readonly Place[], from: Point | null): Place[] {
  if (!from) return [...places];
  const metres = new Map(places.map((place) => [place.place, distanceBetween(from, place)]));
  return [...places].sort((a, b) => (metres.get(a.place) ?? 0) - (metres.get(b.place) ?? 0) || a.place - b.place);
}

/** Whether a place is there already: the same file may be added twice. */
export function isKnown(
  places: readonly Place[],
  one: Point & { readonly kind: string; readonly name: string | null },
): boolean {
  return places.some(
    (place) => place.kind === one.kind && (place.name ?? null) === one.name && distanceBetween(place, one) < SAME_M,
  );
}
