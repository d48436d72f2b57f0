/** Distances and bearings on the sphere. */

export interface Point {
  readonly lat: number;
  readonly lon: number;
}

const EARTH_RADIUS_M = 6_371_008.8;
const RADIAN = Math.PI / 180;

/** The great-circle distance in metres. */
export function distanceBetween(a: Point, b: Point): number {
  const dLat = (b.lat - a.lat) * RADIAN;
  const dLon = (b.lon - a.lon) * RADIAN;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * RADIAN) * Math.cos(b.lat * RADIAN) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The initial bearing from a to b, in degrees clockwise from north, 0 to 360. */
export function bearingBetween(a: Point, b: Point): number {
  const dLon = (b.lon - a.lon) * RADIAN;
  const y = Math.sin(dLon) * Math.cos(b.lat * RADIAN);
  const x =
    Math.cos(a.lat * RADIAN) * Math.sin(b.lat * RADIAN) -
    Math.sin(a.lat * RADIAN) * Math.cos(b.lat * RADIAN) * Math.cos(dLon);
  return (Math.atan2(y, x) / RADIAN + 360) % 360;
}

/** The point at a distance in metres and a bearing in degrees from an origin. */
export function destination(origin: Point, metres: number, bearing: number): Point {
  const angle = metres / EARTH_RADIUS_M;
  const lat = origin.lat * RADIAN;
  const course = bearing * RADIAN;
  const lat2 = Math.asin(Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(course));
  const lon2 =
    origin.lon * RADIAN +
    Math.atan2(Math.sin(course) * Math.sin(angle) * Math.cos(lat), Math.cos(angle) - Math.sin(lat) * Math.sin(lat2));
  return { lat: lat2 / RADIAN, lon: lon2 / RADIAN };
}

/** How far a group is spread out: the distance between the two who are farthest apart, in metres; 0 for one alone. */
export function spreadOf(points: readonly Point[]): number {
  let farthest = 0;
  for (const [index, a] of points.entries()) {
    for (const b of points.slice(index + 1)) farthest = Math.max(farthest, distanceBetween(a, b));
  }
  return farthest;
}
