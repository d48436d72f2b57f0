/** Says cues aloud, in the reader's language, where the device has a voice. */

import { distance } from "../words/format";
import { language, say } from "../words/strings";
import type { Cue } from "./cue_planner";

export function canSpeak(): boolean {
  return "speechSynthesis" in globalThis;
}

/** A cue as a sentence. */
export function sentence({ kind, name, metres, side }: Cue): string {
  if (kind === "silent") return say("cue.silent", { name });
  if (kind === "back") return say("cue.back", { name });
  return say(`cue.${side}`, { name, distance: distance(metres) });
}

/** Speaks, after what is being said already. */
export function speak(words: string): void {
  if (!canSpeak()) return;
  const utterance = new SpeechSynthesisUtterance(words);
  utterance.lang = language();
  speechSynthesis.speak(utterance);
}

export function hush(): void {
  if (canSpeak()) speechSynthesis.cancel();
}
