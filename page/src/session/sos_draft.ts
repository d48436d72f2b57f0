/** An SOS that counts down while its page is loaded again; pure. */
import type { SosKind } from "../model/model";

export interface KeptDraft {
  readonly kind: SosKind;
  /** Null for oneself. */
  readonly forWhom: number | null;
  /** The operation that it becomes: however often the page is loaded again, it is one. */
  readonly opId: string;
  /** When it goes out, in milliseconds on the device's clock. */
  readonly endsAt: number;
}

export const COUNTDOWN_S = 10;
/** So much is left at least, for who wants to cancel it on the new page. */
const LEAST_S = 5;
/** A page that takes longer to come back sends nothing by itself: nobody expects it any more. */
const GOES_ON_MS = 15_000;
/** Later than this it is not even asked about. */
const ASKED_MS = 10 * 60_000;

/** How many seconds are left of it on a new page; "ask" where its person is to say whether it is still meant. */
export function leftOf({ endsAt }: KeptDraft, now: number): number | "ask" | null {
  const late = now - endsAt;
  if (late <= GOES_ON_MS) return Math.min(COUNTDOWN_S, Math.max(LEAST_S, Math.ceil(-late / 1_000)));
  return late <= ASKED_MS ? "ask" : null;
}

/** Reads what was kept; null where it is nothing that this page can read. */
export function readDraft(text: string | null): KeptDraft | null {
  try {
    const { kind, forWhom, opId, endsAt } = JSON.parse(text ?? "null") ?? {};
    const isWhole = typeof kind === "string" && typeof opId === "string" && typeof endsAt === "number";
    return isWhole
      ? { kind: kind as SosKind, forWhom: typeof forWhom === "number" ? forWhom : null, opId, endsAt }
      : null;
  } catch {
    return null;
  }
}
