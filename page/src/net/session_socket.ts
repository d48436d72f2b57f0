/** One WebSocket of a session, from the dial to its end. */
import type { Membership } from "../memory/membership";
import { openSocket } from "./first_dial";

export interface SocketEvents {
  onOpen(): void;
  onFrame(frame: string | ArrayBuffer): void;
  /** It could not be opened, or has closed: with which code. */
  onClose(code: number): void;
}

export class SessionSocket {
  private readonly socket: WebSocket;
  private readonly listening = new AbortController();

  constructor(membership: Membership, events: SocketEvents) {
    const { signal } = this.listening;
    this.socket = openSocket(membership);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("open", () => events.onOpen(), { signal });
    this.socket.addEventListener("message", ({ data }) => events.onFrame(data), { signal });
    this.socket.addEventListener("close", ({ code }) => events.onClose(code), { signal });
    // It may have been dialed before, and be open already.
    if (this.socket.readyState === WebSocket.OPEN) queueMicrotask(() => signal.aborted || events.onOpen());
  }

  send(frame: string | ArrayBuffer): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(frame);
  }

  /** Closes it; nothing more is told of it. */
  close(code: number): void {
    this.listening.abort();
    this.socket.close(code);
  }
}
