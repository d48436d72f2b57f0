/** Times of day, as the reader writes them. */
import { locale } from "./strings";

/** Such as "14:02", or "14:02:11". */
export function timeOfDay(milliseconds: number, hasSeconds = false): string {
  const second = hasSeconds ? ({ second: "2-digit" } as const) : {};
  return new Intl.DateTimeFormat(locale(), { hour: "numeric", minute: "2-digit", ...second }).format(milliseconds);
}
