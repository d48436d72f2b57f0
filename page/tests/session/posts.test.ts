import { expect, test } from "vitest";
import type { Participant, Post, Status } from "../../src/model/model";
import { statements } from "../../src/session/news";
import { awayFor, goneHolder, type PostChange, postChanges, proposedPost } from "../../src/session/posts";
import type { SessionState } from "../../src/session/session_state";

const MIN = 60_000;
const NOW = 100 * MIN;
const [ANNA, BEN, CLEO, DAN, MUM] = [1, 2, 3, 4, 5];

function person(id: number, name: string, role: Participant["role"], post?: Post, status?: Status): Participant {
  const features = { ...(post && { post: { post } }), ...(status && { status: { status, since: NOW } }) };
  return { id, name, initials: "X", color: "#e5484d", role, sharing: true, joined_at: id, features };
}

/** Anna is the host, Mum watches; those in `posts` have one. */
function ride(me: number, posts: Record<number, Post> = {}, away: Record<number, number> = {}): SessionState {
  const people = [
    person(ANNA, "Anna", "host", posts[ANNA]),
    person(BEN, "Ben", "member", posts[BEN]),
    person(CLEO, "Cleo", "member", posts[CLEO]),
    person(DAN, "Dan", "member", posts[DAN]),
    person(MUM, "Mum", "viewer"),
  ];
  return {
    participants: new Map(people.map((one) => [one.id, one])),
    positions: new Map(),
    me,
    connected: new Set(people.map(({ id }) => id).filter((id) => !(id in away))),
    lastSeen: new Map(Object.entries(away).map(([id, minutes]) => [Number(id), NOW - minutes * MIN])),
  } as unknown as SessionState;
}

function offered(state: SessionState, about: number): PostChange[] {
  return postChanges(state, state.participants.get(about) as Participant, NOW);
}

test("a member takes a free post for themselves, and gives none to others", () => {
  const state = ride(BEN);
  expect(offered(state, BEN)).toEqual([
    { kind: "take", post: "lead", participant: BEN },
    { kind: "take", post: "sweep", participant: BEN },
  ]);
  expect(offered(state, CLEO)).toEqual([]);
});

test("a post that is held is its holder's to hand on or to free", () => {
  const state = ride(BEN, { [BEN]: "lead" });
  expect(offered(state, CLEO)).toEqual([{ kind: "handOn", post: "lead", participant: CLEO }]);
  expect(offered(state, BEN)).toContainEqual({ kind: "free", post: "lead", instead_of: BEN });
  expect(offered(ride(CLEO, { [BEN]: "lead" }), CLEO)).toEqual([{ kind: "take", post: "sweep", participant: CLEO }]);
});

test("the host gives and frees, and replaces who leads", () => {
  const state = ride(ANNA, { [BEN]: "lead" });
  expect(offered(state, CLEO)).toEqual([
    { kind: "give", post: "lead", participant: CLEO, instead_of: BEN },
    { kind: "give", post: "sweep", participant: CLEO },
  ]);
  expect(offered(state, BEN)).toContainEqual({ kind: "free", post: "lead", instead_of: BEN });
});

test("two sweep, and a third replaces neither unasked", () => {
  const state = ride(ANNA, { [BEN]: "sweep", [CLEO]: "sweep" });
  expect(offered(state, DAN)).toEqual([{ kind: "give", post: "lead", participant: DAN }]);
});

test("who watches has no post and gives none", () => {
  expect(offered(ride(ANNA), MUM)).toEqual([]);
  expect(offered(ride(MUM), BEN)).toEqual([]);
});

test("after ten minutes away a post is proposed to those who have none", () => {
  const posts = { [BEN]: "lead" as const, [DAN]: "sweep" as const };
  expect(proposedPost(ride(CLEO, posts, { [BEN]: 9 }), NOW)).toBeNull();
  const state = ride(CLEO, posts, { [BEN]: 10 });
  expect(proposedPost(state, NOW)).toMatchObject({ post: "lead", gone: { id: BEN } });
  expect(offered(state, CLEO)).toContainEqual({ kind: "take", post: "lead", participant: CLEO, instead_of: BEN });
  expect(proposedPost(ride(DAN, posts, { [BEN]: 10 }), NOW)).toBeNull();
  expect(proposedPost(ride(MUM, posts, { [BEN]: 10 }), NOW)).toBeNull();
});

test("nobody counts as away while that is not known", () => {
  const state = { ...ride(CLEO, { [BEN]: "lead" }, { [BEN]: 60 }), connected: null };
  expect(awayFor(state, BEN, NOW)).toBe(0);
  expect(goneHolder(state, "lead", NOW)).toBeNull();
});

test("posts and statuses of others are told, and my own post", () => {
  const before = ride(CLEO, { [BEN]: "lead" });
  const after = ride(CLEO, { [CLEO]: "lead", [DAN]: "sweep" });
  const broken = person(BEN, "Ben", "member", undefined, "problem");
  const mine = person(CLEO, "Cleo", "member", "lead", "fuel");
  const participants = new Map(after.participants).set(BEN, broken).set(CLEO, mine);
  expect(statements(before, { ...after, participants })).toEqual([
    { about: "post-lead-3", words: "You lead now", isForMe: true },
    { about: "post-sweep-4", words: "Dan sweeps now", isForMe: false },
    { about: "status-2", words: "Ben: Problem", isForMe: false },
  ]);
  expect(statements(null, after)).toEqual([]);
});
