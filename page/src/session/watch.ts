/** What this device judges of motion while a session is open: it keeps what was seen, and asks for what follows. */
import { recallSensitivity, rememberSensitivity } from "../memory/preferences";
import type { Operations } from "../model/model";
import { answered, concernsMe, type Findings, judge, type Memory, NOTHING_JUDGED } from "./motion/judging";
import { isPassenger, isRiding, sayPassenger } from "./motion/riding";
import { type Person, type Scene, SENSITIVITIES } from "./motion/scene";
import { isHole } from "./motion/silence";
import { isAsking } from "./motion/stops";
import type { SessionState } from "./session_state";

/** What is judged, as it is asked for. */
export type Wanted = { [Name in "alert:raise" | "status:set"]: readonly [Name, Operations[Name]] }[
  | "alert:raise"
  | "status:set"];

export type SensitivityName = keyof typeof SENSITIVITIES;

export class Watch {
  private memory: Memory = NOTHING_JUDGED;
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
  }

  /**
   * Looks at the session.
   *
   * @param now - The server's time, in milliseconds.
   * @param isLive - The connection stands.
   * @returns What is to be asked for.
   */
  look(state: SessionState, now: number, isLive: boolean): Wanted[] {
    const { memory, findings } = judge(this.memory, this.sceneOf(state, now, isLive));
    this.memory = memory;
    return wanted(findings, state.me);
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
    for (const { id, role, features } of state.participants.values()) {
      people.set(id, {
        id,
        role,
        post: features?.post?.post ?? null,
        status: features?.status?.status ?? null,
        statusSince: features?.status?.since ?? null,
        isConnected: id === state.me || (state.connected?.has(id) ?? false),
        fix: state.positions.get(id) ?? null,
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

function wanted({ alerts, endsStatus }: Findings, me: number): Wanted[] {
  const asked: Wanted[] = alerts.map(([kind, participant]) => [
    "alert:raise",
    participant === me ? { kind } : { kind, participant },
  ]);
  // Without a status the server takes it back.
  if (endsStatus) asked.push(["status:set", {}]);
  return asked;
}

function recalled(): SensitivityName {
  const name = recallSensitivity();
  return name === "tight" || name === "loose" ? name : "normal";
}
