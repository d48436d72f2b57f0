/** Work that only one of this browser's tabs does at a time, where the browser can keep them apart. */

/** A tab that sleeps may hold its turn for hours: nobody waits longer for it. So the work must be right without a turn, too. */
const LONGEST_WAIT_MS = 15_000;

/** Does some work in turns with other tabs; at once where there are no locks, or none may be asked for. */
export async function inTurn<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  let begun: Promise<Result> | null = null;
  const begin = () => {
    begun = work();
    return begun;
  };
  try {
    await navigator.locks.request(name, { signal: AbortSignal.timeout(LONGEST_WAIT_MS) }, begin);
  } catch {
    // What the work itself threw is thrown again below.
  }
  return begun ?? work();
}
