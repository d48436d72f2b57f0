/** What a client sees of a session when it judges; the same as the Python client's `motion/scene.py`. */
import type { Alert, Fix, Post, Role, Status } from "../../model/model";
import { UNSEEN_MS } from "./riding";

/** What is judged of a person here. */
export type Judged = "stopped" | "straggler" | "no_news";

/** How soon one is asked, and told to be behind. */
export interface Sensitivity {
  /** How long one stands while the others ride on. */
  readonly stoppedMs: number;
  /** How long one stands in any case. */
  readonly aloneMs: number;
  /** How far one is behind the sweep. */
  readonly behindM: number;
  /** How far one is behind the next one ahead, where nobody sweeps. */
  readonly gapM: number;
}

export const SENSITIVITIES = {
  tight: { stoppedMs: 60_000, aloneMs: 180_000, behindM: 300, gapM: 500 },
  normal: { stoppedMs: 90_000, aloneMs: 240_000, behindM: 500, gapM: 1_000 },
  loose: { stoppedMs: 150_000, aloneMs: 480_000, behindM: 1_000, gapM: 2_000 },
} as const satisfies Record<string, Sensitivity>;

/** Somebody in the session. */
export interface Person {
  readonly id: number;
  readonly role: Role;
  readonly post: Post | null;
  readonly status: Status | null;
  readonly statusSince: number | null;
  /** As far as is known. */
  readonly isConnected: boolean;
  /** Their newest place; null for those who do not share one. */
  readonly fix: Fix | null;
  /** They share one, also where there is none yet. */
  readonly isSharing: boolean;
}

/** A session at one moment, as one of its clients sees it. Times are on the server's clock, in milliseconds. */
export interface Scene {
  readonly now: number;
  readonly me: number;
  /** Everybody, oneself included. */
  readonly people: ReadonlyMap<number, Person>;
  /** The connection stands, and who else is connected is known. */
  readonly isListening: boolean;
  /** Those that were told lately. */
  readonly alerts: readonly Pick<Alert, "kind" | "participant" | "place" | "at">[];
  readonly sensitivity: Sensitivity;
}

/** Where somebody is now; null where the newest place is too old to say so. */
export function placeOf({ now }: Scene, person: Person): Fix | null {
  return person.fix && now - person.fix.fix_time <= UNSEEN_MS ? person.fix : null;
}

/** So long one waits for what one asked for to come back, before asking again. */
const ASK_AGAIN_MS = 30_000;

/**
 * Whether to ask for something that was asked for at a time, or never, and has not come.
 *
 * @param times - How many times the usual wait.
 */
export function mayAsk({ now }: Pick<Scene, "now">, askedAt: number | null, times = 1): boolean {
  return askedAt === null || now - askedAt >= ASK_AGAIN_MS * times;
}

/** A look at something: what to remember, and what was found. */
export interface Look<Memory, Found> {
  readonly memory: Memory;
  readonly found: Found;
}
