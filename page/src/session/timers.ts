/** What a channel waits for, besides what its lanes do; pure. */

/** Of those that are due at once, the earlier one in this list comes first. */
const TIMERS = ["dial", "rejoin", "attempt", "join", "heartbeat", "heartbeatAnswer", "stable"] as const;

export type Timer = (typeof TIMERS)[number];

/** Those that mean something without a connection, too. */
const OUTLIVING: readonly Timer[] = ["dial"];

export class Timers {
  private readonly times = new Map<Timer, number>();

  /** When the next one is due; null where there is none. */
  get next(): number | null {
    return this.times.size > 0 ? Math.min(...this.times.values()) : null;
  }

  has(timer: Timer): boolean {
    return this.times.has(timer);
  }

  set(timer: Timer, at: number): void {
    this.times.set(timer, at);
  }

  /** Returns whether it was running. */
  cancel(timer: Timer): boolean {
    return this.times.delete(timer);
  }

  /** Those that are due, in order; they run on until they are cancelled. */
  due(now: number): Timer[] {
    const at = (timer: Timer) => this.times.get(timer) ?? Number.POSITIVE_INFINITY;
    return TIMERS.filter((timer) => at(timer) <= now).sort((a, b) => at(a) - at(b));
  }

  /** Cancels those that mean nothing any more once their connection is gone. */
  cancelThoseOfAConnection(): void {
    for (const timer of TIMERS) if (!OUTLIVING.includes(timer)) this.cancel(timer);
  }

  clear(): void {
    this.times.clear();
  }
}
