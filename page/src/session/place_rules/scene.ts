/** What a client sees of places when it judges; the same as the Python client's `place_rules/scene.py`. */
import { distanceBetween, type Point } from "../../model/geo";
import type { Place } from "../../model/model";
import type { Scene } from "../motion/scene";

/** A call to regroup. */
export interface Call {
  /** Where; null for the next stop, whose place is not known yet. */
  readonly place: number | null;
  readonly by: number;
  readonly at: number;
}

/** A session with its places at one moment, as one of its clients sees it. */
export interface PlaceScene {
  /** Who is where. */
  readonly people: Scene;
  readonly places: readonly Place[];
  /** The call to regroup that stands. */
  readonly call: Call | null;
}

/** Where the group is to meet; null where it is not, or the next stop is not known yet. */
export function meetingPlace({ places, call }: PlaceScene): Place | null {
  return places.find(({ place }) => place === call?.place) ?? null;
}

/** The straight distance in metres. */
export function metresTo(place: Place, fix: Point): number {
  return distanceBetween(place, fix);
}
