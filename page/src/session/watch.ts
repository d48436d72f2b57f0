/** What this device judges of motion while a session is open: it keeps what was seen, and asks for what follows. */
import type { Operations } from "../model/model";
import { answered, type Findings, judge, type Memory, NOTHING_JUDGED } from "./motion/judging";
import { isPassenger, isRiding, sayPassenger } from "./motion/riding";
import { type Person, type Scene, SENSITIVITIES, type Sensitivity } from "./motion/scene";
import { isAsking } from "./motion/stops";
import type { SessionState } from "./session_state";

/** What is judged, as it is asked for. */
export type Wanted = readonly ["status:set", Operations["status:set"]];

export class Watch {
  sensitivity: Sensitivity = SENSITIVITIES.normal;
  private memory: Memory = NOTHING_JUDGED;

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
    return wanted(findings);
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
    const { sensitivity } = this;
    const isListening = isLive && state.connected !== null;
    return { now, me: state.me, people, isListening, alerts: [], sensitivity };
  }
}

function wanted({ endsStatus }: Findings): Wanted[] {
  // Without a status the server takes it back.
  return endsStatus ? [["status:set", {}]] : [];
}
