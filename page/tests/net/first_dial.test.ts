import { beforeEach, expect, test, vi } from "vitest";
import { dialFirst, openSocket } from "../../src/net/first_dial";
import { SessionSocket } from "../../src/net/session_socket";

const MEMBERSHIP = {
  sessionId: "2o4sg3by83",
  name: "Copper Swift",
  path: "/j#2o4sg3by83.UP4n2Lur35udtaxP4t5iag",
  token: "a.token",
  socket: "wss://convoy.example.org/socket",
  expiresAt: 0,
};
const ADDRESS = "wss://convoy.example.org/socket/websocket?session=2o4sg3by83&vsn=2.0.0";
const PROTOCOLS = ["phoenix", "base64url.bearer.phx.YS50b2tlbg"];

class Dialed extends EventTarget {
  static readonly OPEN = 1;
  static all: Dialed[] = [];
  readyState = 0;
  isClosed = false;

  constructor(
    readonly address: string,
    readonly protocols: string[],
  ) {
    super();
    Dialed.all.push(this);
  }

  close(): void {
    this.isClosed = true;
  }
}

beforeEach(() => {
  vi.stubGlobal("WebSocket", Dialed);
  openSocket(MEMBERSHIP);
  Dialed.all = [];
  dialFirst(MEMBERSHIP);
});

test("the session takes over what was dialed, once", () => {
  expect(Dialed.all.map(({ address, protocols }) => [address, protocols])).toEqual([[ADDRESS, PROTOCOLS]]);
  expect(openSocket(MEMBERSHIP)).toBe(Dialed.all[0]);
  expect(openSocket(MEMBERSHIP)).toBe(Dialed.all[1]);
});

test("one that is open already says so once there is somebody to hear it", async () => {
  const [first] = Dialed.all;
  if (first) first.readyState = 1;
  const events = { onOpen: vi.fn(), onFrame: vi.fn(), onClose: vi.fn() };
  new SessionSocket(MEMBERSHIP, events);
  expect(events.onOpen).not.toHaveBeenCalled();
  await Promise.resolve();
  expect(events.onOpen).toHaveBeenCalledOnce();
});

test("one that was closed here tells nothing more", async () => {
  const [first] = Dialed.all;
  if (first) first.readyState = 1;
  const events = { onOpen: vi.fn(), onFrame: vi.fn(), onClose: vi.fn() };
  new SessionSocket(MEMBERSHIP, events).close(1000);
  await Promise.resolve();
  first?.dispatchEvent(new Event("close"));
  expect(first?.isClosed).toBe(true);
  expect(events.onOpen).not.toHaveBeenCalled();
  expect(events.onClose).not.toHaveBeenCalled();
});

test.each([2, 3])("one in state %d is over, and another is dialed", (state) => {
  const [first] = Dialed.all;
  if (first) first.readyState = state;
  expect(openSocket(MEMBERSHIP)).toBe(Dialed.all[1]);
});

test("that of another place in a session is hung up, and another is dialed", () => {
  expect(openSocket({ ...MEMBERSHIP, token: "another" })).toBe(Dialed.all[1]);
  expect(Dialed.all.map(({ isClosed }) => isClosed)).toEqual([true, false]);
});
