/** Alarms in words. */
import { emergencyNumber } from "../memory/emergency";
import { bearingBetween, distanceBetween } from "../model/geo";
import { nameIn } from "../session/names";
import type { Alarm, Side } from "../session/sos";
import { compass, distance } from "../words/format";
import { say } from "../words/strings";
import type { SessionView } from "./ui";

const DIGITS = 5;

/** An alarm in one line: "SOS: Hugo, injured". At the second stage that nobody has answered. */
export function headline(view: SessionView, sos: Alarm): string {
  const name = nameIn(view.live.state, sos.participant);
  const words = say("sos.headline", { name, kind: say(`sos.kind.${sos.kind}`) });
  return sos.stage >= 2 ? `${words}. ${say("sos.nobody", { number: emergencyNumber(navigator.languages) })}` : words;
}

/** The same as it is said aloud, with where it is. */
export function spoken(view: SessionView, sos: Alarm, side: Side): string {
  return [headline(view, sos), whereabouts(view, sos, side)].filter((part) => part !== "").join(". ");
}

/** How far it is from here, and where: "1.2 km north, behind you" as seen from oneself; empty where that is not known. */
export function whereabouts(view: SessionView, sos: Alarm, side: Side): string {
  const { state } = view.live;
  const mine = state?.positions.get(state.me);
  const there = placeOf(view, sos);
  if (!mine || !there || sos.participant === state?.me) return "";
  const metres = distanceBetween(mine, there);
  const far = say("sos.away", { distance: distance(metres), direction: compass(bearingBetween(mine, there)) });
  // Who is ahead of the place has it behind.
  if (side === "ahead") return `${far}, ${say("sos.behindYou")}`;
  return side === "behind" ? `${far}, ${say("sos.aheadOfYou")}` : far;
}

/** Where somebody is: their newest position where they share, else where the alarm was raised. */
export function placeOf(
  view: SessionView,
  sos: Alarm,
): { lat: number; lon: number; accuracy: number | null; at: number } | null {
  const now = view.live.state?.positions.get(sos.participant);
  if (now) return { lat: now.lat, lon: now.lon, accuracy: now.accuracy ?? null, at: now.fix_time };
  return sos.lat === null || sos.lon === null ? null : { lat: sos.lat, lon: sos.lon, accuracy: null, at: sos.at };
}

/** Degrees as they are read out on a telephone: "60.17000, 24.94000". */
export function coordinates({ lat, lon }: { readonly lat: number; readonly lon: number }): string {
  return `${lat.toFixed(DIGITS)}, ${lon.toFixed(DIGITS)}`;
}
