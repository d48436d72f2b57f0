/**
 * What is worth saying aloud to somebody who does not see the map: who came and went, the end coming near, the
 * connection. Positions are not news; they can be looked up in the list.
 */
import { duration } from "../words/format";
import { say } from "../words/strings";
import type { SessionState } from "./session_state";

export interface Heard {
  readonly state: SessionState | null;
  readonly isLost: boolean;
  readonly isSharing: boolean;
  /** Milliseconds until the session ends. */
  readonly left: number;
}

/** Of many newcomers at once the first few are named. */
const MOST = 3;
const MINUTE = 60_000;
/** When the end is announced. */
export const WARNINGS_MS = [30 * MINUTE, 5 * MINUTE] as const;

/** The sentences that the difference between two moments is worth, the most important first. */
export function news(before: Heard, after: Heard): string[] {
  // The first that is known of a session is no news.
  if (before.state === null || after.state === null) return [];
  return [...ofTheLink(before, after), ...ofTheTime(before, after), ...ofPeople(before.state, after.state)];
}

function ofTheLink(before: Heard, after: Heard): string[] {
  const said: string[] = [];
  if (before.isLost !== after.isLost) said.push(after.isLost ? say("news.lost") : say("news.back"));
  if (before.isSharing !== after.isSharing) said.push(after.isSharing ? say("news.sharing") : say("news.paused"));
  return said;
}

function ofTheTime(before: Heard, after: Heard): string[] {
  const from = before.state?.session;
  const to = after.state?.session;
  if (!from || !to) return [];
  if (to.expires_at > from.expires_at) return [say("news.longer", { length: duration(after.left) })];
  const asker = to.time_asked_by ?? null;
  const asked = asker !== null && asker !== from.time_asked_by && asker !== after.state?.me;
  const name = (asker !== null && after.state?.participants.get(asker)?.name) || say("session.someone");
  const isPassed = WARNINGS_MS.some((warning) => before.left > warning && after.left <= warning);
  return [
    ...(isPassed ? [say("session.timeLow", { length: duration(after.left) })] : []),
    ...(asked ? [say("session.timeAsked", { name })] : []),
  ];
}

function ofPeople(before: SessionState, after: SessionState): string[] {
  const came = [...after.participants.values()].filter((one) => !before.participants.has(one.id));
  const gone = [...before.participants.values()].filter((one) => !after.participants.has(one.id));
  const hosts = [...after.participants.values()].filter(
    (one) => one.role === "host" && before.participants.get(one.id)?.role === "member",
  );
  return [
    ...came.map(({ name }) => say("news.joined", { name })),
    ...gone.map(({ name }) => say("news.left", { name })),
    ...hosts.map(({ name }) => say("news.host", { name })),
  ].slice(0, MOST);
}
