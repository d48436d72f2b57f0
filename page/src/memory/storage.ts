/**
 * Small texts by name, as long as the browser keeps them: for good, else for this tab, else until the page is closed.
 *
 * Any of the browser's stores may be missing, refuse, or be full: cookies and site data may be blocked, and then merely
 * naming a store throws. What cannot be stored stays in memory, and in the tab's history entry, which a reload leaves.
 */

export type Shelf = "device" | "tab";

/** What is here and not in a store; null for what was removed and may still lie in one. */
const unstored = recallUnstored();

export function read(shelf: Shelf, key: string): string | null {
  const kept = unstored.get(key);
  if (kept !== undefined) return kept;
  try {
    return storeOf(shelf).getItem(key);
  } catch {
    return null;
  }
}

/** Stores a text; null removes it. */
export function write(shelf: Shelf, key: string, value: string | null): void {
  try {
    const store = storeOf(shelf);
    if (value === null) store.removeItem(key);
    else store.setItem(key, value);
    if (unstored.delete(key)) keepUnstored();
  } catch {
    unstored.set(key, value);
    keepUnstored();
  }
}

/** The names on a shelf that begin so. */
export function keysOf(shelf: Shelf, prefix: string): string[] {
  let stored: string[] = [];
  try {
    stored = Object.keys(storeOf(shelf));
  } catch {
    // Then there are only those that could not be stored.
  }
  const removed = [...unstored].filter(([, value]) => value === null).map(([key]) => key);
  return [...new Set([...stored, ...unstored.keys()])].filter(
    (key) => key.startsWith(prefix) && !removed.includes(key),
  );
}

const PROBE = "cavalcade.probe";
let forgetful: boolean | null = null;

/** Whether this browser keeps nothing for the page beyond this tab; found out once. */
export function isForgetful(): boolean {
  forgetful ??= isRefused(PROBE);
  return forgetful;
}

function isRefused(key: string): boolean {
  try {
    const store = storeOf("device");
    store.setItem(key, "1");
    store.removeItem(key);
    return false;
  } catch {
    return true;
  }
}

function storeOf(shelf: Shelf): Storage {
  return shelf === "device" ? globalThis.localStorage : globalThis.sessionStorage;
}

interface Kept {
  readonly unstored?: Readonly<Record<string, string | null>>;
}

function recallUnstored(): Map<string, string | null> {
  try {
    return new Map(Object.entries((history.state as Kept | null)?.unstored ?? {}));
  } catch {
    return new Map();
  }
}

function keepUnstored(): void {
  try {
    history.replaceState({ unstored: Object.fromEntries(unstored) }, "");
  } catch {
    // Too often, or too much: it stays in memory.
  }
}
