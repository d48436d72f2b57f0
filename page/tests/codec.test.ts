import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePositions, encodeFix } from "../src/codec";
import type { Fix, Position } from "../src/model";

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
  readFileSync(join(import.meta.dirname, "../../tests/vectors/packed.json"), "utf-8"),
) as Vectors;

function bytesOf(hex: string): ArrayBuffer {
  return new Uint8Array(Array.from(hex.matchAll(/../g), ([byte]) => Number.parseInt(byte, 16))).buffer;
}

describe("encodeFix", () => {
  test.each(vectors.fixes)("packs a fix as the server does", ({ fix, bytes }) => {
    expect(encodeFix(fix)).toEqual(bytesOf(bytes));
  });

  test("saturates one short of unknown", () => {
    const view = new DataView(encodeFix({ ...fix, accuracy: 1e9, speed: 1e9, altitude: -1e9, battery: 900 }));
    expect(view.getUint16(16)).toBe(0xfffe);
    expect(view.getUint16(18)).toBe(0xfffe);
    expect(view.getInt16(22)).toBe(-0x7fff);
    expect(view.getUint8(24)).toBe(0xfe);
  });

  test.each([
    [360, 0],
    [359.999, 0],
    [-90, 27_000],
    [450, 9_000],
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
        else expect(() => decodePositions(buffer)).toThrow(RangeError);
      }),
    );
  });
});
