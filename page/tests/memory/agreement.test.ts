import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { agree, LONGEST_OPENING_MS, withdraw } from "../../src/memory/agreement";

interface Request {
  result?: unknown;
  error?: unknown;
  onsuccess?(): void;
  onerror?(): void;
  onupgradeneeded?(): void;
}

/** As much of IndexedDB as is used: transactions come one after the other, in the order in which they were made. */
class Database {
  readonly stored = new Map<string, string>();
  closed = 0;
  private last = Promise.resolve();

  constructor(private readonly aborts = false) {}

  open(): Request {
    const request: Request = { result: this };
    queueMicrotask(() => {
      request.onupgradeneeded?.();
      request.onsuccess?.();
    });
    return request;
  }

  createObjectStore(): void {}

  close(): void {
    this.closed++;
  }

  transaction() {
    const asked: (() => void)[] = [];
    const ask = (work: () => unknown) => {
      const request: Request = {};
      asked.push(() => {
        request.result = work();
        request.onsuccess?.();
      });
      return request;
    };
    const store = {
      get: (name: string) => ask(() => this.stored.get(name)),
      put: (text: string, name: string) => ask(() => this.stored.set(name, text)),
      delete: (name: string) => ask(() => this.stored.delete(name)),
    };
    const transaction = {
      error: new Error("QuotaExceededError"),
      objectStore: () => store,
      oncomplete() {},
      onabort() {},
    };
    this.last = this.last.then(async () => {
      await new Promise((resolve) => setTimeout(resolve));
      if (this.aborts) return transaction.onabort();
      for (let next = asked.shift(); next; next = asked.shift()) next();
      transaction.oncomplete();
    });
    return transaction;
  }
}

beforeEach(() => vi.stubGlobal("localStorage", { getItem: () => null, setItem() {}, removeItem() {} }));
afterEach(() => vi.unstubAllGlobals());

test("of what tabs propose at the same time the first stands, until it is withdrawn", async () => {
  const database = new Database();
  vi.stubGlobal("indexedDB", database);
  expect(await Promise.all([agree("a", "one"), agree("a", "other"), agree("b", "third")])).toEqual([
    "one",
    "one",
    "third",
  ]);
  // The next proposal need not wait for the withdrawal.
  const withdrawn = withdraw("a", "c");
  expect(await agree("a", "other")).toBe("other");
  await withdrawn;
  expect([...database.stored]).toEqual([
    ["b", "third"],
    ["a", "other"],
  ]);
  expect(database.closed).toBe(5);
});

const REFUSING = {
  open() {
    const request: Request = { error: new Error("UnknownError") };
    queueMicrotask(() => request.onerror?.());
    return request;
  },
};

describe.each([
  ["is absent", null],
  ["does not open", REFUSING],
  ["stores nothing", new Database(true)],
])("where the database %s", (_, database) => {
  test("what is stored otherwise stands", async () => {
    const texts = new Map<string, string>();
    vi.stubGlobal("indexedDB", database);
    vi.stubGlobal("localStorage", {
      getItem: (name: string) => texts.get(name) ?? null,
      setItem: (name: string, text: string) => texts.set(name, text),
      removeItem: (name: string) => texts.delete(name),
    });
    expect(await agree("a", "one")).toBe("one");
    expect(await agree("a", "other")).toBe("one");
    await withdraw("a");
    expect(await agree("a", "other")).toBe("other");
  });
});

test("a database that never opens holds nobody up", async () => {
  vi.useFakeTimers();
  vi.stubGlobal("indexedDB", { open: () => ({}) });
  const agreed = agree("a", "one");
  await vi.advanceTimersByTimeAsync(LONGEST_OPENING_MS);
  expect(await agreed).toBe("one");
  vi.useRealTimers();
});
