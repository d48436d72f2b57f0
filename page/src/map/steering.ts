/**
 * Decides when the camera that keeps everybody in the picture moves, and where to; pure, and the same in every client:
 * `tests/vectors/view.json` holds it to account.
 *
 * Hysteresis keeps the map calm. The camera moves when somebody is about to leave the picture, or when the group could
 * be shown clearly larger and stays so for a while; never because positions jitter. One fix that nobody could have
 * ridden to does not count until a second one bears it out.
 */
import { distanceBetween, type Point } from "../model/geo";
import { type Camera, fitCamera, isInside, type Padding, roomyPadding, type Size } from "./ground/view";

/** A position as far as the camera cares. */
export interface Sighting extends Point {
  readonly id: number;
  /** Milliseconds on the server's clock. */
  readonly fix_time: number;
  /** Metres. */
  readonly accuracy?: number;
}

/** What is to be shown now. */
export interface Scene {
  /** Milliseconds on the server's clock. */
  readonly now: number;
  readonly people: readonly Sighting[];
  readonly size: Size;
  readonly padding: Padding;
  /** The direction that is up. */
  readonly bearing: number;
  /** Somebody asked for everybody: the camera must fit at once. */
  readonly isWanted: boolean;
  /** The picture has another size, direction or frame: the camera must fit at once, unless there is too little room to. */
  readonly isReframed: boolean;
}

/** What is remembered from one decision to the next. */
export interface Steering {
  /** Where the camera stands, or is on its way to. */
  readonly camera: Camera | null;
  /** When it was last eased to another place; the first picture is not eased. */
  readonly movedAt: number;
  /** Since when the group could be shown clearly larger. */
  readonly spaciousSince: number | null;
  readonly trusted: ReadonlyMap<number, Trusted>;
}

interface Trusted {
  readonly accepted: Sighting;
  /** The newest fix, where it is too far off to be believed alone. */
  readonly suspect: Sighting | null;
}

export interface Decision {
  readonly steering: Steering;
  /** Where the camera goes now; null to leave it. The first picture is not eased: there is nothing to come from. */
  readonly move: { readonly camera: Camera; readonly isEased: boolean } | null;
}

/** Before the first decision, and after the camera was in other hands. */
export const UNSTEERED: Steering = { camera: null, movedAt: 0, spaciousSince: null, trusted: new Map() };

/** A movement is to be over, and looked at, before the next one begins. */
const REST_MS = 1_500;
const NOTHING_COVERED: Padding = { top: 0, right: 0, bottom: 0, left: 0 };
/** The group may shrink to this many zoom levels below the best fit before the camera comes closer. */
const ZOOM_SLACK = 0.9;
/** It must have been so close together for this long: groups draw out again at the next bend. */
const SPACIOUS_MS = 4_000;
/** Farther than this and faster than anybody rides, a fix is suspect. */
const FREE_JUMP_M = 150;
const FASTEST_M_S = 90;
const WORST_ACCURACY_M = 1_000;
/** A suspect fix that nothing has contradicted for so long is believed. */
const SUSPICION_MS = 10_000;

/** Decides what the camera does now. */
export function steer(before: Steering, scene: Scene): Decision {
  const trusted = new Map(scene.people.map((one) => [one.id, weigh(before.trusted.get(one.id), one, scene.now)]));
  const points = [...trusted.values()].map(({ accepted }) => accepted);
  const padding = roomyPadding(scene.size, scene.padding);
  const best = fitCamera(points, scene.size, padding, scene.bearing);
  if (!best) return { steering: { ...before, trusted }, move: null };
  const { camera } = before;
  if (!camera) return moved(trusted, best, scene.now, false);
  // Where panels leave too little room, the camera stays unless somebody is beyond the whole picture.
  const isTight = padding !== scene.padding;
  const frame = isTight ? NOTHING_COVERED : padding;
  const shows = (shown: Camera, point: Point) => isInside(shown, point, scene.size, frame);
  const isSeen = camera.bearing === scene.bearing && points.every((point) => shows(camera, point));
  if (scene.isWanted || (scene.isReframed && !(isTight && isSeen))) return moved(trusted, best, scene.now, true);
  const isSpacious = !isTight && best.zoom - camera.zoom > ZOOM_SLACK;
  const spaciousSince = isSpacious ? (before.spaciousSince ?? scene.now) : null;
  // A group all around the globe fits into no picture: moving for it would be for nothing.
  const isLeaving = points.some((point) => !shows(camera, point) && shows(best, point));
  const isDue = isLeaving || (spaciousSince !== null && scene.now - spaciousSince >= SPACIOUS_MS);
  if (isDue && scene.now - before.movedAt >= REST_MS) return moved(trusted, best, scene.now, true);
  return { steering: { ...before, trusted, spaciousSince }, move: null };
}

function moved(trusted: Steering["trusted"], camera: Camera, now: number, isEased: boolean): Decision {
  // The first picture is there at once: who appears right after it, as one's own position does, waits for nothing.
  return {
    steering: { camera, movedAt: isEased ? now : UNSTEERED.movedAt, spaciousSince: null, trusted },
    move: { camera, isEased },
  };
}

/** Takes a sighting into account: the one that the camera believes, and the one it waits to see borne out. */
function weigh(before: Trusted | undefined, seen: Sighting, now: number): Trusted {
  if (!before) return { accepted: seen, suspect: null };
  const { accepted, suspect } = before;
  if (seen.fix_time <= accepted.fix_time) return before;
  const isBorneOut =
    isRideable(accepted, seen) ||
    (suspect && suspect.fix_time < seen.fix_time && isRideable(suspect, seen)) ||
    now - seen.fix_time >= SUSPICION_MS;
  return isBorneOut ? { accepted: seen, suspect: null } : { accepted, suspect: seen };
}

function isRideable(from: Sighting, to: Sighting): boolean {
  const unsure = [from, to].reduce((sum, { accuracy = 0 }) => sum + Math.min(accuracy, WORST_ACCURACY_M), 0);
  const farthest = FREE_JUMP_M + unsure + (FASTEST_M_S * (to.fix_time - from.fix_time)) / 1_000;
  return distanceBetween(from, to) <= farthest;
}

/** The heading-up direction is kept until the way has turned by so much: a map that sways with every bend is no help. */
const TURN_SLACK = 25;
/** Slower than this a heading is a receiver's invention. */
const HEADING_FROM_M_S = 2;

/**
 * The direction that is to be up, where the map turns with one's own heading.
 *
 * @param bearing - What is up now, in degrees clockwise from north.
 * @param heading - Where one is going; undefined where the receiver does not say.
 * @param speed - In metres a second.
 */
export function headingUp(bearing: number, heading: number | undefined, speed: number | undefined): number {
  if (heading === undefined || speed === undefined || speed < HEADING_FROM_M_S) return bearing;
  const apart = Math.abs(((heading - bearing + 540) % 360) - 180);
  return apart > TURN_SLACK ? Math.round(heading) % 360 : bearing;
}
