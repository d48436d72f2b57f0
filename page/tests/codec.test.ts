import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePositions, encodeFix } from "../src/codec";
import type { Fix } from "../src/model";

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

/** Builds a positions frame as the contract lays it out, one entry a row. */
function frame(serverTime: number, rows: number[][]): ArrayBuffer {
  const buffer = new ArrayBuffer(8 + rows.length * 23);
  const view = new DataView(buffer);
  view.setBigUint64(0, BigInt(serverTime));
  rows.forEach((row, index) => {
    const [
      participant = 0,
      age = 0,
      lat = 0,
      lon = 0,
      accuracy = 0,
      speed = 0,
      heading = 0,
      altitude = 0,
      battery = 0,
    ] = row;
    const at = 8 + index * 23;
    view.setUint16(at, participant);
    view.setUint32(at + 2, age);
    view.setInt32(at + 6, lat);
    view.setInt32(at + 10, lon);
    view.setUint16(at + 14, accuracy);
    view.setUint16(at + 16, speed);
    view.setUint16(at + 18, heading);
    view.setInt16(at + 20, altitude);
    view.setUint8(at + 22, battery);
  });
  return buffer;
}

describe("encodeFix", () => {
  test("lays out 25 bytes, big-endian", () => {
    const view = new DataView(encodeFix(fix));
    expect(view.byteLength).toBe(25);
    expect(view.getBigUint64(0)).toBe(1_764_000_000_123n);
    expect(view.getInt32(8)).toBe(601_708_000);
    expect(view.getInt32(12)).toBe(-249_375_000);
    expect(view.getUint16(16)).toBe(52);
    expect(view.getUint16(18)).toBe(1_389);
    expect(view.getUint16(20)).toBe(27_150);
    expect(view.getInt16(22)).toBe(-12);
    expect(view.getUint8(24)).toBe(81);
  });

  test("marks what is unknown", () => {
    const view = new DataView(encodeFix({ fix_time: 1, lat: 0, lon: 0 }));
    expect(view.getUint16(16)).toBe(0xffff);
    expect(view.getUint16(18)).toBe(0xffff);
    expect(view.getUint16(20)).toBe(0xffff);
    expect(view.getInt16(22)).toBe(-0x8000);
    expect(view.getUint8(24)).toBe(0xff);
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
  test("reads every field", () => {
    const { server_time, positions } = decodePositions(
      frame(5_000, [[7, 1_500, 601_708_000, -249_375_000, 52, 1_389, 27_150, -12, 81]]),
    );
    expect(server_time).toBe(5_000);
    expect(positions).toEqual([{ ...fix, participant: 7, fix_time: 3_500 }]);
  });

  test("leaves out what is unknown", () => {
    const { positions } = decodePositions(frame(9, [[1, 0, 0, 0, 0xffff, 0xffff, 0xffff, -0x8000, 0xff]]));
    expect(positions).toEqual([{ participant: 1, fix_time: 9, lat: 0, lon: 0 }]);
  });

  test("reads a frame without entries", () => {
    expect(decodePositions(frame(1, [])).positions).toEqual([]);
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
