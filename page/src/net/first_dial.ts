/**
 * The first dial. A small script of its own opens the session's socket. It arrives long before the page's code, so the
 * handshake is done while that is on its way. The Phoenix client then takes the socket over.
 */
import type { Membership } from "../memory/memory";

// As the Phoenix client asks: see "Socket" in docs/contract.md.
const VERSION = "2.0.0";
const TOKEN_PROTOCOL = "base64url.bearer.phx.";

interface Dialed {
  readonly address: string;
  readonly protocols: string;
  readonly socket: WebSocket;
}

let dialed: Dialed | null = null;

/** Dials, before there is a client. */
export function dialFirst({ socket, sessionId, token }: Membership): void {
  const address = `${socket}/websocket?session=${sessionId}&vsn=${VERSION}`;
  const protocols = ["phoenix", TOKEN_PROTOCOL + btoa(token).replaceAll("=", "")];
  dialed = { address, protocols: protocols.join(), socket: new WebSocket(address, protocols) };
}

/** Opens a socket for the Phoenix client: the one that was dialed before, if it is what the client asks for and alive. */
export function openSocket(address: string, protocols: readonly string[] = []): WebSocket {
  const first = dialed;
  dialed = null;
  const isWanted = first?.address === address && first.protocols === protocols.join();
  if (!first || !isWanted || first.socket.readyState > WebSocket.OPEN) {
    first?.socket.close();
    return new WebSocket(address, [...protocols]);
  }
  const { socket } = first;
  // The Phoenix client has not heard that it is open, and listens only once it has the socket.
  if (socket.readyState === WebSocket.OPEN) queueMicrotask(() => socket.dispatchEvent(new Event("open")));
  return socket;
}
