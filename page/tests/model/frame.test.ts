import { expect, test } from "vitest";
import { decodeFrame, encodePush, encodeText } from "../../src/model/frame";

const PUSH = { joinRef: "1", ref: "23", topic: "session:abcdefghij", event: "position", payload: null };
const bytes = (...parts: (string | number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : part))).buffer;

test("a push is written as the official client writes it", () => {
  const expected = bytes([0, 1, 2, 18, 8], "123session:abcdefghijposition", [7, 255]);
  expect(encodePush(PUSH, bytes([7, 255]))).toEqual(expected);
});

test("text is written and read", () => {
  const text = '["1","23","session:abcdefghij","position",{"a":"\u00eb"}]';
  expect(decodeFrame(text)).toEqual({ ...PUSH, payload: { a: "\u00eb" } });
  expect(encodeText({ ...PUSH, payload: {} })).toBe('["1","23","session:abcdefghij","position",{}]');
});

test("a broadcast and a push from a server are read", () => {
  const broadcast = decodeFrame(bytes([2, 3, 5], "topevent", [1, 2]));
  expect(broadcast).toEqual({ joinRef: null, ref: null, topic: "top", event: "event", payload: bytes([1, 2]) });
  const push = decodeFrame(bytes([0, 1, 3, 5], "1topevent"));
  expect(push).toEqual({ joinRef: "1", ref: null, topic: "top", event: "event", payload: bytes() });
});

test.each([[bytes()], [bytes([1, 0, 0])], ["{}"], ["["]])("anything else is refused", (frame) => {
  expect(() => decodeFrame(frame)).toThrow();
});
