/** Tells what becomes of a signal that was given where no messages are seen: no more than is known. */
import type { Signal } from "../model/model";
import { type Key, say } from "../words/strings";
import type { IconName } from "./icons";
import { signalWords } from "./talk_words";
import type { SessionView } from "./ui";

/** The server takes a signal sooner, or it is said that it waits. */
export const PROMPT_MS = 2_000;
const SHOWN_MS = 5_000;

/** @param sent - Resolves to whether the server took it. */
export async function tellFate(
  view: Pick<SessionView, "tell" | "live">,
  signal: Signal,
  sent: Promise<boolean>,
): Promise<void> {
  const tell = (key: Key, icon: IconName) => {
    const title = say(key, { signal: signalWords(signal) });
    view.tell({ name: "signal", level: "answer", title, icon, shutLabel: null, lastsMs: SHOWN_MS, spoken: title });
  };
  const waiting = setTimeout(() => tell("talk.signalWaits", "clock"), view.live.link === "live" ? PROMPT_MS : 0);
  const isSent = await sent;
  clearTimeout(waiting);
  if (isSent) tell("talk.signalSent", "check");
  else tell("talk.signalFailed", "warning");
}
