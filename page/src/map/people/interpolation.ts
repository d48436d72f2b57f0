/**
 * Smooth motion between fixes that were received: a marker glides to the newest one and stops there.
 *
 * Nothing is ever drawn beyond the newest fix: where a rider has gone since then is not known.
 */
import { distanceBetween, type Point } from "../../model/geo";

const SHORTEST_MS = 200;
const LONGEST_MS = 1_600;
/** Farther than this is not riding but a first fix after a gap: the marker jumps. */
const JUMP_M = 3_000;

export class Glide {
  private from: Point;
  private to: Point;
  private startedAt: number;
  private lasts = 0;
  private arrivedAt: number;

  constructor(at: Point, now: number) {
    this.from = at;
    this.to = at;
    this.startedAt = now;
    this.arrivedAt = now;
  }

  /** The newest fix. */
  get target(): Point {
    return this.to;
  }

  /** Heads for a new fix, taking about as long as fixes are apart; says whether it is another one. */
  moveTo(target: Point, now: number, still = false): boolean {
    if (target.lat === this.to.lat && target.lon === this.to.lon) return false;
    const here = this.at(now);
    const apart = now - this.arrivedAt;
    this.arrivedAt = now;
    this.from = here;
    this.to = target;
    this.startedAt = now;
    const jump = still || distanceBetween(here, target) > JUMP_M;
    this.lasts = jump ? 0 : Math.max(SHORTEST_MS, Math.min(LONGEST_MS, apart));
    return true;
  }

  /** Where the marker stands now. */
  at(now: number): Point {
    const part = this.lasts === 0 ? 1 : Math.max(0, Math.min(1, (now - this.startedAt) / this.lasts));
    if (part === 1) return this.to;
    const dLon = this.to.lon - this.from.lon;
    const shortWay = dLon - 360 * Math.round(dLon / 360);
    return {
      lat: this.from.lat + (this.to.lat - this.from.lat) * part,
      lon: this.from.lon + shortWay * part,
    };
  }

  /** For how many milliseconds the marker is still under way. */
  left(now: number): number {
    return Math.max(0, this.startedAt + this.lasts - now);
  }
}
