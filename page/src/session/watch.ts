/** What this device judges while a session is open: it keeps what was seen, and asks for what follows. */
import { recallSensitivity, rememberSensitivity } from "../memory/preferences";
import type { Operations } from "../model/model";
import { answered, concernsMe, type Findings, judge, type Memory, NOTHING_JUDGED } from "./motion/judging";
import { isPassenger, isRiding, sayPassenger } from "./motion/riding";
import { type Person, type Scene, SENSITIVITIES } from "./motion/scene";
import { isHole } from "./motion/silence";
import { isAsking } from "./motion/stops";
import type { Board } from "./place_rules/board";
import { judgePlaces, NO_PLACES_JUDGED, type PlaceFindings, type PlaceMemory } from "./place_rules/judging";
import type { Call } from "./place_rules/scene";
import { placesOf, type SessionState } from "./session_state";

type Asked = "alert:raise" | "status:set" | "regroup:place";

/** What is judged, as it is asked for. */
export type Wanted = { [Name in Asked]: readonly [Name, Operations[Name]] }[Asked];

export type SensitivityName = keyof typeof SENSITIVITIES;

export class Watch {
  private memory: Memory = NOTHING_JUDGED;
  private places: PlaceMemory = NO_PLACES_JUDGED;
  private ahead: readonly number[] = [];
  private chosen: SensitivityName = recalled();

  /** How soon one is asked, and told to be behind. */
  get sensitivity(): SensitivityName {
    return this.chosen;
  }

  chooseSensitivity(chosen: SensitivityName): void {
    rememberSensitivity(chosen);
    this.chosen = chosen;
  }

  /** Whether one stopped, and is to be asked whether all is well. */
  get isAsking(): boolean {
    return isAsking(this.memory.stopping);
  }

  /** Who is where the group meets; null where it does not. */
  get board(): Board | null {
    return this.places.rollCall.board;
  }

  /** Since when somebody has been where the group meets. */
  hereSince(participant: number): number | null {
    return this.places.rollCall.people.get(participant)?.presence.since ?? null;
  }

  /** The hazards that one has come to since they were taken last. */
  takeHazards(): readonly number[] {
    const { ahead } = this;
    this.ahead = [];
    return ahead;
  }

  isRiding(now: number): boolean {
    return isRiding(this.memory.riding, now);
  }

  isPassenger(now: number): boolean {
    return isPassenger(this.memory.riding, now);
  }

  sayPassenger(now: number): void {
    this.memory = { ...this.memory, riding: sayPassenger(this.memory.riding, now) };
  }

  /** The question was answered. */
  answer(): void {
    this.memory = answered(this.memory);
  }

  /** The times that it remembers were wrong. */
  forget(): void {
    this.memory = NOTHING_JUDGED;
    this.places = NO_PLACES_JUDGED;
  }

  /**
   * Looks at the session.
   *
   * @param now - The server's time, in milliseconds.
   * @param isLive - The connection stands.
   * @returns What is to be asked for.
   */
  look(state: SessionState, now: number, isLive: boolean): Wanted[] {
    const { last } = this.memory.riding;
    const people = this.sceneOf(state, now, isLive);
    const { memory, findings } = judge(this.memory, people);
    this.memory = memory;
    const scene = { people, places: placesOf(state), call: callOf(state) };
    const look = judgePlaces(this.places, scene, memory.riding, last);
    this.places = look.memory;
    this.ahead = [...this.ahead, ...look.findings.hazards];
    return wanted(findings, look.findings, state.me);
  }

  /** Whether an alert about somebody is for oneself. */
  concernsMe(state: SessionState, now: number, participant: number): boolean {
    return concernsMe(this.sceneOf(state, now, true), participant);
  }

  /** Whether somebody's silence is that of a place where others fell silent too. */
  isHole(state: SessionState, now: number, participant: number): boolean {
    return isHole(this.memory.silence, this.sceneOf(state, now, true), participant);
  }

  private sceneOf(state: SessionState, now: number, isLive: boolean): Scene {
    const people = new Map<number, Person>();
    for (const { id, role, sharing, features } of state.participants.values()) {
      people.set(id, {
        id,
        role,
        post: features?.post?.post ?? null,
        status: features?.status?.status ?? null,
        statusSince: features?.status?.since ?? null,
        isConnected: id === state.me || (state.connected?.has(id) ?? false),
        fix: state.positions.get(id) ?? null,
        isSharing: sharing,
      });
    }
    return {
      now,
      me: state.me,
      people,
      isListening: isLive && state.connected !== null,
      alerts: state.features.alerts?.recent ?? [],
      sensitivity: SENSITIVITIES[this.chosen],
    };
  }
}

/** The call to regroup that stands. */
export function callOf({ features: { regroup } }: SessionState): Call | null {
  const { place = null, by = null, at = 0 } = regroup ?? {};
  return by === null ? null : { place, by, at };
}

function wanted({ alerts, endsStatus }: Findings, places: PlaceFindings, me: number): Wanted[] {
  const about = (participant: number | null) => (participant === null || participant === me ? {} : { participant });
  const asked: Wanted[] = alerts.map(([kind, who]) => ["alert:raise", { kind, ...about(who) }]);
  for (const [kind, who, place] of places.alerts) asked.push(["alert:raise", { kind, ...about(who), place }]);
  // Without a status the server takes it back.
  if (endsStatus || places.endsStatus) asked.push(["status:set", {}]);
  if (places.stop) asked.push(["regroup:place", places.stop]);
  return asked;
}

function recalled(): SensitivityName {
  const name = recallSensitivity();
  return name === "tight" || name === "loose" ? name : "normal";
}
