/**
 * The contract's packed fixes and positions: big-endian, unknown is the largest value of an unsigned field and the
 * smallest of altitude, and a known value saturates one short of it.
 */
import { UnreadableFrame } from "./frame";
import type { Fix, Position } from "./model";
import { known } from "./reading";

const FIX_BYTES = 25;
const HEADER_BYTES = 8;
const POSITION_BYTES = 23;

const U8_UNKNOWN = 0xff;
const U16_UNKNOWN = 0xffff;
const I16_UNKNOWN = -0x8000;
const I16_MAX = 0x7fff;

const DEGREE = 1e7;

/** The optional fields, in the order in which both layouts carry them after the longitude. */
interface Reading {
  accuracy?: number;
  speed?: number;
  heading?: number;
  altitude?: number;
  battery?: number;
}

/** Packs a fix into the 25 bytes that `position` takes. */
export function encodeFix(fix: Fix): ArrayBuffer {
  const buffer = new ArrayBuffer(FIX_BYTES);
  const view = new DataView(buffer);
  view.setBigUint64(0, BigInt(Math.max(0, Math.round(fix.fix_time))));
  view.setInt32(8, Math.round(fix.lat * DEGREE));
  view.setInt32(12, Math.round(fix.lon * DEGREE));
  view.setUint16(16, unsigned(known("accuracy", fix.accuracy), 10, 1));
  view.setUint16(18, unsigned(known("speed", fix.speed), 100, 0));
  view.setUint16(20, heading(known("heading", fix.heading)));
  view.setInt16(22, altitude(known("altitude", fix.altitude)));
  view.setUint8(24, Math.round(known("battery", fix.battery) ?? U8_UNKNOWN));
  return buffer;
}

/**
 * Unpacks a `positions` broadcast.
 *
 * @throws UnreadableFrame when the length is not that of a header and whole entries.
 */
export function decodePositions(buffer: ArrayBuffer): { server_time: number; positions: Position[] } {
  const body = buffer.byteLength - HEADER_BYTES;
  if (body < 0 || body % POSITION_BYTES !== 0) {
    throw new UnreadableFrame(`packed positions of ${buffer.byteLength} bytes`);
  }
  const view = new DataView(buffer);
  const serverTime = Number(view.getBigUint64(0));
  const positions: Position[] = [];
  for (let at = HEADER_BYTES; at < buffer.byteLength; at += POSITION_BYTES) {
    positions.push({
      participant: view.getUint16(at),
      fix_time: serverTime - view.getUint32(at + 2),
      lat: view.getInt32(at + 6) / DEGREE,
      lon: view.getInt32(at + 10) / DEGREE,
      ...decodeReading(view, at + 14),
    });
  }
  return { server_time: serverTime, positions };
}

function decodeReading(view: DataView, at: number): Reading {
  const reading: Reading = {};
  const accuracy = view.getUint16(at);
  if (accuracy !== U16_UNKNOWN) reading.accuracy = accuracy / 10;
  const speed = view.getUint16(at + 2);
  if (speed !== U16_UNKNOWN) reading.speed = speed / 100;
  const course = view.getUint16(at + 4);
  if (course !== U16_UNKNOWN) reading.heading = course / 100;
  const height = view.getInt16(at + 6);
  if (height !== I16_UNKNOWN) reading.altitude = height;
  const charge = view.getUint8(at + 8);
  if (charge !== U8_UNKNOWN) reading.battery = charge;
  return reading;
}

function unsigned(value: number | undefined, scale: number, least: number): number {
  return value === undefined ? U16_UNKNOWN : Math.max(least, Math.min(Math.round(value * scale), U16_UNKNOWN - 1));
}

function heading(degrees: number | undefined): number {
  return degrees === undefined ? U16_UNKNOWN : Math.round(degrees * 100) % 36_000;
}

function altitude(metres: number | undefined): number {
  return metres === undefined ? I16_UNKNOWN : Math.max(I16_UNKNOWN + 1, Math.min(Math.round(metres), I16_MAX));
}
