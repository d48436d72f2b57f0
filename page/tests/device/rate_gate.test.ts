import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RateGate } from "../../src/device/rate_gate";

describe("rate gate", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("passes the first at once, then the newest once an interval", () => {
    const passed: number[] = [];
    const gate = new RateGate<number>(
      1_000,
      (value) => passed.push(value),
      () => Date.now(),
    );
    for (const value of [1, 2, 3]) gate.offer(value);
    expect(passed).toEqual([1]);
    vi.advanceTimersByTime(1_000);
    expect(passed).toEqual([1, 3]);
    gate.offer(4);
    gate.clear();
    vi.advanceTimersByTime(5_000);
    expect(passed).toEqual([1, 3]);
  });

  test("one that is to pass at once does, in place of what was held back", () => {
    const passed: number[] = [];
    const gate = new RateGate<number>(
      20_000,
      (value) => passed.push(value),
      () => Date.now(),
    );
    for (const value of [1, 2]) gate.offer(value);
    gate.offer(3, true);
    vi.advanceTimersByTime(60_000);
    expect(passed).toEqual([1, 3]);
  });

  test("a value that is held back follows a shorter interval", () => {
    const passed: number[] = [];
    const gate = new RateGate<number>(
      10_000,
      (value) => passed.push(value),
      () => Date.now(),
    );
    gate.offer(1);
    gate.offer(2);
    vi.advanceTimersByTime(2_000);
    gate.interval = 1_000;
    expect(passed).toEqual([1, 2]);
  });
});
