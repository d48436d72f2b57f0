/** Says sentences aloud, in the reader's language, where the device has a voice. */
import { language } from "../words/strings";
import { SpeechQueue, type Urgency } from "./speech_queue";

export function canSpeak(): boolean {
  return "speechSynthesis" in globalThis;
}

export class Voice {
  private readonly queue = new SpeechQueue();
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** @param isWanted - Whether news are to be spoken; a call for help always is. */
  constructor(private readonly isWanted: () => boolean) {
    if (!canSpeak()) return;
    // Some browsers speak only after a tap has made them: this one makes no sound.
    const prime = () => speechSynthesis.speak(new SpeechSynthesisUtterance(""));
    addEventListener("pointerdown", prime, { once: true });
  }

  speak(words: string, urgency: Urgency): void {
    if (!canSpeak() || (urgency !== "sos" && !this.isWanted())) return;
    this.queue.add({ words, urgency, at: performance.now() });
    this.pump();
  }

  /** Whether something could be said at once that is not urgent. */
  get isFree(): boolean {
    return this.queue.isFree(performance.now());
  }

  hush(): void {
    this.queue.clear();
    if (canSpeak()) speechSynthesis.cancel();
  }

  private pump(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    for (let next = this.queue.take(performance.now()); next; next = this.queue.take(performance.now())) {
      if (next.doesInterrupt) speechSynthesis.cancel();
      const utterance = new SpeechSynthesisUtterance(next.words);
      utterance.lang = language();
      speechSynthesis.speak(utterance);
    }
    const { nextAt } = this.queue;
    this.timer = nextAt === null ? null : setTimeout(() => this.pump(), Math.max(0, nextAt - performance.now()));
  }
}
