/** How long to wait before the same is tried again. */

const LONGEST_BACK_OFF_MS = 2_000;
const OPERATION_MS = 1_500;

/** A wait that is longer is not believed. */
const LONGEST_ASKED_S = 3_600;

/** An error reply of the socket. */
export interface Refusal {
  readonly reason: string;
  readonly retry: boolean;
  /** Seconds to wait before the same is tried again, with `too_many_requests`. */
  readonly retry_after_s?: number;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Back-off that doubles from 100 ms to 2 s, with jitter, so that a restarted server is not met by all at once. */
export function backOffMs(tries: number): number {
  const longest = Math.min(LONGEST_BACK_OFF_MS, 100 * 2 ** Math.min(tries, 10));
  return longest / 2 + Math.random() * (longest / 2);
}

/** How long the server asks to wait; 0 where it does not say. */
export function askedMs(refusal: Partial<Refusal>): number {
  const seconds = refusal.retry_after_s;
  return typeof seconds === "number" && seconds > 0 && seconds <= LONGEST_ASKED_S ? seconds * 1_000 : 0;
}

/**
 * How long an operation waits after a refusal, or null where it is given up.
 *
 * @param failures - How often it was refused or not answered before, apart from waits that the server asked for.
 */
export function operationWaitMs(refusal: Refusal, failures: number, most: number): number | null {
  if (!refusal.retry) return null;
  const asked = askedMs(refusal);
  if (asked > 0) return asked;
  return failures >= most ? null : OPERATION_MS * failures;
}
