import { beforeEach, describe, expect, test, vi } from "vitest";

/** A browser's store in memory, which may be made to refuse. */
class Store {
  [key: string]: unknown;
  static refuses: "nothing" | "writing" = "nothing";

  getItem(key: string): string | null {
    return Object.hasOwn(this, key) ? String(this[key]) : null;
  }

  setItem(key: string, value: string): void {
    if (Store.refuses === "writing") throw new Error("QuotaExceededError");
    this[key] = value;
  }

  removeItem(key: string): void {
    delete this[key];
  }
}

/** The entry of the tab's history, which a reload leaves. */
let entry: { state: unknown; replaceState(state: unknown): void };

function blockAll(): void {
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(globalThis, name, {
      configurable: true,
      get() {
        throw new Error("SecurityError");
      },
    });
  }
}

function provide(store: Store | null): void {
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(globalThis, name, { configurable: true, value: store });
  }
}

/** The modules as a page has them that was loaded just now. */
async function load() {
  vi.resetModules();
  const memory = {
    ...(await import("../../src/memory/attempts")),
    ...(await import("../../src/memory/forgetting")),
    ...(await import("../../src/memory/kept")),
    ...(await import("../../src/memory/membership")),
    ...(await import("../../src/memory/preferences")),
  };
  return { storage: await import("../../src/memory/storage"), memory };
}

const MEMBERSHIP = {
  sessionId: "2o4sg3by83",
  name: "Copper Swift",
  path: "/j#2o4sg3by83.UP4n2Lur35udtaxP4t5iag",
  token: "a.token",
  socket: "wss://convoy.example.org/socket",
  expiresAt: 2_000,
};

beforeEach(() => {
  Store.refuses = "nothing";
  entry = {
    state: null,
    replaceState(state: unknown) {
      entry.state = structuredClone(state);
    },
  };
  vi.stubGlobal("history", entry);
});

describe.each([
  ["is blocked", blockAll],
  ["is not there", () => provide(null)],
])("where storage %s", (_, spoil) => {
  beforeEach(spoil);

  test("a place in a session lasts as long as the tab, reloads included", async () => {
    const { memory, storage } = await load();
    memory.rememberMembership(MEMBERSHIP);
    memory.rememberName("Ana");
    expect(memory.recallMembership(MEMBERSHIP.sessionId)).toEqual(MEMBERSHIP);
    expect(memory.recallMemberships(1_000)).toEqual([MEMBERSHIP]);
    expect(storage.isForgetful()).toBe(true);
    const again = await load();
    expect(again.memory.recallMembership(MEMBERSHIP.sessionId)).toEqual(MEMBERSHIP);
    expect(again.memory.recallName()).toBe("Ana");
    again.memory.forgetMembership(MEMBERSHIP.sessionId);
    expect((await load()).memory.recallMemberships(1_000)).toEqual([]);
  });

  test("one attempt keeps its key", async () => {
    const { memory } = await load();
    const key = memory.startKey();
    expect(memory.startKey()).toBe(key);
    const join = await memory.joinAttempt("2o4sg3by83", "member", "Ana");
    expect(await memory.joinAttempt("2o4sg3by83", "member", "Ben")).toEqual(join);
    await memory.refusedJoin("2o4sg3by83", "member");
    expect((await memory.joinAttempt("2o4sg3by83", "member", "Ben")).name).toBe("Ben");
  });
});

test("where storage is full, the newest counts and not what lies there", async () => {
  provide(new Store());
  const { memory, storage } = await load();
  memory.rememberName("Ana");
  expect(storage.isForgetful()).toBe(false);
  Store.refuses = "writing";
  memory.rememberName("Ben");
  expect(memory.recallName()).toBe("Ben");
  Store.refuses = "nothing";
  memory.rememberName("Cleo");
  expect((await load()).memory.recallName()).toBe("Cleo");
});

test("what belongs to a session goes with it", async () => {
  const store = new Store();
  provide(store);
  const { memory } = await load();
  memory.rememberMembership(MEMBERSHIP);
  memory.lastSeen(MEMBERSHIP.sessionId).write("{}");
  memory.lastSeen("zzzzzzzzzz").write("{}");
  memory.keptFixes(MEMBERSHIP.sessionId).write([{ lat: 0, lon: 0, fix_time: 1 }]);
  memory.forgetExpired(1_000);
  // Nobody is in the other session any more.
  expect(Object.keys(store).sort()).toEqual(
    ["fixes", "seen", "session"].map((kind) => `cavalcade.${kind}.${MEMBERSHIP.sessionId}`),
  );
  memory.forgetExpired(MEMBERSHIP.expiresAt + 1);
  expect(memory.lastSeen(MEMBERSHIP.sessionId).read()).toBeNull();
  memory.forgetMembership(MEMBERSHIP.sessionId);
  expect(Object.keys(store)).toEqual([]);
});

test("without a database, two tabs make one attempt by what is stored", async () => {
  provide(new Store());
  const [one, other] = [await load(), await load()];
  const attempt = await one.memory.joinAttempt("2o4sg3by83", "member", "Ana");
  expect(await other.memory.joinAttempt("2o4sg3by83", "member", "Ben")).toEqual(attempt);
});
