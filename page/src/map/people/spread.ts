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

/** How somebody was drawn when everybody was last spread. */
export interface Drawn {
  readonly spot: Spot;
  readonly offset: Offset;
}

const APART_PX = 44;
/** A disc that stands beside its place is tied to it by a stem; farther away nobody would follow one. */
const FARTHEST_PX = 72;
const ROUNDS = 40;
/** Pushing everybody off everybody takes long with many, and there is no room for them anyway. */
const MANY = 30;
const ROUNDS_WITH_MANY = 8;
/** From this round on those who stand in a row also step out of it, since its ends can make no more room. */
const STEPPING_OUT = 6;
const STEP_OUT = 0.2;
/** A person drawn beside their place comes this much nearer, and is pushed back where there is no room. */
const KEPT = 0.85;
/** To step by less than this would cost the browser more than it shows. */
const STEP_PX = 4;

const NOBODY: ReadonlyMap<number, Drawn> = new Map();

/**
 * Gives each disc the offset at which it is drawn; most have none.
 *
 * @param before - How they were drawn until now, from where they step on: from nothing, a crowd would be thrown about by
 *   the least movement.
 */
export function spread(
  spots: readonly Spot[],
  before: ReadonlyMap<number, Drawn> = NOBODY,
): ReadonlyMap<number, Drawn> {
  // Where there is no room for all some would go on pushing one another, though nobody moves.
  if (spots.length === before.size && spots.every((spot) => isStill(spot, before.get(spot.id)?.spot))) return before;
  const discs = placeFrom(spots, before);
  const rounds = spots.length > MANY ? ROUNDS_WITH_MANY : ROUNDS;
  for (let round = 0; round < rounds; round++) {
    if (!push(discs, round < STEPPING_OUT ? 0 : STEP_OUT)) break;
  }
  return new Map(
    discs.map((disc) => [disc.spot.id, { spot: disc.spot, offset: step(disc, before.get(disc.spot.id)?.offset) }]),
  );
}

interface Disc {
  readonly spot: Spot;
  x: number;
  y: number;
  isPushed: boolean;
}

function isStill(spot: Spot, before: Spot | undefined): boolean {
  if (!before || before.isFixed !== spot.isFixed) return false;
  return Math.abs(spot.x - before.x) < 1 && Math.abs(spot.y - before.y) < 1;
}

/** Everybody where they were drawn before, a little nearer to their places; and in them, where nobody is in the way. */
function placeFrom(spots: readonly Spot[], before: ReadonlyMap<number, Drawn>): Disc[] {
  const placed = spots.map((spot): Disc => {
    const { x, y } = (!spot.isFixed && before.get(spot.id)?.offset) || { x: 0, y: 0 };
    return { spot, x: spot.x + x * KEPT, y: spot.y + y * KEPT, isPushed: false };
  });
  return placed.map((disc) => {
    const isFree = placed.every(({ spot, x, y }) => spot === disc.spot || !isNear(disc.spot, { x, y }));
    return isFree ? { ...disc, x: disc.spot.x, y: disc.spot.y } : disc;
  });
}

function isNear(a: Offset, b: Offset): boolean {
  if (Math.abs(a.x - b.x) >= APART_PX || Math.abs(a.y - b.y) >= APART_PX) return false;
  return Math.hypot(a.x - b.x, a.y - b.y) < APART_PX;
}

/**
 * Pushes all off one another who lie on one another, at once; says whether there were any. Who is pushed from many sides
 * goes less far, or a crowd without room for all would hardly come to rest.
 */
function push(discs: readonly Disc[], aside: number): boolean {
  const pushes = discs.map((disc) => ({ disc, x: 0, y: 0, count: 0 }));
  for (const [index, a] of pushes.entries()) {
    for (const b of pushes.slice(index + 1)) {
      if (!isNear(a.disc, b.disc)) continue;
      const distance = Math.hypot(a.disc.x - b.disc.x, a.disc.y - b.disc.y);
      const way = direction(a.disc, b.disc, distance, aside);
      const by = (APART_PX - distance) / (a.disc.spot.isFixed || b.disc.spot.isFixed ? 1 : 2);
      for (const [one, sign] of [
        [a, 1],
        [b, -1],
      ] as const) {
        one.x += sign * way.x * by;
        one.y += sign * way.y * by;
        one.count += 1;
      }
    }
  }
  for (const { disc, x, y, count } of pushes) {
    if (count === 0 || disc.spot.isFixed) continue;
    disc.isPushed = true;
    move(disc, x / Math.sqrt(count), y / Math.sqrt(count));
  }
  return pushes.some(({ count }) => count > 0);
}

/** The offset in whole pixels, or the one before where that is as good. */
function step({ spot, x, y, isPushed }: Disc, before: Offset | undefined): Offset {
  const offset = { x: whole(x - spot.x), y: whole(y - spot.y) };
  return before && isPushed && Math.hypot(offset.x - before.x, offset.y - before.y) < STEP_PX ? before : offset;
}

/** Rounded, and never -0, which some comparisons take for another number than 0. */
function whole(value: number): number {
  return Math.round(value) || 0;
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
