import { expect, test } from "vitest";
import { FixBacklog } from "../src/fix_backlog";

const at = (fixTime: number) => ({ lat: 60, lon: 25, fix_time: fixTime });

test("keeps one every five seconds, and gives each once", () => {
  const backlog = new FixBacklog();
  for (let second = 0; second < 12; second++) backlog.add(at(second * 1_000));
  expect(backlog.take().map((fix) => fix.fix_time)).toEqual([0, 5_000, 10_000]);
  expect(backlog.take()).toEqual([]);
});

test("never holds more than one message takes, and keeps the beginning and the newest", () => {
  const backlog = new FixBacklog();
  for (let index = 0; index <= 2_000; index++) backlog.add(at(index * 5_000));
  const times = backlog.take().map((fix) => fix.fix_time);
  expect(times.length).toBeLessThanOrEqual(300);
  expect(times[0]).toBe(0);
  expect(times.at(-1)).toBeGreaterThan(1_990 * 5_000);
});
