import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeptOperations } from "../../src/session/kept_operations";

const operation = (op_id: string) => ({ event: "sharing:set", payload: { op_id, on: false } });
const KEY = "cavalcade.operations.abcdefghij";

beforeEach(() => {
  const items = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => items.set(key, value),
    removeItem: (key: string) => items.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

test("operations outlive a reload until they are acknowledged, in order", () => {
  const before = new KeptOperations("abcdefghij");
  before.add(operation("a"));
  before.add(operation("b"));
  const after = new KeptOperations("abcdefghij");
  expect(after.read()).toEqual([operation("a"), operation("b")]);
  after.remove("a");
  after.remove("unknown");
  expect(after.read()).toEqual([operation("b")]);
  after.remove("b");
  expect(localStorage.getItem(KEY)).toBeNull();
});

test("two tabs lose nothing of each other", () => {
  const [one, other] = [new KeptOperations("abcdefghij"), new KeptOperations("abcdefghij")];
  one.add(operation("a"));
  other.add(operation("b"));
  one.remove("a");
  expect(other.read()).toEqual([operation("b")]);
});

test.each(["{", "7", "[null, 3, {}]", '[{"event": "leave"}]'])("what cannot be read is nothing: %s", (text) => {
  localStorage.setItem(KEY, text);
  expect(new KeptOperations("abcdefghij").read()).toEqual([]);
});
