/** One's own messages that the server has not acknowledged yet, in the order of writing; pure. */
import type { Operation } from "./pending_operations";

const MINUTE_MS = 60_000;
/** A signal that is older says something that is not so any more: it is dropped, and that is said. */
export const SIGNALS_LAST_MS = 10 * MINUTE_MS;

export interface Unsent {
  readonly opId: string;
  readonly text: string | null;
  readonly signal: string | null;
  /** When it was written, in milliseconds on the server's clock; null where an earlier version did not note it. */
  readonly writtenAt: number | null;
}

/** The messages among the operations that wait. */
export function unsent(waiting: readonly Operation[]): Unsent[] {
  return waiting
    .filter(({ event }) => event === "chat:send")
    .map(({ payload, askedAt }) => ({
      opId: payload.op_id,
      text: textOf(payload, "text"),
      signal: textOf(payload, "signal"),
      writtenAt: askedAt ?? null,
    }));
}

/** Whether it will not be sent any more: a signal says what is so now. */
export function isOutdated({ text, writtenAt }: Unsent, now: number): boolean {
  return text === null && writtenAt !== null && now - writtenAt > SIGNALS_LAST_MS;
}

function textOf(payload: object, field: string): string | null {
  const value: unknown = Reflect.get(payload, field);
  return typeof value === "string" ? value : null;
}
