/**
 * What is worth saying aloud to somebody who does not see the map: who came and went, the end coming near, the
 * connection. Positions are not news; they can be looked up in the list.
 */
import { duration } from "../words/format";
import { say } from "../words/strings";
import { nameIn } from "./names";
import { holders, POSTS } from "./posts";
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
  const isPassed = WARNINGS_MS.some((warning) => before.left > warning && after.left <= warning);
  return [
    ...(isPassed ? [say("session.timeLow", { length: duration(after.left) })] : []),
    ...(asked ? [say("session.timeAsked", { name: nameIn(after.state, asker) })] : []),
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

/** What somebody says of themselves, or does for the group from now on. */
export interface Statement {
  /** What it is about: the next one about the same takes its place. */
  readonly about: string;
  readonly words: string;
  readonly isForMe: boolean;
}

/** Who leads, who sweeps and what is up with others, where that is another than before. */
export function statements(before: SessionState | null, after: SessionState | null): Statement[] {
  if (before === null || after === null) return [];
  return [...ofPosts(before, after), ...ofStatuses(before, after)];
}

function ofPosts(before: SessionState, after: SessionState): Statement[] {
  return POSTS.flatMap((post) => {
    const had = new Set(holders(before, post).map(({ id }) => id));
    return holders(after, post)
      .filter(({ id }) => !had.has(id))
      .map(({ id, name }) => {
        const isForMe = id === after.me;
        const mine = post === "lead" ? say("posts.youLead") : say("posts.youSweep");
        return { about: `post-${post}-${id}`, words: isForMe ? mine : say(`posts.${post}`, { name }), isForMe };
      });
  });
}

function ofStatuses(before: SessionState, after: SessionState): Statement[] {
  return [...after.participants.values()].flatMap(({ id, name, features }) => {
    const status = features?.status?.status ?? null;
    const had = before.participants.get(id)?.features?.status?.status ?? null;
    if (id === after.me || status === null || status === had) return [];
    const words = say("news.status", { name, status: say(`status.${status}`) });
    return [{ about: `status-${id}`, words, isForMe: false }];
  });
}
