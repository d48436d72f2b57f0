/** What is kept of a session beside the membership; forgotten with it. */
import type { Fix } from "../model/model";
import { keysOf, read, write } from "./storage";

const SEEN = "cavalcade.seen.";
const KEPT_FIXES = "cavalcade.fixes.";
const KEPT_OPERATIONS = "cavalcade.operations.";
const KEPT_NAMES = "cavalcade.names.";
const READ = "cavalcade.read.";
const COUNTING = "cavalcade.counting.";
const HIDDEN = "cavalcade.hidden.";

const KINDS = [SEEN, KEPT_FIXES, KEPT_OPERATIONS, KEPT_NAMES, READ, HIDDEN];

/** A list that outlives a reload; forgotten with the membership. */
export interface KeptList<Item> {
  read(): readonly Item[];
  write(items: readonly Item[]): void;
}

/** Where a session's fixes wait that could not be sent yet. */
export function keptFixes(sessionId: string): KeptList<Fix> {
  return keptList(KEPT_FIXES + sessionId);
}

/** Where the operations wait that were not acknowledged yet. */
export function keptOperations<Operation>(sessionId: string): KeptList<Operation> {
  return keptList(KEPT_OPERATIONS + sessionId);
}

/** Who wrote in a session's chat, by id and name: they may have left since. */
export function keptNames(sessionId: string): KeptList<readonly [id: number, name: string]> {
  return keptList(KEPT_NAMES + sessionId);
}

/** The places of a session that this device does not show, by id. */
export function hiddenPlaces(sessionId: string): KeptList<number> {
  return keptList(HIDDEN + sessionId);
}

/** Up to which offset a session's messages were read on this device. */
export function readOffset(sessionId: string): { read(): number | null; write(offset: number): void } {
  const key = READ + sessionId;
  return {
    read() {
      const offset = Number.parseInt(read("device", key) ?? "", 10);
      return Number.isFinite(offset) ? offset : null;
    },
    write: (offset) => write("device", key, String(offset)),
  };
}

/** The SOS that counts down in this tab, as JSON: a reload goes on with it, another tab does not. */
export function countingSos(sessionId: string): { read(): string | null; write(text: string | null): void } {
  const key = COUNTING + sessionId;
  return { read: () => read("tab", key), write: (text) => write("tab", key, text) };
}

function keptList<Item>(key: string): KeptList<Item> {
  return {
    read() {
      try {
        const items: unknown = JSON.parse(read("device", key) ?? "[]");
        return Array.isArray(items) ? items : [];
      } catch {
        return [];
      }
    },
    write: (items) => write("device", key, items.length > 0 ? JSON.stringify(items) : null),
  };
}

/** What was last seen of a session, as JSON; forgotten with the membership. */
export function lastSeen(sessionId: string): { read(): string | null; write(text: string): void } {
  const key = SEEN + sessionId;
  return { read: () => read("device", key), write: (text) => write("device", key, text) };
}

export function forgetSeen(sessionId: string): void {
  write("device", SEEN + sessionId, null);
}

export function forgetKept(sessionId: string): void {
  for (const kind of KINDS) write("device", kind + sessionId, null);
  write("tab", COUNTING + sessionId, null);
}

/** The sessions of which something is kept. */
export function keptSessions(): string[] {
  return KINDS.flatMap((kind) => keysOf("device", kind).map((key) => key.slice(kind.length)));
}
