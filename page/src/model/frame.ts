/** Frames of Phoenix Channels V2, as a client writes and reads them: JSON text, or a kind byte, lengths, strings and bytes. */

export interface Message {
  /** The ref of the join that opened the channel; null for broadcasts and heartbeats. */
  readonly joinRef: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  /** JSON, or bytes where the frame is binary. */
  readonly payload: unknown;
}

/** What came is nothing that this page can read. */
export class UnreadableFrame extends Error {}

const PUSH = 0;
const BROADCAST = 2;

export function encodeText({ joinRef, ref, topic, event, payload }: Message): string {
  return JSON.stringify([joinRef, ref, topic, event, payload]);
}

/** Writes a binary push; its strings are ASCII of at most 255 bytes. */
export function encodePush({ joinRef, ref, topic, event }: Message, payload: ArrayBuffer): ArrayBuffer {
  const strings = [joinRef ?? "", ref ?? "", topic, event];
  const head = new TextEncoder().encode(strings.join(""));
  const bytes = new Uint8Array(1 + strings.length + head.length + payload.byteLength);
  bytes.set([PUSH, ...strings.map((text) => text.length)]);
  bytes.set(head, 1 + strings.length);
  bytes.set(new Uint8Array(payload), bytes.length - payload.byteLength);
  return bytes.buffer;
}

/**
 * Reads what a server sent: text, or a binary push or broadcast.
 *
 * @throws UnreadableFrame where it is none of these.
 */
export function decodeFrame(frame: string | ArrayBuffer): Message {
  if (typeof frame === "string") {
    const parts = parsed(frame);
    if (!Array.isArray(parts)) throw new UnreadableFrame("a text that is no list");
    const [joinRef, ref, topic, event, payload] = parts;
    return { joinRef, ref, topic, event, payload };
  }
  const bytes = new Uint8Array(frame);
  const count = bytes[0] === PUSH ? 3 : bytes[0] === BROADCAST ? 2 : 0;
  if (count === 0) throw new UnreadableFrame(`a binary frame of kind ${bytes[0]}`);
  let at = 1 + count;
  const strings = Array.from(bytes.subarray(1, at), (length) => {
    const text = new TextDecoder().decode(bytes.subarray(at, at + length));
    at += length;
    return text;
  });
  const [event = "", topic = "", joinRef = null] = strings.reverse();
  return { joinRef, ref: null, topic, event, payload: frame.slice(at) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableFrame("a text that is not JSON");
  }
}
