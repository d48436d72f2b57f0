/**
 * What one member knows of the session, as a pure fold of what the server says.
 *
 * The law that the tests check: events applied to a stale snapshot equal a fresh snapshot.
 */
import type {
  Alert,
  Features,
  JoinReply,
  Participant,
  Place,
  Position,
  Post,
  Role,
  Session,
  SessionChat,
  SessionEvent,
  Sos,
} from "../model/model";
import { isAhead } from "./staleness";

/** For how long an alert stands, so that the same once more is the same. */
const SAME_ALERT_MS = 300_000;

/** How many places a session has at most. */
export const MOST_PLACES = 100;

export interface SessionState {
  readonly session: Session;
  readonly participants: ReadonlyMap<number, Participant>;
  /** What features keep for the session. */
  readonly features: Features;
  readonly positions: ReadonlyMap<number, Position>;
  /** The id of the participant that this page is. */
  readonly me: number;
  readonly offset: number;
  /** The newest event's mark, by which the server notices that this page knows another history. */
  readonly mark: string | null;
  /** Who is connected now; null until presence is known. */
  readonly connected: ReadonlySet<number> | null;
  /** When each participant who is not connected was last seen to be, in milliseconds on the server's clock. */
  readonly lastSeen: ReadonlyMap<number, number>;
  readonly endedBecause: string | null;
  /** An event was missed: the connection must join again without an offset. */
  readonly gap: boolean;
  /** An event of an unknown type was folded in: a later page, which knows it, must ask for the whole session again. */
  readonly isIncomplete: boolean;
}

export type Action =
  | { readonly type: "joined"; readonly reply: JoinReply }
  | { readonly type: "event"; readonly event: SessionEvent }
  /** Sent at a time on the server's clock. */
  | { readonly type: "positions"; readonly positions: readonly Position[]; readonly at: number }
  | { readonly type: "presence"; readonly connected: ReadonlySet<number>; readonly at: number }
  | { readonly type: "presence_unknown" };

/** Folds one action; the first one that gives a state is `joined` with a snapshot. */
export function reduce(state: SessionState | null, action: Action): SessionState | null {
  if (action.type === "joined") return join(state, action.reply);
  if (state === null) return null;
  switch (action.type) {
    case "event":
      return applyEvent(state, action.event);
    case "positions":
      return applyPositions(state, action.positions, action.at);
    case "presence":
      return applyPresence(state, action.connected, action.at);
    case "presence_unknown":
      return { ...state, connected: null };
  }
}

function join(state: SessionState | null, reply: JoinReply): SessionState | null {
  if (reply.snapshot) {
    const participants = new Map(reply.snapshot.participants.map((one) => [one.id, one]));
    const fresh: SessionState = {
      session: reply.snapshot.session,
      participants,
      features: reply.snapshot.features ?? {},
      positions: new Map(),
      me: reply.me,
      offset: reply.offset,
      mark: reply.mark ?? null,
      connected: state?.connected ?? null,
      lastSeen: state?.lastSeen ?? new Map(),
      endedBecause: null,
      gap: false,
      isIncomplete: false,
    };
    return replacePositions(fresh, reply);
  }
  if (state === null) return null;
  const caughtUp = (reply.events ?? []).reduce(applyEvent, { ...state, me: reply.me });
  if (caughtUp.offset !== reply.offset && caughtUp.endedBecause === null) return { ...caughtUp, gap: true };
  return replacePositions(caughtUp, reply);
}

/** The positions in a join's answer are all there are: a person who is not among them has none. */
function replacePositions(state: SessionState, { positions, server_time }: JoinReply): SessionState {
  const kept = new Map<number, Position>();
  for (const position of positions) {
    const before = state.positions.get(position.participant);
    const isKept = before && before.fix_time > position.fix_time && !isAhead(before, server_time);
    kept.set(position.participant, isKept ? before : position);
  }
  return applyPositions({ ...state, positions: new Map() }, [...kept.values()], server_time);
}

