import { expect, it } from "vitest";
import { askedMs, Backoff } from "../../src/net/waits";

const TOO_MANY = { reason: "too_many_requests", retry: true, retry_after_s: 3 };

it("waits as long as the server says, and does not believe an unlikely wait", () => {
  expect(askedMs(TOO_MANY)).toBe(3_000);
  for (const seconds of [-1, 0, Number.NaN, 1e9]) expect(askedMs({ ...TOO_MANY, retry_after_s: seconds })).toBe(0);
  expect(askedMs({ reason: "unavailable", retry: true })).toBe(0);
});

it("backs off to two seconds, and begins again after a success", () => {
  const backoff = new Backoff(() => 0.999_999);
  const waits = Array.from({ length: 7 }, () => Math.round(backoff.next() / 100) * 100);
  expect(waits).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
  backoff.reset();
  expect(backoff.next()).toBeLessThan(100);
});
