/**
 * The next stop: where the lead stands for a minute, after having ridden since the group was called together. Pure, by
 * tests/vectors/place_rules.json; the same as the Python client's `place_rules/next_stop.py`.
 */
import type { Point } from "../../model/geo";
import { isRiding, type Riding, UNSEEN_MS } from "../motion/riding";
import { type Look, mayAsk, type Scene } from "../motion/scene";
import type { PlaceScene } from "./scene";

const STANDS_FOR_MS = 60_000;

/** What is remembered of a call for the next stop. */
export interface NextStop {
  /** When it was, by which it is known again. */
  readonly calledAt: number;
  /** One has ridden since. */
  readonly hasRidden: boolean;
  /** When one last told where it is. */
  readonly askedAt: number | null;
}

/** Looks at one's own stop, where one leads; finds where the group is to meet, where that is to be told now. */
export function lookForStop(
  before: NextStop | null,
  riding: Riding,
  { call, people: seen }: PlaceScene,
): Look<NextStop | null, Point | null> {
  if (!call || call.place !== null || !isMine(seen, call.by)) return { memory: null, found: null };
  const fresh = { calledAt: call.at, hasRidden: false, askedAt: null };
  const known = before?.calledAt === call.at ? before : fresh;
  if (isRiding(riding, seen.now)) return { memory: { ...known, hasRidden: true }, found: null };
  const { slowSince, last } = riding;
  if (!known.hasRidden || !seen.isListening || slowSince === null || !last) return { memory: known, found: null };
  const isSeen = seen.now - last.fix_time <= UNSEEN_MS;
  if (!isSeen || !mayAsk(seen, known.askedAt) || seen.now - slowSince < STANDS_FOR_MS)
    return { memory: known, found: null };
  return { memory: { ...known, askedAt: seen.now }, found: { lat: last.lat, lon: last.lon } };
}

/** Whether it is oneself who decides: who leads, or where nobody does, who called. */
function isMine({ people, me }: Scene, calledBy: number): boolean {
  const mine = people.get(me);
  if (!mine?.fix) return false;
  const isLed = [...people.values()].some(({ post }) => post === "lead");
  return isLed ? mine.post === "lead" : calledBy === me;
}