function applyEvent(state: SessionState, event: SessionEvent): SessionState {
  if (event.offset <= state.offset || state.gap) return state;
  if (event.offset !== state.offset + 1) return { ...state, gap: true };
  const next = { ...state, offset: event.offset, mark: event.mark ?? null };
  if (event.data === null) return next;
  switch (event.type) {
    case "participant_joined":
      return withParticipant(next, event.data.participant);
    case "participant_left":
      return without(next, event.data.participant);
    case "profile_changed": {
      const { participant, ...profile } = event.data;
      return changed(next, participant, profile);
    }
    case "sharing_changed": {
      const { participant, on } = event.data;
      const after = changed(next, participant, { sharing: on });
      return on ? after : withoutPosition(after, participant);
    }
    case "host_changed":
      return withHost(next, event.data.participant);
    case "session_changed":
      return { ...next, session: event.data.session };
    case "time_asked":
      return { ...next, session: { ...next.session, time_asked_by: event.data.participant } };
    case "post_changed":
      return withPost(next, event.data.post, event.data.holders);
    case "status_changed": {
      const { participant, status, since } = event.data;
      return withFeature(next, participant, "status", status === null ? undefined : { status, since });
    }
    case "message_sent":
    case "message_removed":
      return next; // messages are not part of the state: who shows them keeps them
    case "chat_changed":
      return { ...next, features: withChat(next.features, event.data) };
    case "sos_raised": {
      const { replaces, ...raised } = event.data;
      const others = openSos(next).filter((one) => one.sos !== replaces);
      return withSos(next, [...others, { sos: event.offset, ...raised, stage: 0, answers: {} }]);
    }
    case "sos_escalated": {
      const { sos, stage } = event.data;
      return withSosChanged(next, sos, () => ({ stage }));
    }
    case "sos_answered": {
      const { sos, participant, answer } = event.data;
      return withSosChanged(next, sos, ({ answers }) => ({ answers: { ...answers, [participant]: answer } }));
    }
    case "sos_cleared": {
      const { sos } = event.data;
      return withSos(
        next,
        openSos(next).filter((one) => one.sos !== sos),
      );
    }
    case "place_added":
      return withPlace(next, { place: event.offset, ...event.data, written: event.offset, ticked: [], gone: [] });
    case "place_changed": {
      const { replaces: _, ...place } = event.data;
      return withPlace(next, { ...place, written: event.offset });
    }
    case "place_removed": {
      const { place } = event.data;
      return withPlaces(
        next,
        placesOf(next).filter((one) => one.place !== place),
      );
    }
    case "place_ticked": {
      const { place, participant, here } = event.data;
      return withPlaceChanged(next, place, ({ ticked = [] }) => ({ ticked: withPerson(ticked, participant, here) }));
    }
    case "hazard_denied": {
      const { place, participant } = event.data;
      return withPlaceChanged(next, place, ({ gone = [] }) => ({ gone: withPerson(gone, participant, true) }));
    }
    case "regroup_called": {
      const { place, participant, at } = event.data;
      const called = { ...next, features: { ...next.features, regroup: { place, by: participant, at } } };
      return place === null ? called : withAllAwaited(called, place);
    }
    case "regroup_ended": {
      const { regroup: _, ...others } = next.features;
      return { ...next, features: others };
    }
    case "alert_raised": {
      const { place = null, ...raised } = event.data;
      return withAlert(next, { alert: event.offset, ...raised, place, going: [] });
    }
    case "alert_answered":
      return withAnswer(next, event.data.alert, event.data.participant, event.data.answer !== null);
    case "session_ended":
      return { ...next, positions: new Map(), endedBecause: event.data.reason };
    default:
      return unknown(next, event);
  }
}

/** A later server may know more types; the offset still counts. Types that this page knows must not end here. */
function unknown(state: SessionState, _event: never): SessionState {
  return { ...state, isIncomplete: true };
}

function withParticipant(state: SessionState, participant: Participant): SessionState {
  return { ...state, participants: new Map(state.participants).set(participant.id, participant) };
}

function without(state: SessionState, id: number): SessionState {
  const participants = new Map(state.participants);
  participants.delete(id);
  const session = state.session.time_asked_by === id ? { ...state.session, time_asked_by: null } : state.session;
  return withoutPosition({ ...state, session, participants }, id);
}

function withoutPosition(state: SessionState, id: number): SessionState {
  if (!state.positions.has(id)) return state;
  const positions = new Map(state.positions);
  positions.delete(id);
  return { ...state, positions };
}

function changed(state: SessionState, id: number, fields: Partial<Participant>): SessionState {
  const before = state.participants.get(id);
  return before ? withParticipant(state, { ...before, ...fields }) : state;
}

/** What a feature keeps for somebody; undefined where that is nothing. */
function withFeature<Key extends "post" | "status">(
  state: SessionState,
  id: number,
  key: Key,
  kept: Features[Key] | undefined,
): SessionState {
  const before = state.participants.get(id);
  if (!before) return state;
  const { features = {}, ...rest } = before;
  const { [key]: _, ...others } = features;
  const after: Features = kept === undefined ? others : { ...others, [key]: kept };
  // What holds nothing is absent, as on the wire.
  return withParticipant(state, Object.keys(after).length === 0 ? rest : { ...rest, features: after });
}

/** What was chosen for the chat; what is as at first is absent, as on the wire. */
function withChat({ chat: _, ...others }: Features, chosen: Required<SessionChat>): Features {
  const isAtFirst = !chosen.viewers_read && chosen.newcomers_see === "recent" && chosen.writers === "all";
  return isAtFirst ? others : { ...others, chat: { ...chosen } };
}

/** The holders have the post, in the place of another one, and nobody else has it. */
function withPost(state: SessionState, post: Post, holders: readonly number[]): SessionState {
  for (const [id, one] of state.participants) {
    const had = one.features?.post?.post;
    if (holders.includes(id) ? had !== post : had === post) {
      state = withFeature(state, id, "post", holders.includes(id) ? { post } : undefined);
    }
  }
  return state;
}

