/**
 * The first dial. A small script of its own opens the session's socket. It arrives long before the page's code, so the
 * handshake is done while that is on its way. The session takes the socket over.
 */
import type { Membership } from "../memory/membership";

// See "Socket" in docs/contract.md.
const VERSION = "2.0.0";
const TOKEN_PROTOCOL = "base64url.bearer.phx.";

let dialed: { readonly token: string; readonly socket: WebSocket } | null = null;

/** Dials, before there is a session to do it. */
export function dialFirst(membership: Membership): void {
  dialed = { token: membership.token, socket: dial(membership) };
}

/** Opens a session's socket, or takes the one that was dialed before, if it is that session's and alive. */
export function openSocket(membership: Membership): WebSocket {
  const first = dialed;
  dialed = null;
  if (first?.token === membership.token && first.socket.readyState <= WebSocket.OPEN) return first.socket;
  first?.socket.close();
  return dial(membership);
}

function dial({ socket, sessionId, token }: Membership): WebSocket {
  const address = `${socket}/websocket?session=${sessionId}&vsn=${VERSION}`;
  return new WebSocket(address, ["phoenix", TOKEN_PROTOCOL + btoa(token).replaceAll("=", "")]);
}
