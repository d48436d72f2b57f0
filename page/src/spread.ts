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

const APART_PX = 44;
/** A disc that stands beside its place is tied to it by a stem; farther away nobody would follow one. */
const FARTHEST_PX = 72;
const ROUNDS = 40;
/** From this round on those who stand in a row also step out of it, since its ends can make no more room. */
const STEPPING_OUT = 3;
const STEP_OUT = 0.6;
/** Pushing everybody off everybody takes long with many, and there is no room for them anyway. */
const MANY = 30;
const ROUNDS_WITH_MANY = 8;

/** Gives each disc the offset at which it is drawn; most have none. */
export function spread(spots: readonly Spot[]): Map<number, Offset> {
  const discs = spots.map((spot) => ({ spot, x: spot.x, y: spot.y }));
  const rounds = spots.length > MANY ? ROUNDS_WITH_MANY : ROUNDS;
  for (let round = 0; round < rounds; round++) {
    let isSettled = true;
    for (const [index, a] of discs.entries()) {
      for (const b of discs.slice(index + 1)) {
        if (Math.abs(a.x - b.x) >= APART_PX || Math.abs(a.y - b.y) >= APART_PX) continue;
        const distance = Math.hypot(a.x - b.x, a.y - b.y);
        if (distance >= APART_PX) continue;
        isSettled = false;
        const way = direction(a, b, distance, round < STEPPING_OUT ? 0 : STEP_OUT);
        const push = (APART_PX - distance) / (a.spot.isFixed || b.spot.isFixed ? 1 : 2);
        if (!a.spot.isFixed) move(a, way.x * push, way.y * push);
        if (!b.spot.isFixed) move(b, -way.x * push, -way.y * push);
      }
    }
    if (isSettled) break;
  }
  return new Map(discs.map(({ spot, x, y }) => [spot.id, { x: whole(x - spot.x), y: whole(y - spot.y) }]));
}

/** Rounded, and never -0, which is another number to whoever compares. */
function whole(value: number): number {
  return Math.round(value) || 0;
}

interface Disc {
  readonly spot: Spot;
  x: number;
  y: number;
}

/** From b towards a, turned aside; where they stand on one spot, a direction of their own that is always the same. */
function direction(a: Disc, b: Disc, distance: number, aside: number): Offset {
  const turned = a.spot.id % 2 === 0 ? aside : -aside;
  const angle = distance > 0.5 ? Math.atan2(a.y - b.y, a.x - b.x) + turned : (a.spot.id * 7 + b.spot.id) * 2.4;
  return { x: Math.cos(angle), y: Math.sin(angle) };
}

function move(disc: Disc, dx: number, dy: number): void {
  const [x, y] = [disc.x + dx - disc.spot.x, disc.y + dy - disc.spot.y];
  const length = Math.hypot(x, y);
  const shortened = length > FARTHEST_PX ? FARTHEST_PX / length : 1;
  disc.x = disc.spot.x + x * shortened;
  disc.y = disc.spot.y + y * shortened;
}
