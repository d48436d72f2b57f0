"""One HTTP connection under uvicorn, with bounds on what a peer may make it hold and for how long.

Caddy bounds the same things at the door. These hold where a process stands behind another load balancer, or is reached
past it.
"""

import asyncio
from typing import Any, Final, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cavalcade.server.http.problems import MEDIA_TYPE, document

HEAD_S: Final = 10.0
"""How long a request's head may take from its first byte."""

BODY_S: Final = 30.0
"""How long a request's body may take from the end of its head."""

READ_S: Final = 30.0
"""How long a peer may leave an answer lying that the kernel has no room for."""

MAX_HEAD: Final = 32_768
"""The largest head, bytes; Caddy passes on half of it."""

MAX_PIPELINED: Final = 8
"""Requests that may wait on one connection behind the one that is being answered."""

_ENCODINGS: Final[tuple[list[bytes], ...]] = ([], [b"chunked"])
"""What a request's `Transfer-Encoding` may be."""

_UNREADABLE: Final = msgspec.json.encode(document("invalid_request", "The request could not be read."))


class HttpConnection(HttpToolsProtocol):
    """A connection that cannot be held open by sending or reading a byte at a time.

    One that has said nothing yet is idle, as between two requests: proxies open connections ahead of their use.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The peer is there."""
        self._read_deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True
        super().connection_made(cast("asyncio.Transport", _Transport(transport)))
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone."""
        self._stop_waiting()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Something came in."""
        if self._in_head:
            if self._head_bytes == 0:
                self._wait(HEAD_S)
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """A request's head is there."""
        self._in_head, self._head_bytes = False, 0
        self._wait(BODY_S)
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")
        elif len(self.pipeline) == MAX_PIPELINED:
            self._refuse(b"429 Too Many Requests")
        elif [value.lower() for name, value in self.headers if name == b"transfer-encoding"] not in _ENCODINGS:
            # The parser takes others as well, and leaves them in the body.
            self.send_400_response("")
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a request's body is there."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is there as a whole."""
        self._stop_waiting()
        self._in_head = True
        if not self.transport.is_closing():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as uvicorn has it
        """Answers what is no request with a problem document, and closes."""
        self._stop_waiting()
        head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        self.transport.write(head % (MEDIA_TYPE.encode(), len(_UNREADABLE)) + _UNREADABLE)
        self.transport.close()

    def pause_writing(self) -> None:
        """The peer does not read its answer."""
        super().pause_writing()
        self._write_deadline = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer reads on."""
        super().resume_writing()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._read_deadline = self.loop.call_later(seconds, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._read_deadline is not None:
            self._read_deadline.cancel()
            self._read_deadline = None

    def _refuse(self, status: bytes) -> None:
        """Answers and closes; an app that still waits for a body learns that there is none."""
        self._stop_waiting()
        self.transport.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        self.transport.close()


class _Transport:
    """A transport to which late answers may be written: once it is closed they go nowhere."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()
