/** Calling the group together, and ending that. */
import type { Participant } from "../model/model";
import { say } from "../words/strings";
import type { SessionView } from "./ui";

/** Whether somebody may call the group together. */
export function mayCall(me: Participant | null): boolean {
  return me !== null && (me.role === "host" || me.features?.post?.post === "lead");
}

/** The group is to meet where the lead stops next. */
export function callToNextStop(view: SessionView): void {
  const { live } = view;
  view.attempt(() => live.ask("regroup:call", {}));
  view.undoable(say("regroup.nextStop"), () => view.attempt(() => live.ask("regroup:end", {})));
}

export function endCall(view: SessionView): void {
  view.soon(say("regroup.over"), () => view.attempt(() => view.live.ask("regroup:end", {})));
}
