/**
 * Who is at a place: by two fixes over 20 s, until 100 m beyond its edge for 60 s. A first fix inside counts. Pure, by
 * tests/vectors/place_rules.json; the same as the Python client's `place_rules/presence.py`. Times are on the server's clock.
 */
import type { Fix, Place } from "../../model/model";
import { radiusOf } from "../place_list";
import { metresTo } from "./scene";

/** Where a place says nothing else. */
/** A fix that may be wrong by more says nothing about being there. */
const VAGUE_M = 100;
const INSIDE_FOR_MS = 20_000;
const BEYOND_M = 100;
const BEYOND_FOR_MS = 60_000;

/** What is remembered of somebody at a place. */
export interface Presence {
  readonly isHere: boolean;
  /** Since when they are there. */
  readonly since: number | null;
  /** When the newest fix that counted was taken. */
  readonly last: number | null;
  /** When they were first inside; a fix at the edge ends it not, one beyond does. */
  readonly insideSince: number | null;
  /** Since when they have been beyond without a break. */
  readonly beyondSince: number | null;
  /** They were seen outside before. */
  readonly wasOutside: boolean;
}

export const NOT_SEEN: Presence = {
  isHere: false,
  since: null,
  last: null,
  insideSince: null,
  beyondSince: null,
  wasOutside: false,
};

/** Takes somebody's next fix; one that is vague, or no newer, changes nothing. */
export function followPresence(before: Presence, fix: Fix, place: Place): Presence {
  const at = fix.fix_time;
  if ((fix.accuracy ?? 0) > VAGUE_M || (before.last !== null && at <= before.last)) return before;
  const outside = metresTo(place, fix) - radiusOf(place);
  if (outside <= 0) {
    const insideSince = before.insideSince ?? at;
    const isNew = before.last === null || at - insideSince >= INSIDE_FOR_MS;
    const after = { ...before, last: at, insideSince, beyondSince: null };
    return isNew ? arrive(after, at) : after;
  }
  // A receiver is often wrong by so much: somebody who is there stays, and somebody who comes has not left.
  if (outside <= BEYOND_M) return { ...before, last: at, beyondSince: null, wasOutside: true };
  const beyondSince = before.beyondSince ?? at;
  const after = { ...before, last: at, insideSince: null, beyondSince, wasOutside: true };
  return at - beyondSince >= BEYOND_FOR_MS ? depart(after) : after;
}

/** They are there since a time, unless they were before. */
export function arrive(before: Presence, at: number): Presence {
  return before.isHere ? before : { ...before, isHere: true, since: at };
}

/** They are not there any more. */
export function depart(before: Presence): Presence {
  return { ...before, isHere: false, since: null };
}
