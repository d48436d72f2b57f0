/**
 * When a reading was taken, from what its receiver says of the time; pure.
 *
 * The same rule as the Python's `domain/reading_time.py`; `tests/vectors/readings.json` holds both to it. Why it is as it
 * is: docs/decisions/0032-what-the-time-of-a-reading-means.md.
 */

const DAY_MS = 86_400_000;
/** A place that a device remembers may be as old as the longest session. */
const OLDEST_MS = 31 * DAY_MS;
/** Clocks that were set to local time are ahead by less than this. */
const AHEAD_MS = DAY_MS;
/** Milliseconds, seconds, microseconds and nanoseconds. */
const UNITS_MS = [1, 1_000, 0.001, 0.000_001];
/** The beginnings of 1970, 2001 (Apple) and 6 January 1980 (GPS), in milliseconds since 1970. */
const EPOCHS_MS = [0, 978_307_200_000, 315_964_800_000];
/** Old GPS receivers count weeks up to 1,024 and begin again. */
const ROLLOVER_MS = 1_024 * 7 * DAY_MS;
/** Two clocks that differ by less agree. */
const SLACK_MS = 1_000;
/** No receiver hands out fixes that are steadily older than this: its clock is wrong. */
const LAG_MS = 10_000;
/** Readings that follow each other faster say nothing of how a clock runs. */
const STEP_MS = 500;

/**
 * What a stamp means, in milliseconds since the epoch of 1970; null where it means nothing.
 *
 * @param stamp - As the receiver gives it, in whatever unit and from whatever epoch.
 * @param now - The time, by a clock that the stamp may have been made by.
 */
export function plausibleTime(stamp: unknown, now: number): number | null {
  if (typeof stamp !== "number" || !(stamp > 0 && stamp <= 1e20)) return null;
  for (const [time, oldest] of meanings(stamp)) {
    if (now - oldest <= time && time <= now + AHEAD_MS) return Math.round(time);
  }
  return null;
}

/** Times that a stamp may mean, each with how old it may be; the usual one first. */
function* meanings(stamp: number): Generator<readonly [number, number]> {
  yield [stamp, OLDEST_MS];
  for (const epoch of EPOCHS_MS) {
    for (const unit of UNITS_MS) yield [epoch + stamp * unit, DAY_MS];
  }
  for (const weeks of [ROLLOVER_MS, 2 * ROLLOVER_MS]) {
    for (const unit of UNITS_MS) yield [stamp * unit + weeks, DAY_MS];
  }
}

/** The clocks at the moment at which a reading comes, all in milliseconds. */
export interface Clocks {
  /** One that nobody sets. */
  readonly steady: number;
  /** The device's. */
  readonly wall: number;
  /** The server's. */
  readonly server: number;
}

/** Tells when the readings of one receiver were taken, on the server's clock. */
export class ReadingClock {
  private last: { readonly time: number; readonly steady: number } | null = null;
  private ahead: number | null = null;

  /** When a reading was taken, by what the receiver says of it, on the server's clock. */
  timeOf(stamp: unknown, { steady, wall, server }: Clocks): number {
    const byServer = plausibleTime(stamp, server);
    const byWall = plausibleTime(stamp, wall);
    const read = byServer ?? byWall;
    if (read === null) {
      this.last = null;
      return server;
    }
    // It was stamped by one of the two clocks. A clock by which it has not been taken yet is not the one.
    const ages = [ageBy(server, byServer), ageBy(wall, byWall)].filter((age) => age !== null);
    let age = ages.length > 0 ? Math.min(...ages) : 0;
    const sinceTheNewest = this.follow(read, steady);
    if (sinceTheNewest !== null && age - sinceTheNewest > LAG_MS) age = sinceTheNewest;
    if (byServer !== null && Math.abs(server - byServer - age) <= SLACK_MS) return byServer;
    return server - age;
  }

  /**
   * How old a reading is by the receiver's own clock, once that is known.
   *
   * A place that is remembered keeps its stamp. Stamps that go on as time does belong to fresh readings, however late the
   * clock is that they were made by.
   */
  private follow(time: number, steady: number): number | null {
    const last = this.last;
    const passed = last === null ? 0 : steady - last.steady;
    if (last === null || passed < 0 || passed >= STEP_MS) this.last = { time, steady };
    if (last !== null && passed >= STEP_MS) {
      const goesOn = time > last.time && Math.abs(time - last.time - passed) <= Math.max(STEP_MS, passed / 10);
      if (goesOn) this.ahead = Math.max(time - steady, last.time - last.steady);
    }
    return this.ahead === null ? null : Math.max(0, steady + this.ahead - time);
  }
}

function ageBy(now: number, time: number | null): number | null {
  return time !== null && time <= now + SLACK_MS ? Math.max(0, now - time) : null;
}
