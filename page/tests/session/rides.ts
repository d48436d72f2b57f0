/** Rides of the vectors in tests/vectors: everybody goes straight north, or back, with a fix each second. */
import { destination } from "../../src/model/geo";
import type { Fix, Post, Role, Status } from "../../src/model/model";
import type { Person } from "../../src/session/motion/scene";

export const START = { lat: 60.17, lon: 24.94 };
export const AT = 1_790_000_000_000;
export type Spans = readonly (readonly [from: number, to: number])[];

export interface Rider {
  readonly id: number;
  readonly legs: readonly (readonly [seconds: number, speed: number, unseen?: string])[];
  readonly at?: number;
  readonly role?: Role;
  readonly post?: Post;
  readonly status?: readonly (readonly [at: number, status: Status])[];
  readonly paused?: Spans;
  readonly accuracy?: number;
  readonly without_speed?: boolean;
  readonly without_heading?: boolean;
  readonly standing_every?: number;
  /** So many metres to and fro, in so many seconds. */
  readonly sways?: readonly [metres: number, seconds: number];
}

export interface Second {
  readonly fix: Fix | null;
  readonly isConnected: boolean;
}

export function seconds(rider: Rider): Second[] {
  const seen: Second[] = [];
  let metres = rider.at ?? 0;
  for (const [length, speed, unseen] of rider.legs) {
    for (let part = 0; part < length; part += 1) {
      const isTold = !unseen && (speed !== 0 || part % (rider.standing_every ?? 1) === 0);
      const fix = isTold ? fixAt(rider, metres, speed, seen.length) : null;
      seen.push({ fix, isConnected: unseen !== "unseen" });
      metres += speed;
    }
  }
  return seen;
}

function fixAt(rider: Rider, metres: number, speed: number, second: number): Fix {
  const { accuracy, without_speed, without_heading, sways: [width, period] = [0, 1] } = rider;
  const north = metres + width * Math.sin((2 * Math.PI * second) / period);
  return {
    ...destination(START, Math.abs(north), north < 0 ? 180 : 0),
    fix_time: AT + second * 1_000,
    ...(speed !== 0 && !without_heading && { heading: speed > 0 ? 0 : 180 }),
    ...(!without_speed && { speed: Math.abs(speed) }),
    ...(accuracy !== undefined && { accuracy }),
  };
}

export const isWithin = (spans: Spans | undefined, second: number) =>
  spans?.some(([from, to]) => from <= second && second < to) ?? false;

export function personAt(
  rider: Rider,
  second: number,
  fix: Fix | null,
  isConnected: boolean,
  isEnded: boolean,
): Person {
  const said = isEnded ? undefined : rider.status?.filter(([at]) => at <= second).at(-1);
  return {
    id: rider.id,
    role: rider.role ?? "member",
    post: rider.post ?? null,
    status: said?.[1] ?? null,
    statusSince: said ? AT + said[0] * 1_000 : null,
    isConnected,
    fix: isWithin(rider.paused, second) ? null : fix,
    isSharing: !isWithin(rider.paused, second),
  };
}

/** From when to when something holds, in seconds. */
export function spans(holds: readonly boolean[]): number[][] {
  const ends = [...holds, false];
  const begins = holds.flatMap((one, at) => (one && !ends[at - 1] ? [at] : []));
  return begins.map((from) => [from, ends.indexOf(false, from)]);
}
