import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePositions, encodeFix } from "../../src/model/codec";
import { UnreadableFrame } from "../../src/model/frame";
import type { Fix, Position } from "../../src/model/model";

const fix: Fix = {
  fix_time: 1_764_000_000_123,
  lat: 60.1708,
  lon: -24.9375,
  accuracy: 5.2,
  speed: 13.89,
  heading: 271.5,
  altitude: -12,
  battery: 81,
};

interface Vectors {
  readonly fixes: readonly { readonly fix: Fix; readonly bytes: string }[];
  readonly positions: readonly {
    readonly payload: { readonly server_time: number; readonly positions: readonly Position[] };
    readonly bytes: string;
  }[];
}

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../tests/vectors/packed.json"), "utf-8"),
) as Vectors;

function bytesOf(hex: string): ArrayBuffer {
  return new Uint8Array(Array.from(hex.matchAll(/../g), ([byte]) => Number.parseInt(byte, 16))).buffer;
}

describe("encodeFix", () => {
  test.each(vectors.fixes)("packs a fix as the server does", ({ fix, bytes }) => {
    expect(encodeFix(fix)).toEqual(bytesOf(bytes));
  });

  test("large values saturate one short of unknown", () => {
    const view = new DataView(encodeFix({ ...fix, accuracy: 1e9, speed: 1e9, altitude: -1e9 }));
    expect(view.getUint16(16)).toBe(0xfffe);
    expect(view.getUint16(18)).toBe(0xfffe);
    expect(view.getInt16(22)).toBe(-0x7fff);
  });

  // As the server's own rule says of JSON: a field that cannot be is unknown.
  test.each([
    ["accuracy", 0, 16, 0xffff],
    ["accuracy", -1, 16, 0xffff],
    ["accuracy", 0.04, 16, 1],
    ["speed", -1, 18, 0xffff],
    ["speed", 0, 18, 0],
    ["speed", Number.NaN, 18, 0xffff],
  ])("%s of %f", (field, value, at, packed) => {
    expect(new DataView(encodeFix({ ...fix, [field]: value })).getUint16(at)).toBe(packed);
  });

  test.each([
    [0, 0],
    [100, 100],
    [101, 0xff],
    [-1, 0xff],
  ])("a battery of %f", (battery, packed) => {
    expect(new DataView(encodeFix({ ...fix, battery })).getUint8(24)).toBe(packed);
  });

  test.each([
    [360, 0],
    [359.999, 0],
    [-1, 0xffff],
    [-90, 0xffff],
    [450, 0xffff],
  ])("a heading of %f becomes %i", (heading, packed) => {
    expect(new DataView(encodeFix({ ...fix, heading })).getUint16(20)).toBe(packed);
  });
});

describe("decodePositions", () => {
  test.each(vectors.positions)("reads positions as the server packs them", ({ payload, bytes }) => {
    expect(decodePositions(bytesOf(bytes))).toEqual(payload);
  });

  test("any length gives positions or a RangeError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const buffer = new Uint8Array(bytes).buffer;
        if (bytes.length >= 8 && (bytes.length - 8) % 23 === 0) decodePositions(buffer);
        else expect(() => decodePositions(buffer)).toThrow(UnreadableFrame);
      }),
    );
  });
});
