/** Lets the newest value through at most once an interval; a value held back is replaced by a newer one. */
export class RateGate<Value> {
  private lastSentAt = Number.NEGATIVE_INFINITY;
  private held: Value | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private intervalMs: number,
    private readonly send: (value: Value) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Changes the interval; a value that is held back waits for as long as the new one says. */
  set interval(milliseconds: number) {
    if (milliseconds === this.intervalMs) return;
    this.intervalMs = milliseconds;
    if (this.held === null) return;
    const held = this.held;
    this.clear();
    this.offer(held);
  }

  /**
   * @param atOnce - It passes now, whatever the interval.
   */
  offer(value: Value, atOnce = false): void {
    const wait = this.lastSentAt + this.intervalMs - this.now();
    if (atOnce || (wait <= 0 && this.timer === null)) {
      this.clear();
      this.pass(value);
      return;
    }
    this.held = value;
    this.timer ??= setTimeout(
      () => {
        this.timer = null;
        if (this.held !== null) this.pass(this.held);
      },
      Math.max(0, wait),
    );
  }

  /** Drops what is held back. */
  clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.held = null;
  }

  private pass(value: Value): void {
    this.held = null;
    this.lastSentAt = this.now();
    this.send(value);
  }
}
