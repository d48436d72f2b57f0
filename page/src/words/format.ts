/** Times, distances and directions in words, in the reader's language and units. */
import { recallUnits, rememberUnits } from "../memory/preferences";
import { formatNumber, say } from "./strings";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FEET_PER_METRE = 3.280_84;
const METRES_PER_MILE = 1_609.344;
/** Where roads are signed in miles. */
const MILES_REGIONS: ReadonlySet<string> = new Set([
  "US",
  "GB",
  "LR",
  "MM",
  "PR",
  "GU",
  "VI",
  "AS",
  "MP",
  "IM",
  "JE",
  "GG",
]);

export type Units = "metric" | "imperial";

let current: Units | null = null;

/** Kilometres or miles: chosen by hand, else by the first region that the device's languages name. */
export function units(): Units {
  if (current === null) {
    const chosen = recallUnits();
    const isKnown = chosen === "metric" || chosen === "imperial";
    current = isKnown ? chosen : unitsOf(globalThis.navigator?.languages ?? []);
  }
  return current;
}

/** The units of the first region that a list of languages names, as in `en-GB`; metric where none does. */
export function unitsOf(languages: readonly string[]): Units {
  const region = languages.map(regionOf).find((one) => one !== undefined);
  return region !== undefined && MILES_REGIONS.has(region) ? "imperial" : "metric";
}

export function chooseUnits(chosen: Units): void {
  rememberUnits(chosen);
  current = chosen;
}

/** How long ago, in words: "just now", "40 s ago", "2 min ago". */
export function age(milliseconds: number): string {
  return milliseconds < 5 * SECOND ? say("time.justNow") : say("time.ago", { length: largestUnit(milliseconds) });
}

function largestUnit(milliseconds: number): string {
  if (milliseconds < MINUTE) return say("time.seconds", { count: Math.floor(milliseconds / SECOND) });
  if (milliseconds < HOUR) return say("time.minutes", { count: Math.floor(milliseconds / MINUTE) });
  if (milliseconds < DAY) return say("time.hours", { count: Math.floor(milliseconds / HOUR) });
  return say("time.days", { count: Math.floor(milliseconds / DAY) });
}

/** A length of time in at most two units: "7 h 42 min", "3 d 4 h", "50 s". */
export function duration(milliseconds: number): string {
  const left = Math.max(0, milliseconds);
  const days = Math.floor(left / DAY);
  const hours = Math.floor((left % DAY) / HOUR);
  const minutes = Math.floor((left % HOUR) / MINUTE);
  if (days > 0) return join(say("time.days", { count: days }), hours ? say("time.hours", { count: hours }) : "");
  if (hours > 0)
    return join(say("time.hours", { count: hours }), minutes ? say("time.minutes", { count: minutes }) : "");
  if (minutes > 0) return say("time.minutes", { count: minutes });
  return say("time.seconds", { count: Math.floor(left / SECOND) });
}

function join(first: string, second: string): string {
  return second ? `${first} ${second}` : first;
}

/** Metres as a person would say them: "40 m", "850 m", "1.2 km", "38 km"; or "130 ft", "1.2 mi". */
export function distance(metres: number): string {
  if (units() === "imperial") {
    const feet = metres * FEET_PER_METRE;
    if (feet < 995) return say("length.feet", { count: short(feet) });
    return say("length.miles", { count: long(metres / METRES_PER_MILE) });
  }
  if (metres < 995) return say("length.metres", { count: short(metres) });
  return say("length.kilometres", { count: long(metres / 1_000) });
}

/** Metres per second as km/h or mph. */
export function speed(metresPerSecond: number): string {
  if (units() === "imperial") {
    return say("length.milesPerHour", { count: formatNumber((metresPerSecond * 3_600) / METRES_PER_MILE) });
  }
  return say("length.kilometresPerHour", { count: formatNumber(metresPerSecond * 3.6) });
}

const COMPASS = [
  "compass.n",
  "compass.ne",
  "compass.e",
  "compass.se",
  "compass.s",
  "compass.sw",
  "compass.w",
  "compass.nw",
] as const;

/** The point of the compass that a bearing in degrees is nearest to, of eight. */
export function compass(degrees: number): string {
  const index = Math.round((((degrees % 360) + 360) % 360) / 45) % 8;
  return say(COMPASS[index] ?? "compass.n");
}

/** Below a hundred to the unit, then to ten. */
function short(value: number): string {
  return formatNumber(value < 100 ? value : Math.round(value / 10) * 10);
}

function long(value: number): string {
  return formatNumber(value, value < 9.95 ? 1 : 0);
}

function regionOf(tag: string): string | undefined {
  try {
    return new Intl.Locale(tag).region;
  } catch {
    return undefined;
  }
}
