/**
 * How long an attempt to come back may take; pure.
 *
 * One that takes longer than usual is started again: its packets were lost in the silence, and wait to be resent.
 */

const LEAST_MS = 2_000;
const USUAL_TIMES = 3;
/** Every third attempt may take longer, since the network may have become as slow as that. */
const LONG_MS = 5_000;

export class Patience {
  private attempts = 0;
  private began = 0;
  private usual = LONG_MS / USUAL_TIMES;

  /** An attempt begins; gives for how many milliseconds it may go on. */
  begin(now: number): number {
    this.attempts += 1;
    this.began = now;
    const patience = Math.max(LEAST_MS, USUAL_TIMES * this.usual);
    return this.attempts % 3 === 0 ? Math.max(LONG_MS, patience) : patience;
  }

  /** The attempt led to a join. */
  succeeded(now: number): void {
    this.attempts = 0;
    this.usual = now - this.began;
  }
}
