/**
 * The roll call's board: who is there, who comes in how many minutes, and why the others are missing. Pure, by
 * tests/vectors/place_rules.json; the same as the Python client's `place_rules/board.py`.
 */
import type { Place } from "../../model/model";
import type { Person, Scene } from "../motion/scene";
import type { Approach } from "./approach";
import { type Pace, stands, usualSpeed } from "./pace";
import type { Presence } from "./presence";
import { metresTo } from "./scene";

/** Devices report at least every 20 s while they stand. */
const SILENT_AFTER_MS = 60_000;
/** One alone is no group that could be complete. */
const FEWEST = 2;
const MINUTE_S = 60;

/** How it stands with somebody, in the order in which the board shows them. */
const STANDINGS = ["coming", "stands", "away", "no_news", "no_place", "not_sharing", "here", "going_home"] as const;
export type Standing = (typeof STANDINGS)[number];

/** Somebody on the board. */
export interface Row {
  readonly participant: number;
  readonly standing: Standing;
  /** In about how many they come, at least 1; null where that is not known. */
  readonly minutes: number | null;
  /** The straight distance; null where it is not known. */
  readonly metres: number | null;
  /** When their newest place was taken. */
  readonly heardAt: number | null;
}

/** Who is at the place where the group meets. */
export interface Board {
  readonly place: number;
  /** First those who are missing, then who is there, at last who goes home. */
  readonly rows: readonly Row[];
  readonly here: number;
  /** How many are to be there, with those who are; who goes home does not count. */
  readonly awaited: number;
  /** All are there. */
  readonly isComplete: boolean;
}

/** What is remembered of somebody whom the group awaits. */
export interface Known {
  readonly presence: Presence;
  readonly approach: Approach;
  readonly pace: Pace;
}

/** The board at one moment. */
export function boardOf(place: Place, known: ReadonlyMap<number, Known>, { people, now }: Scene): Board {
  const rows: Row[] = [];
  for (const [id, one] of known) {
    const person = people.get(id);
    if (person) rows.push(rowOf(place, person, one, now));
  }
  const rank = ({ standing }: Row) => STANDINGS.indexOf(standing);
  const wait = ({ minutes }: Row) => minutes ?? Number.MAX_SAFE_INTEGER;
  rows.sort((a, b) => rank(a) - rank(b) || wait(a) - wait(b) || a.participant - b.participant);
  const here = rows.filter(({ standing }) => standing === "here").length;
  const awaited = rows.filter(({ standing }) => standing !== "going_home").length;
  return { place: place.place, rows, here, awaited, isComplete: awaited >= FEWEST && here === awaited };
}

function rowOf(place: Place, { id, status, isSharing, fix }: Person, known: Known, now: number): Row {
  const row = (standing: Standing, more: Partial<Row> = {}) => ({
    participant: id,
    standing,
    minutes: null,
    metres: null,
    heardAt: null,
    ...more,
  });
  if (status === "going_home") return row("going_home");
  if (known.presence.isHere || place.ticked?.includes(id)) return row("here");
  if (!isSharing) return row("not_sharing");
  if (!fix) return row("no_place");
  const where = { metres: metresTo(place, fix), heardAt: Math.min(now, fix.fix_time) };
  if (now - where.heardAt >= SILENT_AFTER_MS) return row("no_news", where);
  if (stands(known.pace, now)) return row("stands", where);
  if (known.approach.isAway) return row("away", where);
  const usual = usualSpeed(known.pace);
  const minutes = usual === null ? null : Math.max(1, Math.floor(where.metres / usual / MINUTE_S + 0.5));
  return row("coming", { ...where, minutes });
}
