import { expect, test } from "vitest";
import { chooseRows, NO_ROWS } from "../../src/panels/three_rows";

const METRES_PER_DEGREE = 111_195;
const north = (metres: number, east = 0) => ({
  lat: metres / METRES_PER_DEGREE,
  lon: east / METRES_PER_DEGREE,
});
const me = { point: north(0), heading: 0 };
const rider = (id: number, metres: number, isSweep = false, east = 0) => ({ id, point: north(metres, east), isSweep });

test("who is next ahead, who is next behind, and who sweeps", () => {
  const others = [rider(2, 900), rider(3, 300), rider(4, -200), rider(5, -1_500, true)];
  expect(chooseRows(NO_ROWS, me, others)).toEqual({ ahead: 3, behind: 4, sweep: 5, farthest: null });
});

test("where nobody sweeps, who is farthest", () => {
  expect(chooseRows(NO_ROWS, me, [rider(2, 900), rider(3, -300)])).toMatchObject({ sweep: null, farthest: 2 });
});

test("two side by side do not take turns", () => {
  const last = chooseRows(NO_ROWS, me, [rider(2, -900), rider(3, -890)]);
  expect(last.farthest).toBe(2);
  expect(chooseRows(last, me, [rider(2, -900), rider(3, -950)]).farthest).toBe(2);
  expect(chooseRows(last, me, [rider(2, -900), rider(3, -1_200)]).farthest).toBe(3);
  const rows = chooseRows(NO_ROWS, me, [rider(2, 300), rider(3, 310)]);
  expect(rows.ahead).toBe(2);
  expect(chooseRows(rows, me, [rider(2, 300), rider(3, 280)]).ahead).toBe(2);
  expect(chooseRows(rows, me, [rider(2, 300), rider(3, 240)]).ahead).toBe(3);
});

test("somebody level with me stays where they were", () => {
  const ahead = chooseRows(NO_ROWS, me, [rider(2, 10, false, 50)]);
  expect(ahead).toMatchObject({ ahead: 2, behind: null });
  expect(chooseRows(ahead, me, [rider(2, -10, false, 50)])).toMatchObject({ ahead: 2, behind: null });
  const behind = chooseRows(ahead, me, [rider(2, -40, false, 50)]);
  expect(behind).toMatchObject({ ahead: null, behind: 2 });
  expect(chooseRows(behind, me, [rider(2, 10, false, 50)])).toMatchObject({ ahead: null, behind: 2 });
});

test("standing still nobody is ahead but who was, as long as they are there", () => {
  const others = [rider(2, 310), rider(3, -300)];
  const still = { ...me, heading: null };
  expect(chooseRows(NO_ROWS, still, others)).toMatchObject({ ahead: null, behind: null, farthest: 2 });
  const rows = chooseRows(NO_ROWS, me, others);
  expect(chooseRows(rows, still, others)).toMatchObject({ ahead: 2, behind: 3 });
  expect(chooseRows(rows, still, [rider(2, 300)])).toMatchObject({ ahead: 2, behind: null });
});
