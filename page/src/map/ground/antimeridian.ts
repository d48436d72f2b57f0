/**
 * Shapes across the antimeridian. The country shapes are cut for a globe, where 180 degrees east and west are one place; on
 * a flat map a ring that steps from one to the other would be drawn back across all the world. Pure.
 */
import type { Position as LonLat } from "geojson";

const WORLD_DEGREES = 360;

/** A line without such steps: it goes on beyond 180 degrees, where the map begins again. */
export function unwrapLine(line: readonly LonLat[]): LonLat[] {
  let turns = 0;
  let before: number | null = null;
  return line.map(([lon = 0, lat = 0]) => {
    if (before !== null && Math.abs(lon - before) > WORLD_DEGREES / 2) turns += lon < before ? 1 : -1;
    before = lon;
    return [lon + turns * WORLD_DEGREES, lat];
  });
}

/** The same of a polygon; its holes come to lie on the side of the world on which its outline is. */
export function unwrapPolygon([outline = [], ...holes]: readonly LonLat[][]): LonLat[][] {
  const around = unwrapRing(outline);
  const longitudes = around.map(([lon = 0]) => lon);
  const [west, east] = [Math.min(...longitudes), Math.max(...longitudes)];
  const inside = holes.map((hole) => {
    const ring = unwrapRing(hole);
    const [lon = 0] = ring[0] ?? [];
    const shift = lon < west ? WORLD_DEGREES : lon > east ? -WORLD_DEGREES : 0;
    return ring.map(([x = 0, y = 0]) => [x + shift, y]);
  });
  return [around, ...inside];
}

/** A ring around a pole comes back a world away; it is closed beyond that pole's edge of the map. */
function unwrapRing(ring: readonly LonLat[]): LonLat[] {
  const line = unwrapLine(ring);
  const [first, last] = [line[0], line.at(-1)];
  if (!first || !last || first[0] === last[0]) return line;
  const pole = (first[1] ?? 0) < 0 ? -90 : 90;
  return [...line, [last[0] ?? 0, pole], [first[0] ?? 0, pole], first];
}
