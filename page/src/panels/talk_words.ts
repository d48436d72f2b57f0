/** Messages in words. Signals are codes on their way; everyone reads and hears them in their own language. */
import type { Message } from "../session/chat";
import { type Key, say } from "../words/strings";

/** A signal as it is said; one that a later version knows is at least said to be one. */
export function signalWords(signal: string): string {
  const key = `signal.${signal}` as Key;
  try {
    return say(key) || say("signal.unknown");
  } catch {
    return say("signal.unknown");
  }
}

/** What a message says: its signal, its text, or that it was removed. */
export function saidIn({ said }: Pick<Message, "said">): string {
  if (said === null) return say("talk.removed");
  const parts = [said.signal === null ? "" : signalWords(said.signal), said.text ?? ""];
  return parts.filter((part) => part !== "").join(". ");
}
