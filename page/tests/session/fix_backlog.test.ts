import { expect, test } from "vitest";
import type { KeptList } from "../../src/memory/kept";
import type { Fix } from "../../src/model/model";
import { FixBacklog } from "../../src/session/fix_backlog";

const at = (fixTime: number) => ({ lat: 60, lon: 25, fix_time: fixTime });
const times = (fixes: readonly Fix[]) => fixes.map((fix) => fix.fix_time);

function shelf(): KeptList<Fix> & { on: readonly Fix[] } {
  return {
    on: [],
    read() {
      return this.on;
    },
    write(fixes) {
      this.on = fixes;
    },
  };
}

test("keeps one every five seconds, until they have arrived", () => {
  const backlog = new FixBacklog(shelf());
  for (let second = 0; second < 12; second++) backlog.add(at(second * 1_000));
  expect(times(backlog.kept)).toEqual([0, 5_000, 10_000]);
  backlog.drop(5_000);
  expect(times(backlog.kept)).toEqual([10_000]);
});

test("never holds more than one message takes, and keeps the beginning and the newest", () => {
  const backlog = new FixBacklog(shelf());
  for (let index = 0; index <= 2_000; index++) backlog.add(at(index * 5_000));
  const kept = times(backlog.kept);
  expect(kept.length).toBeLessThanOrEqual(300);
  expect(kept[0]).toBe(0);
  expect(kept.at(-1)).toBeGreaterThan(1_990 * 5_000);
});

test("survives a reload, and leaves nothing when it is cleared", () => {
  const place = shelf();
  new FixBacklog(place).add(at(1_000));
  const reloaded = new FixBacklog(place);
  expect(times(reloaded.kept)).toEqual([1_000]);
  reloaded.clear();
  expect(place.on).toEqual([]);
});