/** When somebody was last seen, as the server or their newest position says; not known of who never shared. */
export function seenAt(state: SessionState, person: number): number | undefined {
  return state.lastSeen.get(person) ?? state.positions.get(person)?.fix_time;
}

/** The SOS that are open, the oldest first; none for a viewer, who does not learn of them. */
export function openSos(state: SessionState): readonly Sos[] {
  return state.features.sos?.open ?? [];
}

function withSos(state: SessionState, open: readonly Sos[]): SessionState {
  const { sos: _, ...others } = state.features;
  // What holds nothing is absent, as on the wire.
  return { ...state, features: open.length === 0 ? others : { ...others, sos: { open, audience: "members" } } };
}

function withSosChanged(state: SessionState, sos: number, change: (one: Sos) => Partial<Sos>): SessionState {
  return withSos(
    state,
    openSos(state).map((one) => (one.sos === sos ? { ...one, ...change(one) } : one)),
  );
}

/** The places of the session, the oldest first. */
export function placesOf(state: SessionState): readonly Place[] {
  return state.features.places?.places ?? [];
}

/** A place by its id; null where it is not there. */
export function findPlace(state: SessionState | null, id: number | null): Place | null {
  return (state && placesOf(state).find(({ place }) => place === id)) ?? null;
}

function withPlaces(state: SessionState, places: readonly Place[]): SessionState {
  const { places: _, ...others } = state.features;
  // What holds nothing is absent, as on the wire.
  return { ...state, features: places.length === 0 ? others : { ...others, places: { places } } };
}

/** A place, in the place of what it was before. */
function withPlace(state: SessionState, place: Place): SessionState {
  const others = placesOf(state).filter((one) => one.place !== place.place);
  return withPlaces(
    state,
    [...others, place].sort((one, other) => one.place - other.place),
  );
}

function withPlaceChanged(state: SessionState, place: number, change: (one: Place) => Partial<Place>): SessionState {
  return withPlaces(
    state,
    placesOf(state).map((one) => (one.place === place ? { ...one, ...change(one) } : one)),
  );
}

function withPerson(people: readonly number[], who: number, isIn: boolean): number[] {
  const others = people.filter((one) => one !== who);
  return (isIn ? [...others, who] : others).sort((one, other) => one - other);
}

/** Those that a later one may be the same as stay; see the contract. */
function withAlert(state: SessionState, raised: Alert): SessionState {
  const { recent: before = [], gathered: told = [] } = state.features.alerts ?? {};
  const recent = [...before.filter(({ at }) => Math.abs(raised.at - at) < SAME_ALERT_MS), raised];
  const { kind, place } = raised;
  const isAllHere = kind === "all_here" && typeof place === "number";
  const gathered = isAllHere ? [...told.filter((one) => one !== place), place].slice(-MOST_PLACES) : told;
  return { ...state, features: { ...state.features, alerts: { recent, gathered, audience: "members" } } };
}

/** All are awaited at the place, also where they were all there before. */
function withAllAwaited(state: SessionState, place: number): SessionState {
  const { alerts } = state.features;
  if (!alerts) return state;
  const gathered = (alerts.gathered ?? []).filter((one) => one !== place);
  return { ...state, features: { ...state.features, alerts: { ...alerts, gathered } } };
}

function withAnswer(state: SessionState, alert: number, participant: number, isGoing: boolean): SessionState {
  const { alerts } = state.features;
  if (!alerts?.recent) return state;
  const recent = alerts.recent.map((one) => {
    if (one.alert !== alert) return one;
    const others = (one.going ?? []).filter((who) => who !== participant);
    return { ...one, going: isGoing ? [...others, participant] : others };
  });
  return { ...state, features: { ...state.features, alerts: { ...alerts, recent } } };
}

function withHost(state: SessionState, host: number): SessionState {
  const participants = new Map<number, Participant>();
  for (const [id, one] of state.participants) {
    const role: Role = id === host ? "host" : one.role === "host" ? "member" : one.role;
    participants.set(id, role === one.role ? one : { ...one, role });
  }
  return { ...state, participants };
}

function applyPositions(state: SessionState, incoming: readonly Position[], at: number): SessionState {
  let positions: Map<number, Position> | null = null;
  for (const position of incoming) {
    const owner = state.participants.get(position.participant);
    // A frame that was under way when its owner stopped sharing must not bring the position back.
    if (!owner?.sharing) continue;
    const before = (positions ?? state.positions).get(position.participant);
    if (before && before.fix_time > position.fix_time && !isAhead(before, at)) continue;
    positions ??= new Map(state.positions);
    positions.set(position.participant, position);
  }
  return positions ? { ...state, positions } : state;
}

function applyPresence(state: SessionState, connected: ReadonlySet<number>, at: number): SessionState {
  const lastSeen = new Map(state.lastSeen);
  for (const id of state.connected ?? []) {
    if (!connected.has(id)) lastSeen.set(id, at);
  }
  return { ...state, connected, lastSeen };
}
