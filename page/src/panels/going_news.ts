/** Who goes to somebody who stopped and does not answer: told as it becomes known, so that not everybody turns back. */
import type { Alert } from "../model/model";
import { nameIn } from "../session/names";
import type { SessionState } from "../session/session_state";
import { say } from "../words/strings";
import type { Happened } from "./notice_slot";
import type { SessionView } from "./ui";

/** Later than this after the alert nobody waits for the answer. */
const LASTS_MS = 5 * 60_000;

export type AboutSomebody = Alert & { readonly participant: number };

type Told = Happened & { readonly spoken?: string };

export class GoingNews {
  /** Who went at the last look, by alert; null before the first: what was before is no news. */
  private before: ReadonlyMap<number, readonly number[]> | null = null;

  /** @param noticeAgain - The notice of an alert to whose person nobody goes any more. */
  look(view: SessionView, state: SessionState, noticeAgain: (alert: AboutSomebody) => Told | null): void {
    const { before } = this;
    const recent = state.features.alerts?.recent ?? [];
    this.before = new Map(recent.map((one) => [one.alert, going(one)]));
    if (before === null) return;
    for (const alert of recent.filter(isAboutSomebody)) {
      const had = before.get(alert.alert) ?? [];
      const has = going(alert);
      const came = has.filter((who) => !had.includes(who));
      const gone = had.filter((who) => !has.includes(who));
      if (came.length === 0 && gone.length === 0) continue;
      if (alert.participant === state.me) tellWhoStopped(view, state, alert, came, gone);
      else if (concerns(view, state, alert) || [...had, ...has].includes(state.me)) {
        const notice = whoGoes(view, state, alert) ?? noticeAgain(alert);
        if (notice) view.tell(notice);
      }
    }
  }
}

/** "I'm going", under the notice about somebody who stopped. */
export function goingTo(view: SessionView, alert: AboutSomebody): NonNullable<Happened["action"]> {
  const { live } = view;
  const press = () => {
    const name = nameOfNotice(alert);
    const title = say("alert.telling", { name: nameIn(live.state, alert.participant) });
    view.tell({ name, level: "answer", title, icon: "spinner", shutLabel: null, lastsMs: LASTS_MS });
    view.show(alert.participant);
    view.attempt(async () => {
      try {
        await live.ask("alert:answer", { alert: alert.alert, answer: "going" }, { lastsMs: LASTS_MS });
      } catch (error) {
        view.untell(name);
        throw error;
      }
    });
  };
  return { label: say("sos.going"), press };
}

/** What the notice about somebody is called; the same when somebody goes to them. */
export function nameOfNotice({ kind, participant }: AboutSomebody): string {
  return `${kind}-${participant}`;
}

function tellWhoStopped(
  view: SessionView,
  state: SessionState,
  { alert }: Alert,
  came: readonly number[],
  gone: readonly number[],
): void {
  const said = [
    ...came.map((who) => say("alert.comes", { name: nameIn(state, who) })),
    ...gone.map((who) => say("alert.comesNot", { name: nameIn(state, who) })),
  ].join(" · ");
  view.tell({ name: `going-${alert}`, level: "forYou", title: said, spoken: said });
}

function whoGoes(view: SessionView, state: SessionState, alert: AboutSomebody): Told | null {
  const whom = nameIn(state, alert.participant);
  const name = nameOfNotice(alert);
  const others = going(alert).filter((who) => who !== state.me && state.participants.has(who));
  const theirs = others.map((who) => say("alert.goesTo", { name: nameIn(state, who), whom })).join(" · ");
  if (going(alert).includes(state.me)) {
    const title = say("alert.youGo", { name: whom });
    const press = () => view.attempt(() => view.live.ask("alert:answer", { alert: alert.alert }));
    const action = { label: say("alert.notGoing"), press };
    return { name, level: "answer", title, ...(theirs && { help: theirs }), action, spoken: title, lastsMs: LASTS_MS };
  }
  if (!theirs) return null;
  const action = { label: say("people.show"), press: () => view.show(alert.participant) };
  return { name, level: "forYou", title: theirs, action, spoken: theirs };
}

export function isAboutSomebody(alert: Alert): alert is AboutSomebody {
  return alert.participant !== null;
}

function concerns({ live }: SessionView, state: SessionState, { participant }: AboutSomebody): boolean {
  return live.watch?.concernsMe(state, live.now(), participant) ?? false;
}

/** A page of an earlier version did not keep it. */
function going({ going: those }: { readonly going?: readonly number[] }): readonly number[] {
  return those ?? [];
}
