/** The times of this device's own fixes, on the server's clock; pure. The same as the Python client's `stamps.py`. */
import { ReadingClock } from "../device/reading_time";
import type { Fix } from "../model/model";
import { ServerClock } from "../net/server_clock";

/** Says when fixes were taken, and corrects that once the server's clock is known. All times in milliseconds. */
export class Stamps {
  private readonly clock: ServerClock;
  private readonly readings = new ReadingClock();
  /** Fixes whose times were told before the server's clock was known well. */
  private told = new WeakSet<Fix>();
  private corrected = new WeakSet<Fix>();
  private by = 0;
  private count = 0;

  constructor(steady: number, wall: number) {
    this.clock = new ServerClock(steady, wall);
  }

  /** How often times that were told before became better known. */
  get corrections(): number {
    return this.count;
  }

  /** The server's time as far as it is known. */
  now(steady: number): number {
    return Math.round(this.clock.now(steady));
  }

  /** Compares the device's two clocks; asked before a time is told and before the server is heard. */
  look(steady: number, wall: number): void {
    this.clock.look(steady, wall);
  }

  /** When a reading was taken, by the stamp that its receiver gives. */
  timeOf(stamp: number, steady: number, wall: number): number {
    this.look(steady, wall);
    return this.readings.timeOf(stamp, { server: this.now(steady), steady, wall });
  }

  /** Remembers a fix whose time may turn out to be wrong. */
  note(fix: Fix): void {
    if (this.clock.isUnsure) this.told.add(fix);
  }

  /** Takes what the server says its time is. */
  hear(serverTime: number, steady: number): void {
    const by = this.clock.hear(serverTime, steady);
    if (by === 0) return;
    this.by = by;
    this.corrected = this.told;
    this.told = new WeakSet();
    this.count += 1;
  }

  /** A fix with the time that it has by what is known now. */
  settled(fix: Fix): Fix {
    return this.corrected.has(fix) ? { ...fix, fix_time: Math.max(0, Math.round(fix.fix_time + this.by)) } : fix;
  }
}
