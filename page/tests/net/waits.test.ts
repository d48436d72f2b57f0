import { expect, it } from "vitest";
import { askedMs, backOffMs, operationWaitMs } from "../../src/net/waits";

const TOO_MANY = { reason: "too_many_requests", retry: true, retry_after_s: 3 };
const UNAVAILABLE = { reason: "unavailable", retry: true };

it("waits as long as the server says, however often", () => {
  expect(askedMs(TOO_MANY)).toBe(3_000);
  expect(operationWaitMs(TOO_MANY, 0, 4)).toBe(3_000);
  expect(operationWaitMs(TOO_MANY, 4, 4)).toBe(3_000);
});

it("does not believe an unlikely wait", () => {
  for (const seconds of [-1, 0, Number.NaN, 1e9]) expect(askedMs({ ...TOO_MANY, retry_after_s: seconds })).toBe(0);
  expect(askedMs(UNAVAILABLE)).toBe(0);
});

it("gives an operation up that fails too often, or for good", () => {
  expect(operationWaitMs(UNAVAILABLE, 1, 4)).toBe(1_500);
  expect(operationWaitMs(UNAVAILABLE, 3, 4)).toBe(4_500);
  expect(operationWaitMs(UNAVAILABLE, 4, 4)).toBeNull();
  expect(operationWaitMs({ reason: "forbidden", retry: false }, 0, 4)).toBeNull();
});

it("backs off to two seconds", () => {
  expect(backOffMs(0)).toBeLessThanOrEqual(100);
  expect(backOffMs(50)).toBeGreaterThanOrEqual(1_000);
  expect(backOffMs(50)).toBeLessThanOrEqual(2_000);
});
