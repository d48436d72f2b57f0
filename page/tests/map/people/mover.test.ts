import { beforeEach, describe, expect, test, vi } from "vitest";
import { Mover } from "../../../src/map/people/mover";

interface Started {
  readonly keyframes: unknown;
  readonly timing: { readonly duration: number; readonly easing: string; readonly fill: string };
  startTime: number | null;
  progress: number | null;
  readonly cancel: () => void;
}

const course = { startTime: 4_000, duration: 1_000, easing: "linear" };
let started: Started[] = [];
let style: Record<string, string> = {};
let mover: Mover;

beforeEach(() => {
  started = [];
  style = {};
  const animate = (keyframes: unknown, timing: Started["timing"]) => {
    const animation = {
      keyframes,
      timing,
      startTime: null,
      progress: 0,
      cancel: vi.fn(),
      effect: { getComputedTiming: () => ({ progress: animation.progress }) },
    };
    started.push(animation);
    return animation;
  };
  const write = (place: readonly number[]) => place.map((part) => `${Math.round(part)}px`).join(" ");
  mover = new Mover({ style, animate } as unknown as HTMLElement, "translate", write);
});

describe("what is sent", () => {
  test("stands at its end by itself, so that it stops there whatever becomes of the movement", () => {
    mover.send([100, 40], course, [0, 0]);
    expect(style).toEqual({ translate: "100px 40px" });
    expect(started).toHaveLength(1);
    expect(started[0]?.keyframes).toEqual([{ translate: "0px 0px" }, { translate: "100px 40px" }]);
    expect(started[0]?.timing).toEqual({ duration: 1_000, easing: "linear", fill: "backwards" });
    expect(started[0]?.startTime).toBe(4_000);
  });

  test("goes on from where it is when it is sent elsewhere", () => {
    mover.send([100, 40], course, [0, 0]);
    if (started[0]) started[0].progress = 0.5;
    mover.send([0, 80], course);
    expect(started[0]?.cancel).toHaveBeenCalledOnce();
    expect(started[1]?.keyframes).toEqual([{ translate: "50px 20px" }, { translate: "0px 80px" }]);
  });

  test("starts from its end once it has arrived, when there is no progress any more", () => {
    mover.send([100, 40], course, [0, 0]);
    if (started[0]) started[0].progress = null;
    mover.send([0, 80], course);
    expect(started[1]?.keyframes).toEqual([{ translate: "100px 40px" }, { translate: "0px 80px" }]);
  });

  test("is there at once without a course, where it was never anywhere, and for less than can be seen", () => {
    mover.send([10, 10], course);
    mover.send([20, 20], null);
    mover.send([20.3, 20.3], course);
    expect(started).toEqual([]);
    expect(style).toEqual({ translate: "20px 20px" });
  });
});

test("what is put somewhere stays there", () => {
  mover.send([100, 40], course, [0, 0]);
  mover.put([50, 50]);
  expect(started[0]?.cancel).toHaveBeenCalledOnce();
  expect(style).toEqual({ translate: "50px 50px" });
});
