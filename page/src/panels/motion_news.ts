/** What is said of motion as it happens: that one is asked whether all is well, and alerts that are for oneself. */

import { distanceBetween } from "../model/geo";
import type { Alert } from "../model/model";
import { nameIn } from "../session/names";
import type { SessionState } from "../session/session_state";
import { distance, duration } from "../words/format";
import { say } from "../words/strings";
import { type AboutSomebody, GoingNews, goingTo, isAboutSomebody, nameOfNotice } from "./going_news";
import type { Happened } from "./notice_slot";
import type { SessionView } from "./ui";

export class MotionNews {
  private wasAsking = false;
  /** The newest alert that was looked at; null before the first look: what was before is no news. */
  private newest: number | null = null;
  private readonly going = new GoingNews();

  /** Looks at what has been judged since the last look. */
  look(view: SessionView): void {
    const { live } = view;
    const isAsking = live.watch?.isAsking ?? false;
    if (isAsking && !this.wasAsking) view.speak(say("stopped.question"), "forYou");
    this.wasAsking = isAsking;
    const { state } = live;
    if (!state) return;
    const recent = (state.features.alerts?.recent ?? []).filter(isAboutSomebody);
    const { newest } = this;
    // What judges motion is still on its way: what comes meanwhile is told then.
    if (newest !== null && !live.watch) return;
    this.newest = Math.max(newest ?? state.offset, ...recent.map(({ alert }) => alert));
    const told = (alert: AboutSomebody) => {
      const notice = noticeOf(view, state, alert);
      return notice && { ...notice, spoken: notice.title };
    };
    if (newest !== null) {
      for (const alert of recent) {
        if (alert.alert <= newest || !live.watch?.concernsMe(state, live.now(), alert.participant)) continue;
        const notice = told(alert);
        if (notice) view.tell(notice);
      }
    }
    this.going.look(view, state, told);
  }
}

function noticeOf(view: SessionView, state: SessionState, alert: AboutSomebody): Happened | null {
  const { kind, participant } = alert;
  const words = wordsOf(view, state, kind, participant);
  if (!words) return null;
  const show = { label: say("people.show"), press: () => view.show(participant) };
  const action = kind === "stopped" ? goingTo(view, alert) : show;
  return { name: nameOfNotice(alert), level: "forYou", ...words, action };
}

function wordsOf({ live }: SessionView, state: SessionState, kind: Alert["kind"], who: number) {
  const name = nameIn(state, who);
  const [mine, theirs] = [state.positions.get(state.me), state.positions.get(who)];
  switch (kind) {
    case "stopped":
      return { title: say("alert.stopped", { name }), help: say("alert.stoppedHelp") };
    case "straggler": {
      const title = say("alert.straggler", { name });
      return mine && theirs
        ? { title, help: say("alert.stragglerBy", { distance: distance(distanceBetween(mine, theirs)) }) }
        : { title };
    }
    case "no_news": {
      const length = duration(theirs ? live.now() - theirs.fix_time : 0);
      const title = say("alert.noNews", { name, length });
      return live.watch?.isHole(state, live.now(), who) ? { title, help: say("alert.noCoverage") } : { title };
    }
    default:
      return null; // there is no route to be off, and places are no motion
  }
}
