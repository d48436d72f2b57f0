import { PartType } from "lit-html/directive.js";
import { afterEach, expect, test, vi } from "vitest";
import { ShutsAfter } from "../../src/panels/shuts_after";

const GRID_MS = 8_000;

afterEach(() => vi.useRealTimers());

function drawn(): { readonly shut: () => number; redraw(): void; remove(): void } {
  vi.useFakeTimers();
  let count = 0;
  const one = new ShutsAfter({ type: PartType.ELEMENT });
  const redraw = () => void one.update({} as never, [GRID_MS, () => (count += 1)]);
  redraw();
  return { shut: () => count, redraw, remove: () => one.disconnected() };
}

test("what was drawn shuts once, so long after it was first drawn", () => {
  const grid = drawn();
  vi.advanceTimersByTime(GRID_MS - 1);
  grid.redraw();
  expect(grid.shut()).toBe(0);
  vi.advanceTimersByTime(1);
  expect(grid.shut()).toBe(1);
  vi.advanceTimersByTime(10 * GRID_MS);
  expect(grid.shut()).toBe(1);
});

test("what was shut by hand before is not shut again", () => {
  const grid = drawn();
  grid.remove();
  vi.advanceTimersByTime(GRID_MS);
  expect(grid.shut()).toBe(0);
});
