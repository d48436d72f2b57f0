/** What the payloads of a server's messages hold, checked as far as the channel relies on it; pure. */
import { decodePositions } from "../model/codec";
import { UnreadableFrame } from "../model/frame";
import type { JoinReply, Position, SessionEvent } from "../model/model";
import type { Entries, PresenceDiff } from "./presence";

type Fields = Readonly<Record<string, unknown>>;

export interface Reply {
  readonly isOk: boolean;
  readonly response: Fields;
}

/** @throws UnreadableFrame, as all of these, where the payload is something else. */
export function readReply(payload: unknown): Reply {
  const { status, response } = fields(payload, "a reply");
  return { isOk: status === "ok", response: fields(response, "a reply's response") };
}

export function readJoinReply(response: Fields): JoinReply {
  const { offset, server_time, me, positions, snapshot, events = [] } = response;
  const numbers = [offset, server_time, me];
  if (!numbers.every((one) => typeof one === "number") || !Array.isArray(positions) || !Array.isArray(events))
    throw new UnreadableFrame("an answer to a join without numbers or lists");
  if (snapshot !== undefined && !Array.isArray(fields(snapshot, "a snapshot").participants))
    throw new UnreadableFrame("a snapshot without people");
  events.forEach(readEvent);
  return response as unknown as JoinReply;
}

export function readEvent(payload: unknown): SessionEvent {
  const { offset, type, data } = fields(payload, "an event");
  if (typeof offset !== "number" || typeof type !== "string" || typeof data !== "object")
    throw new UnreadableFrame("an event without offset, type or data");
  return payload as SessionEvent;
}

export function readPositions(payload: unknown): {
  readonly server_time: number;
  readonly positions: readonly Position[];
} {
  if (payload instanceof ArrayBuffer) return decodePositions(payload);
  const { server_time, positions } = fields(payload, "positions");
  if (typeof server_time !== "number" || !Array.isArray(positions))
    throw new UnreadableFrame("positions without a time or a list");
  return { server_time, positions };
}

export function readPresence(payload: unknown): Entries {
  const entries = fields(payload, "presence");
  for (const entry of Object.values(entries)) {
    if (!Array.isArray(fields(entry, "presence").metas)) throw new UnreadableFrame("presence without metas");
  }
  return entries as Entries;
}

export function readPresenceDiff(payload: unknown): PresenceDiff {
  const { joins = {}, leaves = {} } = fields(payload, "a difference of presence");
  return { joins: readPresence(joins), leaves: readPresence(leaves) };
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof ArrayBuffer)
    throw new UnreadableFrame(`${what} that is no object`);
  return value as Fields;
}
