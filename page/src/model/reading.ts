/** What a browser's receiver says, as a fix; pure. The same rule as `readable` in the Python's `domain/fix.py`. */
import type { Fix } from "./model";

/** The part of `GeolocationCoordinates` that is read. */
export type Coordinates = Pick<
  GeolocationCoordinates,
  "latitude" | "longitude" | "accuracy" | "speed" | "heading" | "altitude"
>;

/** What the optional fields can be. No receiver is exact: an accuracy of 0 says that it does not know. */
const RANGES = {
  accuracy: [Number.MIN_VALUE, Number.MAX_VALUE],
  speed: [0, Number.MAX_VALUE],
  heading: [0, 360],
  altitude: [-Number.MAX_VALUE, Number.MAX_VALUE],
  battery: [0, 100],
} as const;

/** The precision of accepted places. */
const DEGREE = 1e7;

/** The value of an optional field; undefined for one that means "unknown", such as a heading of -1. */
export function known(field: keyof typeof RANGES, value: number | null | undefined): number | undefined {
  const [low, high] = RANGES[field];
  return typeof value === "number" && low <= value && value <= high ? value : undefined;
}

/**
 * The fix in a reading, without the fields that are unknown.
 *
 * @param fixTime - When it was taken, on the server's clock.
 * @param battery - Whole percent.
 * @returns Null without a place: out of range, or 0, 0, which receivers say before they know one.
 */
export function fixOf(coords: Coordinates, fixTime: number, battery: number | undefined): Fix | null {
  const { latitude: lat, longitude: lon } = coords;
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return null;
  if (Math.round(lat * DEGREE) === 0 && Math.round(lon * DEGREE) === 0) return null;
  const accuracy = known("accuracy", coords.accuracy);
  const speed = known("speed", coords.speed);
  const heading = known("heading", coords.heading);
  const altitude = known("altitude", coords.altitude);
  return {
    lat,
    lon,
    fix_time: fixTime,
    ...(accuracy !== undefined && { accuracy }),
    ...(speed !== undefined && { speed }),
    ...(heading !== undefined && { heading }),
    ...(altitude !== undefined && { altitude }),
    ...(battery !== undefined && { battery }),
  };
}
