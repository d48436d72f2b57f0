"""Sockets at the wrong node: bytes are passed on to the owner, over one hop.

The head of a request says which session it is for. Where that is served here, the transport goes to picows with what
was read so far, and nothing of this stands in its way any more. Where it is served by another node, the bytes of both
sides are passed on as they are: its member is served from the first moment, whatever the load balancer believes.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.peers import ASK_S, MARK, Peers, dial
from cavalcade.monolith.placement import NodeLease
from cavalcade.storage.errors import Unavailable
from cavalcade.wire.codes import is_session_id

MAX_HEAD: Final = 16 * 1024
HEAD_S: Final = 10.0
"""How long a peer has for its request's head."""

TRIES: Final = 3
"""How often an owner is looked for, since the one found may just have died."""

HIGH_WATER: Final = 16 * 1024
"""Bytes that wait for one side before the other is not read any more."""

_END: Final = b"\r\n\r\n"
_MARKED: Final = re.compile(rb"\r\n" + MARK.encode() + rb":[ \t]*([^\r\n]*)", re.IGNORECASE)
_UNAVAILABLE: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class Relays:
    """Sends new connections to where their sessions are served."""

    def __init__(self, ownership: Ownership, peers: Peers, note_gone: Callable[[NodeLease], None]) -> None:
        """Starts without any.

        Args:
            ownership: Says where sessions are served.
            peers: The other nodes.
            note_gone: Called with a node that has died.
        """
        self.passed_on = 0
        """Connections since the start that went to another node."""
        self._ownership, self._peers, self._note_gone = ownership, peers, note_gone
        self._open: dict[asyncio.BaseTransport, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def sessions(self) -> set[str]:
        """The sessions that have connections passed on from here."""
        return set(self._open.values())

    def protocol(self, serve_here: Callable[[], asyncio.BaseProtocol]) -> asyncio.BaseProtocol:
        """The protocol of a new connection; see `server.sockets.listener.Through`."""
        return _Head(self, serve_here)

    def close(self) -> None:
        """Drops all connections that are passed on."""
        for transport in tuple(self._open):
            transport.close()

    def decide(self, head: "_Head", request: bytes) -> None:
        """Sends a connection whose head has come on its way."""
        session_id = _session_of(request)
        is_marked = self._is_marked(request)
        if session_id is not None and not is_marked:
            self._ownership.note_arrival(session_id)
        if session_id is None or session_id in self._ownership.held:
            head.serve_here()
            return
        task = asyncio.create_task(self._find(head, session_id, is_marked=is_marked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_marked(self, request: bytes) -> bool:
        found = _MARKED.search(request)
        return found is not None and self._peers.is_marked(found[1].decode("latin-1").strip())

    async def _find(self, head: "_Head", session_id: str, *, is_marked: bool) -> None:
        for _ in range(TRIES):
            try:
                lease = await self._ownership.locate(session_id)
            except Unavailable:
                break
            if lease is None:
                head.serve_here()
                return
            if is_marked or head.is_lost:
                break  # it was passed on once already
            if await self._pass_on(head, session_id, lease):
                return
            if await self._peers.is_gone(lease):
                self._note_gone(lease)
        head.refuse()

    async def _pass_on(self, head: "_Head", session_id: str, lease: NodeLease) -> bool:
        """Connects to the owner and waits for its first bytes; False where there are none in time."""
        far = _Side()
        try:
            async with asyncio.timeout(ASK_S):
                transport, _ = await dial(lease.sockets, lambda: far)
                transport.write(_marked(head.received, self._peers.mark))
                first = await far.first
        except OSError:  # a TimeoutError is one
            far.drop()
            return False
        if not first or head.is_lost:
            far.drop()
            return head.is_lost
        near = head.become(far)
        near.write(first)
        self.passed_on += 1
        self._open[near] = session_id
        far.closed = lambda: self._open.pop(near, None)
        return True


class _Side(asyncio.Protocol):
    """One side of a connection that is passed on: what it reads goes to the other."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        """The first bytes that came; none where the connection was lost before."""
        self.closed: Callable[[], object] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's does not inherit from it
        transport.set_write_buffer_limits(HIGH_WATER)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        elif not self.first.done():
            self.first.set_result(data)
            assert self.transport is not None
            self.transport.pause_reading()  # until the other side is there

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.first.done():
            self.first.set_result(b"")
        if self.other is not None:
            self.other.drop()
        self.closed()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def drop(self) -> None:
        """Closes once what waits is sent."""
        if self.transport is not None:
            self.transport.close()


class _Head(asyncio.Protocol):
    """Reads the head of a request, then makes way."""

    def __init__(self, relays: Relays, serve_here: Callable[[], asyncio.BaseProtocol]) -> None:
        self.received = b""
        self.is_lost = False
        self._relays, self._serve_here = relays, serve_here
        self._transport: Any = None
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._late = asyncio.get_running_loop().call_later(HEAD_S, transport.close)

    def data_received(self, data: bytes) -> None:
        self.received += data
        end = self.received.find(_END)
        if end < 0 and len(self.received) <= MAX_HEAD:
            return
        self._transport.pause_reading()
        self._stop_waiting()
        if end < 0:
            self.serve_here()  # which refuses it
        else:
            self._relays.decide(self, self.received[: end + len(_END)])

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_lost = True
        self._stop_waiting()

    def serve_here(self) -> None:
        """Hands the connection to the protocol that serves it, with all that was read."""
        if self.is_lost or self._transport.is_closing():
            return
        protocol: Any = self._serve_here()
        transport, received = self._transport, memoryview(self.received)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        while received and not transport.is_closing():
            buffer = protocol.get_buffer(len(received))
            taken = min(len(buffer), len(received))
            buffer[:taken] = received[:taken]
            protocol.buffer_updated(taken)
            received = received[taken:]
        if not transport.is_closing():
            transport.resume_reading()

    def become(self, far: _Side) -> asyncio.Transport:
        """Joins this connection with another one, and returns its transport."""
        near = _Side()
        near.other, far.other = far, near
        self._transport.set_protocol(near)
        near.connection_made(self._transport)
        assert far.transport is not None
        self._transport.resume_reading()
        far.transport.resume_reading()
        assert near.transport is not None
        return near.transport

    def refuse(self) -> None:
        """Tells the client to come again."""
        if not self.is_lost:
            self._transport.write(_UNAVAILABLE)
            self._transport.close()

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _session_of(request: bytes) -> str | None:
    """The session that a request's target names."""
    target = request.split(b" ", 2)[1:2]
    if not target:
        return None
    try:
        query = parse_qs(urlsplit(target[0].decode("latin-1")).query, max_num_fields=32)
    except ValueError:
        return None
    session_id = query.get("session", [""])[-1]
    return session_id if is_session_id(session_id) else None


def _marked(received: bytes, mark: str) -> bytes:
    """The bytes of a request with the node's mark as its first header, and without one that somebody made up."""
    first, _, rest = _MARKED.sub(b"", received).partition(b"\r\n")
    return first + f"\r\n{MARK}: {mark}\r\n".encode() + rest
