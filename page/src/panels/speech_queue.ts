/**
 * What is said aloud next, of all that wants to be. Pure.
 *
 * A call for help interrupts, an answer to a tap is said at once; all else waits for silence, the more urgent first, and is
 * dropped once it is old: what was true half a minute ago is not what a rider should hear.
 */
export type Urgency = "sos" | "answer" | "forYou" | "news";

export interface Sentence {
  readonly words: string;
  readonly urgency: Urgency;
  /** Since when it waits, in milliseconds. */
  readonly at: number;
}

const RANKS: Readonly<Record<Urgency, number>> = { sos: 0, answer: 1, forYou: 2, news: 3 };
export const EXPIRES_MS = 30_000;
export const SILENCE_MS = 20_000;
/** More is not said before it expires. */
const MOST = 8;

export class SpeechQueue {
  private waiting: readonly Sentence[] = [];
  private spoke: Sentence | null = null;

  add(sentence: Sentence): void {
    this.waiting = [...this.waiting, sentence]
      .sort((a, b) => RANKS[a.urgency] - RANKS[b.urgency] || a.at - b.at)
      .filter(({ urgency }, place) => place < MOST || urgency === "sos");
  }

  /**
   * What is to be said now, if anything.
   *
   * @returns The sentence, and whether what is being said is to be cut off for it.
   */
  take(now: number): { readonly words: string; readonly doesInterrupt: boolean } | null {
    this.waiting = this.waiting.filter(({ at }) => now - at < EXPIRES_MS);
    const [first, ...others] = this.waiting;
    if (!first || now < this.freeAt(first.urgency)) return null;
    const doesInterrupt = first.urgency === "sos" && this.spoke?.urgency !== "sos";
    this.waiting = others;
    this.spoke = { ...first, at: now };
    return { words: first.words, doesInterrupt };
  }

  /** When to ask again; null where nothing waits. */
  get nextAt(): number | null {
    const [first] = this.waiting;
    return first ? this.freeAt(first.urgency) : null;
  }

  /** Whether news would be said at once. */
  isFree(now: number): boolean {
    return this.waiting.length === 0 && now >= this.freeAt("news");
  }

  clear(): void {
    this.waiting = [];
  }

  private freeAt(urgency: Urgency): number {
    const isAtOnce = urgency === "sos" || urgency === "answer";
    return isAtOnce || !this.spoke ? Number.NEGATIVE_INFINITY : this.spoke.at + SILENCE_MS;
  }
}
