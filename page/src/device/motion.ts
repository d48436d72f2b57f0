/** How people move: seldom, which spares the battery, as often as the display can, or not at all. */
import { recallMotion, rememberMotion } from "../memory/preferences";

export type Motion = "sparing" | "smooth";
export type Pace = Motion | "still";

/**
 * The display's rate in five. News and the ends of movements are frames too, up to four a second each: together that is
 * twenty at most.
 */
export const STEPS_PER_SECOND = 12;

/** When a movement begins, in milliseconds on the document's timeline, how long it takes and how it goes on. */
export interface Course {
  readonly startTime: number;
  readonly duration: number;
  readonly easing: string;
}

let current: Motion | null = null;

export function motion(): Motion {
  // Asked with each news; the browser's storage is not.
  current ??= recallMotion() === "smooth" ? "smooth" : "sparing";
  return current;
}

export function chooseMotion(choice: Motion): void {
  rememberMotion(choice);
  current = choice;
}

/**
 * The course of a movement that begins now; null for one that is over at once.
 *
 * At a sparing pace all movements step on one beat, however many there are: a step of several people is one frame.
 */
export function course(pace: Pace, now: number, lasts: number): Course | null {
  if (pace === "still" || lasts <= 0) return null;
  if (pace === "smooth") return { startTime: now, duration: lasts, easing: "linear" };
  const first = Math.floor((now * STEPS_PER_SECOND) / 1_000);
  const steps = Math.max(1, Math.round(((now + lasts) * STEPS_PER_SECOND) / 1_000) - first);
  return {
    startTime: (first * 1_000) / STEPS_PER_SECOND,
    duration: (steps * 1_000) / STEPS_PER_SECOND,
    easing: `steps(${steps})`,
  };
}
