/** Times, distances and directions in words. */
import { strings } from "./strings";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in words: "just now", "40 s ago", "2 min ago". */
export function age(milliseconds: number): string {
  if (milliseconds < 5 * SECOND) return strings.time.justNow;
  if (milliseconds < MINUTE) return strings.time.ago(strings.time.seconds(Math.floor(milliseconds / SECOND)));
  if (milliseconds < HOUR) return strings.time.ago(strings.time.minutes(Math.floor(milliseconds / MINUTE)));
  if (milliseconds < DAY) return strings.time.ago(strings.time.hours(Math.floor(milliseconds / HOUR)));
  return strings.time.ago(strings.time.days(Math.floor(milliseconds / DAY)));
}

/** A length of time in at most two units: "7 h 42 min", "3 d 4 h", "50 s". */
export function duration(milliseconds: number): string {
  const left = Math.max(0, milliseconds);
  const days = Math.floor(left / DAY);
  const hours = Math.floor((left % DAY) / HOUR);
  const minutes = Math.floor((left % HOUR) / MINUTE);
  if (days > 0) return join(strings.time.days(days), hours ? strings.time.hours(hours) : "");
  if (hours > 0) return join(strings.time.hours(hours), minutes ? strings.time.minutes(minutes) : "");
  if (minutes > 0) return strings.time.minutes(minutes);
  return strings.time.seconds(Math.floor(left / SECOND));
}

function join(first: string, second: string): string {
  return second ? `${first} ${second}` : first;
}

/** Metres as a person would say them: "40 m", "850 m", "1.2 km", "38 km". */
export function distance(metres: number): string {
  if (metres < 995)
    return strings.length.metres(number(metres < 100 ? Math.round(metres) : Math.round(metres / 10) * 10));
  const kilometres = metres / 1_000;
  return strings.length.kilometres(number(kilometres, kilometres < 9.95 ? 1 : 0));
}

/** Metres per second as km/h. */
export function speed(metresPerSecond: number): string {
  return strings.length.kilometresPerHour(number(metresPerSecond * 3.6));
}

/** The point of the compass that a bearing in degrees is nearest to, of eight. */
export function compass(degrees: number): string {
  const index = Math.round((((degrees % 360) + 360) % 360) / 45) % 8;
  return strings.compass[index] ?? "";
}

function number(value: number, digits = 0): string {
  return value.toLocaleString(strings.locale, { maximumFractionDigits: digits, minimumFractionDigits: 0 });
}
