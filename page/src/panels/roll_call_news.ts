/** What is said of places as it happens: where the group meets, who came and left, that all are there, a hazard ahead. */
import { distanceBetween } from "../model/geo";
import type { Alert, Place } from "../model/model";
import { radiusOf } from "../session/place_list";
import type { Call } from "../session/place_rules/scene";
import { findPlace, type SessionState } from "../session/session_state";
import { callOf } from "../session/watch";
import { distance } from "../words/format";
import { say } from "../words/strings";
import { farWords } from "./place_words";
import { meetWords, nameOf } from "./roll_call_words";
import type { SessionView } from "./ui";

const CALL_SHOWN_MS = 20_000;
const HAZARD_SHOWN_MS = 30_000;
/** Who was seen there for longer than that is no news: a page that was loaded again tells it again. */
const NEWS_MS = 60_000;
const CALL = "meet";

export class RollCallNews {
  /** The newest alert that was looked at; null before the first look: what was before is no news. */
  private newest: number | null = null;
  private call: Call | null = null;

  /** Looks at what has happened since the last look. */
  look(view: SessionView): void {
    const { state } = view.live;
    if (!state) return;
    const call = callOf(state);
    const recent = state.features.alerts?.recent ?? [];
    const { newest, call: before } = this;
    this.newest = Math.max(newest ?? state.offset, ...recent.map(({ alert }) => alert));
    this.call = call;
    if (newest === null) return;
    const fresh = recent.filter(({ alert }) => alert > newest);
    if (fresh.some(({ kind }) => kind === "all_here")) tellAllHere(view);
    if (call && call.at !== before?.at) tellCall(view, state, call, before);
    if (!call && before && !isComplete(before, recent)) tellEnd(view);
    for (const alert of fresh) tellOfPerson(view, state, alert);
    for (const hazard of view.live.watch?.takeHazards() ?? []) tellHazard(view, state, hazard);
  }
}

function tellAllHere(view: SessionView): void {
  const title = say("rollCall.allHere");
  view.tell({ name: CALL, level: "forYou", title, icon: "check", lastsMs: CALL_SHOWN_MS, spoken: title });
}

/** Whether all came to where the group was called. */
function isComplete({ place, at }: Call, recent: readonly Alert[]): boolean {
  return recent.some((alert) => alert.kind === "all_here" && alert.place === place && alert.at >= at);
}

function tellEnd(view: SessionView): void {
  view.untell(CALL);
  view.tell({ name: "regroup-over", level: "goodToKnow", title: say("regroup.over"), icon: "people" });
}

function tellCall(view: SessionView, state: SessionState, call: Call, before: Call | null): void {
  // Who called knows of it, but not where the next stop turned out to be.
  if (call.by === state.me && before?.place !== null) return;
  const place = findPlace(state, call.place);
  const title = meetWords(place);
  const mine = state.positions.get(state.me);
  const isThere = place && mine && distanceBetween(mine, place) <= radiusOf(place);
  const far = place && !isThere ? farWords(mine ?? null, place) : "";
  view.tell({
    name: CALL,
    level: "forYou",
    title,
    ...(far && { help: far }),
    icon: "people",
    action: { label: say("rollCall.open"), press: () => view.openPanel("people") },
    lastsMs: CALL_SHOWN_MS,
    spoken: far ? `${title}. ${far}` : title,
  });
}

function tellOfPerson(view: SessionView, state: SessionState, { kind, participant }: Alert): void {
  if (participant === null || participant === state.me || (kind !== "arrival" && kind !== "departure")) return;
  const since = view.live.watch?.hereSince(participant) ?? null;
  if (kind === "arrival" && since !== null && view.live.now() - since > NEWS_MS) return;
  const name = nameOf(state, participant);
  const title = say(kind === "arrival" ? "rollCall.arrived" : "rollCall.departed", { name });
  view.tell({ name: `${kind}-${participant}`, level: "goodToKnow", title, icon: "people" });
}

function tellHazard(view: SessionView, state: SessionState, hazard: number): void {
  const place = findPlace(state, hazard);
  const mine = state.positions.get(state.me);
  if (!place || !mine) return;
  const title = hazardWords(place, distance(distanceBetween(mine, place)));
  const deny = () => {
    view.untell(`hazard-${hazard}`);
    view.attempt(() => view.live.ask("hazard:gone", { place: hazard }));
  };
  view.tell({
    name: `hazard-${hazard}`,
    level: "forYou",
    title,
    action: { label: say("hazard.notThere"), press: deny },
    lastsMs: HAZARD_SHOWN_MS,
    spoken: title,
  });
}

function hazardWords({ name }: Place, far: string): string {
  return name ? say("hazard.named", { name, distance: far }) : say("hazard.ahead", { distance: far });
}
