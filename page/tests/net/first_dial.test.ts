import { beforeEach, expect, test, vi } from "vitest";
import { dialFirst, openSocket } from "../../src/net/first_dial";

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
  openSocket(ADDRESS);
  Dialed.all = [];
  dialFirst(MEMBERSHIP);
});

test("the client takes over what was dialed as it would dial itself, once", () => {
  expect(Dialed.all.map(({ address, protocols }) => [address, protocols])).toEqual([[ADDRESS, PROTOCOLS]]);
  expect(openSocket(ADDRESS, PROTOCOLS)).toBe(Dialed.all[0]);
  expect(openSocket(ADDRESS, PROTOCOLS)).toBe(Dialed.all[1]);
});

test("one that is open already says so once there is somebody to hear it", async () => {
  const [first] = Dialed.all;
  if (first) first.readyState = 1;
  const heard = vi.fn();
  openSocket(ADDRESS, PROTOCOLS).addEventListener("open", heard);
  expect(heard).not.toHaveBeenCalled();
  await Promise.resolve();
  expect(heard).toHaveBeenCalledOnce();
});

test.each([2, 3])("one in state %d is over, and another is dialed", (state) => {
  const [first] = Dialed.all;
  if (first) first.readyState = state;
  expect(openSocket(ADDRESS, PROTOCOLS)).toBe(Dialed.all[1]);
});

test.each([
  ["another address", ADDRESS.replace("2o4", "3o4"), PROTOCOLS],
  ["another token", ADDRESS, ["phoenix", "base64url.bearer.phx.YW5vdGhlcg"]],
  ["no token", ADDRESS, undefined],
])("with %s it is hung up, and another is dialed", (_, address, protocols) => {
  expect(openSocket(address, protocols)).toBe(Dialed.all[1]);
  expect(Dialed.all.map(({ isClosed }) => isClosed)).toEqual([true, false]);
});
