/** What is said of motion as it happens: that one is asked whether all is well. */
import { say } from "../words/strings";
import type { SessionView } from "./ui";

export class MotionNews {
  private wasAsking = false;

  /** Looks at what has been judged since the last look. */
  look(view: SessionView): void {
    const { isAsking } = view.live.watch;
    if (isAsking && !this.wasAsking) view.speak(say("stopped.question"), "forYou");
    this.wasAsking = isAsking;
  }
}
