/**
 * The waypoints of a GPX or GeoJSON file; pure. Real files have bad parts, and one of them never costs the whole file: what is
 * good is taken, and what was left out is counted by its reason. The files in `tests/vectors/places` hold it to account, and
 * the reader in Python too.
 */
import type { Point } from "../../model/geo";
import type { PlaceKind } from "../../model/model";
import { LONGEST_NAME, LONGEST_NOTE } from "../place_list";
import { readGeoJson } from "./geojson";
import { readGpx } from "./gpx";

export interface Waypoint extends Point {
  readonly name: string | null;
  readonly note: string | null;
  /** Null where the file does not say one that there is here. */
  readonly kind: PlaceKind | null;
}

/** Why a part of a file gave no waypoint. */
export type LeftOut = "no_position" | "out_of_range" | "lines" | "repeated" | "unreadable";

export interface Reading {
  readonly waypoints: readonly Waypoint[];
  /** How many parts were left out for each reason; reasons without any are absent. */
  readonly leftOut: ReadonlyMap<LeftOut, number>;
}

/** A larger file is not read. */
export const MOST_BYTES = 5 * 1024 * 1024;

/** Reads a file of at most `MOST_BYTES`. */
export function readWaypoints(bytes: Uint8Array): Reading {
  const text = decodeText(bytes).trimStart();
  const collected = new Collected();
  if (bytes.length > MOST_BYTES) collected.leaveOut("unreadable");
  else if (text.startsWith("{") || text.startsWith("[")) readGeoJson(text, collected);
  else readGpx(text, collected);
  return collected;
}

/** What a file says of one waypoint. */
export interface Found {
  /** Degrees as they stand in the file; absent where they do not. */
  readonly lat: string | number | undefined;
  readonly lon: string | number | undefined;
  readonly name?: string | undefined;
  readonly note?: string | undefined;
  /** What may name the kind, the best first. */
  readonly kinds: readonly (string | undefined)[];
}

/** Gathers what a file gives. */
export class Collected implements Reading {
  readonly waypoints: Waypoint[] = [];
  readonly leftOut = new Map<LeftOut, number>();
  private readonly seen = new Set<string>();

  leaveOut(reason: LeftOut): void {
    this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + 1);
  }

  add({ lat: north, lon: east, name: called, note, kinds }: Found): void {
    const [lat, lon] = [degrees(north), degrees(east)];
    if (lat === null || lon === null) {
      this.leaveOut("no_position");
      return;
    }
    if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) {
      this.leaveOut("out_of_range");
      return;
    }
    const name = shortened(called, LONGEST_NAME);
    const key = JSON.stringify([name, lat.toFixed(DIGITS), lon.toFixed(DIGITS)]);
    if (this.seen.has(key)) {
      this.leaveOut("repeated");
      return;
    }
    this.seen.add(key);
    this.waypoints.push({ name, note: shortened(note, LONGEST_NOTE), kind: kindOf(kinds), lat, lon });
  }
}

/** Two positions that agree to a centimetre are one. */
const DIGITS = 7;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const BEYOND_ALL = /^[+-]?(?:inf(?:inity)?|nan)$/i;

const KINDS: Readonly<Record<string, PlaceKind>> = {
  meet: "meet",
  fuel: "fuel",
  food: "food",
  view: "view",
  hazard: "hazard",
  parking: "parking",
  camp: "camp",
  note: "note",
  // Symbols that Garmin's devices, and programs for them, give to waypoints.
  "gas station": "fuel",
  restaurant: "food",
  "fast food": "food",
  "scenic area": "view",
  "parking area": "parking",
  campground: "camp",
  "danger area": "hazard",
};

/** Degrees as a number, which may be infinite; null for what is no number. */
function degrees(written: string | number | undefined): number | null {
  if (typeof written === "number") return written;
  const text = written?.trim() ?? "";
  if (NUMBER.test(text)) return Number(text);
  return BEYOND_ALL.test(text) ? Number.POSITIVE_INFINITY : null;
}

function shortened(text: string | undefined, longest: number): string | null {
  const spaced = (text ?? "").replace(/\s+/g, " ").trim();
  return [...spaced].slice(0, longest).join("").trim() || null;
}

function kindOf(said: readonly (string | undefined)[]): PlaceKind | null {
  for (const word of said) {
    const known = word?.trim().toLowerCase() ?? "";
    if (Object.hasOwn(KINDS, known)) return KINDS[known] ?? null;
  }
  return null;
}

const DECLARED = /^<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/;

/** A file's text: a byte-order mark says how it is written, else zeros between the letters, else its first line, else UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  // A mark itself is left out by the decoder.
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  if (second === 0 && first !== 0) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0 && second !== 0) return new TextDecoder("utf-16be").decode(bytes);
  if (first === 0xef && second === 0xbb) return new TextDecoder().decode(bytes);
  const beginning = String.fromCharCode(...bytes.subarray(0, 200));
  const declared = DECLARED.exec(beginning)?.[1]?.toLowerCase() ?? "";
  // It is not in UTF-16, whatever it says.
  const isSingleByte = declared !== "" && !declared.startsWith("utf");
  try {
    return new TextDecoder(isSingleByte ? declared : "utf-8").decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
