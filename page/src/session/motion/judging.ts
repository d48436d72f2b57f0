/**
 * All that a client judges, looked at together: with each fix of one's own, and once a second. Pure, by
 * tests/vectors/motion.json; the same as the Python client's `motion/judging.py`.
 */
import { lookAtStatus, type Standing } from "./ending_statuses";
import { follow, type Riding, UNMOVED } from "./riding";
import type { Judged, Scene } from "./scene";
import { lookAtSilence, NOBODY_HEARD, type Silence } from "./silence";
import { answer, lookAtStop, NEVER_STOPPED, type Stopping } from "./stops";
import { lastRider, lookAtGap, NEVER_BEHIND, type Straggling } from "./straggling";

/** What is remembered between two looks. */
export interface Memory {
  readonly riding: Riding;
  readonly stopping: Stopping;
  readonly standing: Standing | null;
  readonly straggling: Straggling;
  readonly silence: Silence;
}

export const NOTHING_JUDGED: Memory = {
  riding: UNMOVED,
  stopping: NEVER_STOPPED,
  standing: null,
  straggling: NEVER_BEHIND,
  silence: NOBODY_HEARD,
};

/** What follows from a look. */
export interface Findings {
  /** What to raise, and about whom. */
  readonly alerts: readonly (readonly [kind: Judged, participant: number])[];
  /** One's own status is over. */
  readonly endsStatus: boolean;
}

/** Looks at a session. A fix of one's own that is newer than the last one is taken into account. */
export function judge(before: Memory, scene: Scene): { readonly memory: Memory; readonly findings: Findings } {
  const { last } = before.riding;
  const fix = scene.people.get(scene.me)?.fix;
  const riding = fix ? follow(before.riding, fix) : before.riding;
  const stop = lookAtStop(before.stopping, riding, scene, last);
  const status = lookAtStatus(before.standing, riding, scene, last);
  const gap = lookAtGap(before.straggling, scene, stop.memory.stop !== null);
  const silence = lookAtSilence(before.silence, scene);
  const alerts: (readonly [Judged, number])[] = [];
  if (stop.found) alerts.push(["stopped", scene.me]);
  if (gap.found) alerts.push(["straggler", scene.me]);
  for (const who of silence.found) alerts.push(["no_news", who]);
  return {
    memory: {
      riding,
      stopping: stop.memory,
      standing: status.memory,
      straggling: gap.memory,
      silence: silence.memory,
    },
    findings: { alerts, endsStatus: status.found },
  };
}

/** The question whether all is well was answered. */
export function answered(memory: Memory): Memory {
  return { ...memory, stopping: answer(memory.stopping) };
}

/**
 * Whether an alert about somebody is for oneself: for lead and sweep; where nobody leads or sweeps, for the host and
 * the one who rides last.
 */
export function concernsMe(scene: Scene, participant: number): boolean {
  const me = scene.people.get(scene.me);
  if (!me || participant === scene.me) return false;
  if ([...scene.people.values()].some((one) => one.post !== null)) return me.post !== null;
  return me.role === "host" || lastRider(scene) === scene.me;
}
