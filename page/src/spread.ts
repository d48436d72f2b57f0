/** Moves discs that lie on one another a little apart, so that each can be seen and tapped; pure, in CSS pixels. */

export interface Spot {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  /** This one stays where it is, and the others make room. */
  readonly isFixed: boolean;
}

export interface Offset {
  readonly x: number;
  readonly y: number;
}

const APART_PX = 38;
/** Farther from its place a disc would tell an untruth: it still covers, or nearly, where the person is. */
const FARTHEST_PX = 30;
const ROUNDS = 12;

/** Gives each disc the offset at which it is drawn; most have none. */
export function spread(spots: readonly Spot[]): Map<number, Offset> {
  const discs = spots.map((spot) => ({ spot, x: spot.x, y: spot.y }));
  for (let round = 0; round < ROUNDS; round++) {
    let isSettled = true;
    for (const [index, a] of discs.entries()) {
      for (const b of discs.slice(index + 1)) {
        if (Math.abs(a.x - b.x) >= APART_PX || Math.abs(a.y - b.y) >= APART_PX) continue;
        const distance = Math.hypot(a.x - b.x, a.y - b.y);
        if (distance >= APART_PX) continue;
        isSettled = false;
        const way = direction(a, b, distance);
        const push = (APART_PX - distance) / (a.spot.isFixed || b.spot.isFixed ? 1 : 2);
        if (!a.spot.isFixed) move(a, way.x * push, way.y * push);
        if (!b.spot.isFixed) move(b, -way.x * push, -way.y * push);
      }
    }
    if (isSettled) break;
  }
  return new Map(discs.map(({ spot, x, y }) => [spot.id, { x: Math.round(x - spot.x), y: Math.round(y - spot.y) }]));
}

interface Disc {
  readonly spot: Spot;
  x: number;
  y: number;
}

/** From b towards a; where they stand on one spot, a direction of their own that is always the same. */
function direction(a: Disc, b: Disc, distance: number): Offset {
  if (distance > 0.5) return { x: (a.x - b.x) / distance, y: (a.y - b.y) / distance };
  const angle = (a.spot.id * 7 + b.spot.id) * 2.4;
  return { x: Math.cos(angle), y: Math.sin(angle) };
}

function move(disc: Disc, dx: number, dy: number): void {
  const [x, y] = [disc.x + dx - disc.spot.x, disc.y + dy - disc.spot.y];
  const length = Math.hypot(x, y);
  const shortened = length > FARTHEST_PX ? FARTHEST_PX / length : 1;
  disc.x = disc.spot.x + x * shortened;
  disc.y = disc.spot.y + y * shortened;
}
