/** How long to wait before the same is tried again. */

const LONGEST_BACK_OFF_MS = 2_000;

/** A wait that is longer is not believed. */
const LONGEST_ASKED_S = 3_600;

/** An error reply of the socket. */
export interface Refusal {
  readonly reason: string;
  readonly retry: boolean;
  /** Seconds to wait before the same is tried again, with `too_many_requests`. */
  readonly retry_after_s?: number;
  /** Where other operations need not wait for that: the fields in which one of the same name is bound alike. */
  readonly same?: readonly string[];
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Waits that grow from a tenth of a second to two seconds, drawn evenly from zero, so that not all come back at once. */
export class Backoff {
  private failures = 0;

  constructor(private readonly random: () => number) {}

  next(): number {
    const longest = Math.min(LONGEST_BACK_OFF_MS, 100 * 2 ** Math.min(this.failures, 16));
    this.failures += 1;
    return Math.floor(this.random() * longest);
  }

  /** Starts again at the shortest wait, after a success. */
  reset(): void {
    this.failures = 0;
  }
}

/** How long the server asks to wait; 0 where it does not say. */
export function askedMs(refusal: Partial<Refusal>): number {
  const seconds = refusal.retry_after_s;
  return typeof seconds === "number" && seconds > 0 && seconds <= LONGEST_ASKED_S ? seconds * 1_000 : 0;
}
