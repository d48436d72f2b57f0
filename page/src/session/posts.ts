/** Who leads and who sweeps, and what somebody may do about it: the server's rules, so that only what works is offered. Pure. */
import type { Participant, Post } from "../model/model";
import { type SessionState, seenAt } from "./session_state";

export const POSTS: readonly Post[] = ["lead", "sweep"];
/** How many may hold a post at once. */
const MOST: Readonly<Record<Post, number>> = { lead: 1, sweep: 2 };
/** Anybody may replace a holder who was away for so long. */
const AWAY_MS = 10 * 60_000;

/** What is to be asked for, as `post:set` takes it. */
export interface PostChange {
  readonly kind: "take" | "give" | "handOn" | "free";
  readonly post: Post;
  readonly participant?: number;
  readonly instead_of?: number;
}

export function holders(state: SessionState, post: Post): Participant[] {
  return [...state.participants.values()].filter((one) => one.features?.post?.post === post);
}

/** For how long somebody has been away, in milliseconds; 0 while they are here, or where it is not known. */
export function awayFor(state: SessionState, person: number, now: number): number {
  if (state.connected === null || state.connected.has(person) || person === state.me) return 0;
  const seen = seenAt(state, person);
  return seen === undefined ? 0 : Math.max(0, now - seen);
}

/** A holder who was away for so long that their post is to be proposed to others. */
export function goneHolder(state: SessionState, post: Post, now: number): Participant | null {
  return holders(state, post).find((one) => awayFor(state, one.id, now) >= AWAY_MS) ?? null;
}

/** What I may do about the posts of somebody, or about my own. */
export function postChanges(state: SessionState, person: Participant, now: number): PostChange[] {
  const me = state.participants.get(state.me);
  if (!me || me.role === "viewer" || person.role === "viewer") return [];
  return POSTS.flatMap((post) => {
    const change = postChange(state, me, person, post, now);
    return change ? [change] : [];
  });
}

function postChange(
  state: SessionState,
  me: Participant,
  person: Participant,
  post: Post,
  now: number,
): PostChange | null {
  const holding = holders(state, post);
  const isHost = me.role === "host";
  const isMine = holding.some(({ id }) => id === me.id);
  if (holding.some(({ id }) => id === person.id)) {
    return person.id === me.id || isHost ? { kind: "free", post, instead_of: person.id } : null;
  }
  const participant = person.id;
  if (isMine) return { kind: "handOn", post, participant };
  const kind = person.id === me.id ? "take" : "give";
  if (kind === "give" && !isHost) return null;
  if (holding.length < MOST[post]) return { kind, post, participant };
  const gone = goneHolder(state, post, now);
  if (gone) return { kind, post, participant, instead_of: gone.id };
  const [only] = holding;
  return isHost && only && holding.length === 1 ? { kind, post, participant, instead_of: only.id } : null;
}

/** A post that I could take over from somebody who is gone. */
export function proposedPost(state: SessionState, now: number): { post: Post; gone: Participant } | null {
  const me = state.participants.get(state.me);
  if (!me || me.role === "viewer" || me.features?.post?.post) return null;
  for (const post of POSTS) {
    const gone = goneHolder(state, post, now);
    if (gone) return { post, gone };
  }
  return null;
}
