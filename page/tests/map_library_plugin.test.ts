import { expect, test } from "vitest";
import { missing } from "../map_library_plugin";

async function load(code: string): Promise<Record<string, (...given: unknown[]) => unknown>> {
  return import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
}

const MODULE = `
  const hidden = 1, also = 2;
  export class HeatLayer { constructor() { this.is = true; } }
  export function drawHeat() { return hidden; }
  export const isHeatLayer = () => true, heatUniforms = () => also;
  export { hidden as shown };
  export default class {}
`;

test("what is left out keeps its names, and says so when it is called", async () => {
  const left = await load(missing(MODULE, "heat.ts"));
  expect(Object.keys(left).sort()).toEqual([
    "HeatLayer",
    "default",
    "drawHeat",
    "heatUniforms",
    "isHeatLayer",
    "shown",
  ]);
  const problem = "heat.ts is left out of the map library";
  expect(() => left.drawHeat?.()).toThrow(problem);
  expect(() => new (left.HeatLayer as unknown as new () => unknown)()).toThrow(problem);
});

test("nothing is of a kind that is left out", async () => {
  const left = await load(missing(MODULE, "heat.ts"));
  expect(left.isHeatLayer?.({})).toBe(false);
});
