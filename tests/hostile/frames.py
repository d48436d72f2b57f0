"""Bytes of WebSockets by hand: what a well-behaved library would never send, and what came back."""

import base64
import struct
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    announced: int | None = None,
) -> bytes:
    """A frame with the mask zero.

    Args:
        opcode: What it is.
        payload: What is in it.
        fin: Whether it ends its message.
        reserved: The three reserved bits, as a number from 0 to 7.
        masked: Clients must mask; False breaks that.
        announced: The length that its head gives; that of the payload by default.
    """
    size = len(payload) if announced is None else announced
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask = 0x80 if masked else 0
    if size < 126:
        head = struct.pack(">BB", first, mask | size)
    elif size < 65536:
        head = struct.pack(">BBH", first, mask | 126, size)
    else:
        head = struct.pack(">BBQ", first, mask | 127, size)
    return head + (bytes(4) if masked else b"") + payload


def handshake(session_id: str, token: str, *more: str, query: str = "vsn=2.0.0") -> bytes:
    """The request of a client that is no browser, with more header lines if need be."""
    encoded = base64.b64encode(token.encode()).rstrip(b"=").decode()
    lines = (
        f"GET /socket/websocket?{query}&session={session_id} HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        f"Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.{encoded}",
        *more,
    )
    return "\r\n".join((*lines, "", "")).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent on one connection until it closed it or fell silent.

    Attributes:
        statuses: Of every HTTP answer.
        frames: Opcode and payload of every frame after a 101.
        head: The first answer's status line and headers.
    """

    statuses: tuple[int, ...]
    frames: tuple[tuple[int, bytes], ...]
    head: bytes

    @property
    def close_code(self) -> int | None:
        """The code of the close, where there was one with a code."""
        for opcode, payload in self.frames:
            if opcode == CLOSE and len(payload) >= 2:
                return int.from_bytes(payload[:2], "big")
        return None


def read_answer(data: bytes) -> Answer:
    """Takes apart what came on one connection; what was cut off at the end is left out."""
    statuses: list[int] = []
    first_head = b""
    while data.startswith(b"HTTP/1."):
        head, separator, data = data.partition(b"\r\n\r\n")
        if not separator:
            break
        first_head = first_head or head
        statuses.append(int(head.split(b" ", 2)[1]))
        if statuses[-1] == 101:
            return Answer(tuple(statuses), tuple(_frames(data)), first_head)
        _, found, rest = data.partition(b"HTTP/1.")
        data = found + rest
    return Answer(tuple(statuses), (), first_head)


def _frames(data: bytes) -> list[tuple[int, bytes]]:
    frames = []
    while len(data) >= 2:
        opcode, size, at = data[0] & 0x0F, data[1] & 0x7F, 2
        if size >= 126:
            at += 2 if size == 126 else 8
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + size:
            break
        frames.append((opcode, data[at : at + size]))
        data = data[at + size :]
    return frames
