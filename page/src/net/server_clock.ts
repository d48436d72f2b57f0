/**
 * The server's clock as a device can tell it; pure. The same as the Python client's `server_clock.py`, and
 * `tests/vectors/server_clock.json` holds both to it.
 *
 * A device's own clock may be set while the page is open, by the network or by hand. So the server's is told from a clock
 * that nobody sets. That one may stand still while a device sleeps, and the server's may be set as well: each
 * `server_time` is compared again.
 */

/** Delay on the way only ever makes the server look behind, so the greatest difference within this time counts. */
const WINDOW_MS = 5_000;
/** Clocks that come apart by more than this were set, or slept. */
const STEP_MS = 2_000;

/** Estimates the server's clock from a steady one; all times in milliseconds. */
export class ServerClock {
  private ahead: number;
  private apart: number;
  private heard: { readonly steady: number; readonly ahead: number }[] = [];
  private unsure = true;

  /** Believes the device's clock, which is `wall` now, until the server has been heard. */
  constructor(steady: number, wall: number) {
    this.ahead = this.apart = wall - steady;
  }

  /** The server was not heard yet, or not since the device was set or slept: times told now may be wrong. */
  get isUnsure(): boolean {
    return this.unsure;
  }

  /** The server's time. */
  now(steady: number): number {
    return steady + this.ahead;
  }

  /** Compares the device's two clocks; asked before a time is told. */
  look(steady: number, wall: number): void {
    const apart = wall - steady;
    if (Math.abs(apart - this.apart) > STEP_MS) this.unsure = true;
    this.apart = apart;
  }

  /**
   * Takes what the server says its time is.
   *
   * @returns By how much times were wrong that were told while this was unsure; 0 where it was sure.
   */
  hear(serverTime: number, steady: number): number {
    const ahead = serverTime - steady;
    this.heard = this.heard.filter((one) => one.ahead > ahead && one.steady >= steady - WINDOW_MS);
    this.heard.push({ steady, ahead });
    const before = this.ahead;
    this.ahead = this.heard[0]?.ahead ?? ahead;
    const wasUnsure = this.unsure;
    this.unsure = false;
    return wasUnsure ? this.ahead - before : 0;
  }
}
