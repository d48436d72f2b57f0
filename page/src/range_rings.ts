/** Distance rings around a point: on ground without streets they are what one judges distances by. */
import { destination, type Point } from "./geo";

const CORNERS = 96;
const SMALLEST_PX = 64;
const RINGS = 3;
const FARTHEST_M = 500_000;

export interface Ring {
  readonly radius: number;
  /** Closed, as longitude and latitude. */
  readonly outline: [number, number][];
  /** Where the ring's distance is written: its northernmost point. */
  readonly label: Point;
}

/** The step between rings: 1, 2 or 5 times a power of ten metres, at least 64 px; null where it would be too far. */
export function ringStep(metresPerPixel: number): number | null {
  const least = SMALLEST_PX * metresPerPixel;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least - 1e-9);
  return step === undefined || step < 1 || step * RINGS > FARTHEST_M ? null : step;
}

/** Three rings around a center, one step apart. */
export function rangeRings(center: Point, step: number): Ring[] {
  return Array.from({ length: RINGS }, (_, index) => {
    const radius = step * (index + 1);
    const outline = Array.from({ length: CORNERS + 1 }, (_unused, corner): [number, number] => {
      const at = destination(center, radius, ((corner % CORNERS) * 360) / CORNERS);
      return [at.lon, at.lat];
    });
    return { radius, outline, label: destination(center, radius, 0) };
  });
}
