/**
 * Calling the roll where the group meets: who arrives and departs is told by themselves, all here by one of them. Pure, by
 * tests/vectors/place_rules.json; the same as the Python client's `place_rules/roll_call.py`. Times are on the server's clock.
 */
import type { Alert, Place } from "../../model/model";
import { mayAsk, type Person, type Scene } from "../motion/scene";
import { RANK_MS, rankOf } from "../motion/silence";
import { type Approach, followApproach, NO_WAY } from "./approach";
import { type Board, boardOf } from "./board";
import { NO_PACE, type Pace } from "./pace";
import { arrive, depart, followPresence, NOT_SEEN, type Presence } from "./presence";
import { meetingPlace, metresTo, type PlaceScene } from "./scene";

/** Who has been away for so long does not tell of themselves; the server wants 60 s. */
const GONE_FOR_MS = 65_000;

/** What is remembered of somebody whom the group awaits. */
interface Attendance {
  readonly presence: Presence;
  readonly approach: Approach;
  /** The group was told that they are there. */
  readonly isTold: boolean;
  /** When it was last told of them; 0 for never. */
  readonly toldAt: number;
  /** When one last tried to tell it; null where one did not, or it came. */
  readonly askedAt: number | null;
  /** Since when they have not been connected. */
  readonly goneSince: number | null;
}

const UNKNOWN: Attendance = {
  presence: NOT_SEEN,
  approach: NO_WAY,
  isTold: false,
  toldAt: 0,
  askedAt: null,
  goneSince: null,
};

/** What is remembered of a roll call. */
export interface RollCall {
  /** Where the group meets; null where it does not. */
  readonly place: Place | null;
  readonly calledAt: number;
  readonly people: ReadonlyMap<number, Attendance>;
  /** Since when all have been there. */
  readonly completeSince: number | null;
  /** When one last tried to tell that they are. */
  readonly askedAt: number | null;
  /** Who is there; null where the group does not meet. */
  readonly board: Board | null;
}

export const NO_ROLL_CALL: RollCall = {
  place: null,
  calledAt: 0,
  people: new Map(),
  completeSince: null,
  askedAt: null,
  board: null,
};

export type ToldOfPlaces = "arrival" | "departure" | "all_here" | "hazard_gone";

/** What is to be told, and about whom; null where it is about all. */
export type Told = readonly [kind: ToldOfPlaces, participant: number | null];

/** A look at a roll call. */
export interface Looked {
  readonly memory: RollCall;
  readonly told: readonly Told[];
  /** One's own status ends by arriving. */
  readonly endsStatus: boolean;
}

/** Looks at who is there. */
export function lookAtRoll(before: RollCall, scene: PlaceScene, paces: ReadonlyMap<number, Pace>): Looked {
  const place = meetingPlace(scene);
  const { call, people: seen } = scene;
  if (!place || !call) return { memory: NO_ROLL_CALL, told: [], endsStatus: false };
  const known = isSame(before, place, call.at) ? before : { ...NO_ROLL_CALL, calledAt: call.at };
  const newest = newestTold(place, seen);
  const people = new Map<number, Attendance>();
  const told: Told[] = [];
  let endsStatus = false;
  for (const one of seen.people.values()) {
    if (one.role === "viewer") continue;
    const after = attend(known.people.get(one.id) ?? UNKNOWN, one, place, seen, newest.get(one.id));
    const due = isDue(after, one, seen);
    people.set(one.id, due ? { ...after, askedAt: seen.now } : after);
    if (!due) continue;
    told.push([after.presence.isHere ? "arrival" : "departure", one.id]);
    endsStatus ||= one.id === seen.me && endsBy(after, one);
  }
  const asKnown = new Map([...people].map(([id, one]) => [id, { ...one, pace: paces.get(id) ?? NO_PACE }]));
  const { memory, isAllHere } = count({ ...known, place, people, board: boardOf(place, asKnown, seen) }, seen);
  return { memory, told: isAllHere ? [...told, ["all_here", null]] : told, endsStatus };
}

/** Whether what is remembered is of this call, and of the place where it still is. */
function isSame({ place: known, calledAt }: RollCall, place: Place, at: number): boolean {
  return (
    known !== null &&
    calledAt === at &&
    known.place === place.place &&
    known.lat === place.lat &&
    known.lon === place.lon &&
    known.radius_m === place.radius_m
  );
}

/** The newest that was told of each person at a place. */
function newestTold({ place }: Place, { alerts }: Scene): ReadonlyMap<number, Scene["alerts"][number]> {
  const told = new Map<number, Scene["alerts"][number]>();
  for (const alert of alerts) {
    const isOfThis = alert.place === place && (alert.kind === "arrival" || alert.kind === "departure");
    if (isOfThis && alert.participant !== null) told.set(alert.participant, alert);
  }
  return told;
}

function attend(
  known: Attendance,
  { id, fix, isConnected }: Person,
  place: Place,
  { me, now, isListening }: Scene,
  newest: Pick<Alert, "kind" | "at"> | undefined,
): Attendance {
  let { presence, approach, isTold, toldAt, askedAt } = known;
  if (fix) {
    presence = followPresence(presence, fix, place);
    approach = followApproach(approach, metresTo(place, fix));
  }
  if (newest && newest.at > toldAt) {
    isTold = newest.kind === "arrival";
    toldAt = newest.at;
    askedAt = null;
    // They know best: what they told of themselves counts.
    if (id !== me) presence = isTold ? arrive(presence, newest.at) : depart(presence);
  }
  const isThere = isConnected || id === me || !isListening;
  return { presence, approach, isTold, toldAt, askedAt, goneSince: isThere ? null : (known.goneSince ?? now) };
}

/** Whether one is to tell now that somebody is there, or is not any more. */
function isDue({ presence, isTold, askedAt, goneSince }: Attendance, one: Person, scene: Scene): boolean {
  if (presence.isHere === isTold || !scene.isListening || one.status === "going_home") return false;
  if (!mayAsk(scene, askedAt)) return false;
  const mine = rankOf(scene);
  if (one.id === scene.me) return true;
  return goneSince !== null && mine !== null && scene.now - goneSince >= GONE_FOR_MS + mine * RANK_MS;
}

/** Who was late is not any more; who was ready to leave has left and come. */
function endsBy({ presence, askedAt }: Attendance, { status }: Person): boolean {
  if (!presence.isHere || askedAt !== null) return false;
  return status === "late" || (status === "ready" && presence.wasOutside);
}

/** Whether one is to tell now that all are there: the first in line, where it has not come the next ones. */
function count(known: RollCall, scene: Scene): { readonly memory: RollCall; readonly isAllHere: boolean } {
  if (!known.board?.isComplete || !scene.isListening)
    return { memory: { ...known, completeSince: null }, isAllHere: false };
  const { now } = scene;
  const completeSince = known.completeSince ?? now;
  const mine = rankOf(scene);
  const isTurn = mine !== null && now - completeSince >= mine * RANK_MS;
  const isAllHere = isTurn && mayAsk(scene, known.askedAt);
  return { memory: { ...known, completeSince, askedAt: isAllHere ? now : known.askedAt }, isAllHere };
}
