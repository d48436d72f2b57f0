/** What people are called where they are named in a sentence. */
import { say } from "../words/strings";
import type { SessionState } from "./session_state";

/** Somebody's name; "Somebody" for who has left. */
export function nameIn(state: SessionState | null, participant: number): string {
  return state?.participants.get(participant)?.name ?? say("session.someone");
}
