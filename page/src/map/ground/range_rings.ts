/** Rings and squares of known size: on ground without streets they are what one judges distances and motion by. */
import { destination, type Point } from "../../model/geo";

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

export interface Bounds {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

const METRES_PER_DEGREE = 111_195;

/** Lines of a grid of squares, fixed to the ground: the same squares wherever the picture is moved to. */
export function metreGrid(bounds: Bounds, step: number): [number, number][][] {
  const latStep = step / METRES_PER_DEGREE;
  // One width for a whole degree of latitude, so that the squares do not shift with every movement.
  const widest = Math.cos((Math.min(85, Math.abs(Math.round((bounds.south + bounds.north) / 2))) * Math.PI) / 180);
  const lonStep = latStep / widest;
  const lines: [number, number][][] = [];
  const margin = 0.5;
  const [dLat, dLon] = [(bounds.north - bounds.south) * margin, (bounds.east - bounds.west) * margin];
  const [south, north] = [bounds.south - dLat, bounds.north + dLat];
  const [west, east] = [bounds.west - dLon, bounds.east + dLon];
  for (let row = Math.ceil(south / latStep); row * latStep <= north; row++) {
    lines.push([
      [west, row * latStep],
      [east, row * latStep],
    ]);
  }
  for (let column = Math.ceil(west / lonStep); column * lonStep <= east; column++) {
    lines.push([
      [column * lonStep, south],
      [column * lonStep, north],
    ]);
  }
  return lines;
}
