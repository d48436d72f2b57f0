import { afterEach, expect, test, vi } from "vitest";
import { inTurn } from "../../src/memory/exclusive";

afterEach(() => vi.unstubAllGlobals());

test.each([
  ["there are none", {}],
  ["they are refused", { locks: { request: () => Promise.reject(new Error("SecurityError")) } }],
  [
    "asking throws",
    {
      locks: {
        request() {
          throw new Error("SecurityError");
        },
      },
    },
  ],
  ["another tab sleeps on one", { locks: { request: () => Promise.reject(new DOMException("", "TimeoutError")) } }],
  ["they work", { locks: { request: (_: string, __: unknown, work: () => Promise<unknown>) => work() } }],
])("where %s the work is done once", async (_, navigator) => {
  vi.stubGlobal("navigator", navigator);
  const work = vi.fn(async () => 7);
  await expect(inTurn("a", work)).resolves.toBe(7);
  expect(work).toHaveBeenCalledOnce();
  const failing = vi.fn(() => Promise.reject(new Error("no")));
  await expect(inTurn("a", failing)).rejects.toThrow("no");
  expect(failing).toHaveBeenCalledOnce();
});
