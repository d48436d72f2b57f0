/** The roll call in words. */
import type { Place } from "../model/model";
import { nameIn } from "../session/names";
import type { Board, Row } from "../session/place_rules/board";
import type { SessionState } from "../session/session_state";
import { distance, duration } from "../words/format";
import { say } from "../words/strings";
import { statusOf } from "./statuses";

/** So many who are missing are named in one line. */
const NAMED = 3;

/** Where the group is to meet: "Meet at Café Adler". */
export function meetWords(place: Place | null): string {
  if (!place) return say("regroup.nextStop");
  return place.name ? say("regroup.at", { place: place.name }) : say("regroup.point");
}

export function countWords({ here, awaited }: Board): string {
  return say("rollCall.count", { here, count: awaited });
}

/** How it stands with somebody: "about 6 min"; what they said of themselves comes first. */
export function rowWords(state: SessionState, row: Row, now: number): string {
  const person = state.participants.get(row.participant);
  const said = person && row.standing !== "going_home" ? statusOf(person) : null;
  return said && row.standing !== "here"
    ? `${say(`status.${said}`)} · ${standingWords(row, now)}`
    : standingWords(row, now);
}

/** Those who are missing, in one line: "Hugo: about 6 min. Ole: no news for 12 min." */
export function missingWords(state: SessionState, { rows }: Board, now: number): string {
  const missing = rows.filter(isMissing);
  const named = missing.slice(0, NAMED).map((row) => {
    const name = nameOf(state, row.participant);
    return say("rollCall.said", { name, words: rowWords(state, row, now) });
  });
  const more = missing.length - named.length;
  return more > 0 ? `${named.join(" ")} ${say("rollCall.more", { count: more })}` : named.join(" ");
}

export function isMissing({ standing }: Row): boolean {
  return standing !== "here" && standing !== "going_home";
}

/** "You" for oneself. */
export function nameOf(state: SessionState, participant: number): string {
  return participant === state.me ? say("map.you") : nameIn(state, participant);
}

function standingWords({ standing, minutes, metres, heardAt }: Row, now: number): string {
  const far = distance(metres ?? 0);
  switch (standing) {
    case "coming":
      return minutes === null ? say("rollCall.coming", { distance: far }) : say("rollCall.minutes", { count: minutes });
    case "stands":
      return say("rollCall.stands", { distance: far });
    case "away":
      return say("rollCall.away", { distance: far });
    case "no_news":
      return say("rollCall.noNews", { length: duration(now - (heardAt ?? now)) });
    case "no_place":
      return say("rollCall.noPlace");
    case "not_sharing":
      return say("rollCall.notSharing");
    case "here":
      return say("rollCall.here");
    case "going_home":
      return say("status.going_home");
  }
}
