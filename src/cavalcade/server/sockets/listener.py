"""Listening sockets for picows, TCP or Unix.

picows' own `ws_create_server` listens on TCP alone, since its protocol sets TCP options. Behind the load balancer a
Unix socket of mode 0600 keeps everybody else on the machine out, so the protocol is made here. `WSProtocol` and the
order of its arguments are picows' own affair: the version is pinned, and the tests of the socket would notice.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import structlog
from picows import WSAutoPingStrategy, WSListener, WSUpgradeRequest
from picows.common import WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not in picows' stubs

from cavalcade.wire.frame import MAX_FRAME

HANDSHAKE_S: Final = 10
READ_BUFFER: Final = 512
BACKLOG: Final = 1024

Accept = Callable[[WSUpgradeRequest, str | None], WSListener | WSUpgradeResponseWithListener]
"""Answers an upgrade request, given the address at the other end; None of a Unix socket."""

Through = Callable[[Callable[[], asyncio.BaseProtocol]], asyncio.BaseProtocol]
"""Makes a connection's first protocol, which may hand it to the one that its argument makes."""

_log = structlog.get_logger(__name__)


async def listen_for_sockets(
    accept: Accept, address: str, through: Through = lambda protocol: protocol()
) -> asyncio.Server:
    """Listens for WebSockets.

    Args:
        accept: Answers each upgrade request.
        address: `unix:/path` (made with mode 0600) or `HOST:PORT`.
        through: What looks at each connection first, if anything.

    Raises:
        OSError: Where the address cannot be had.
    """
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        _bind_privately(listening, Path(address.removeprefix("unix:")))
        return await loop.create_unix_server(
            lambda: through(lambda: _protocol(_UnixProtocol, accept)), sock=listening, backlog=BACKLOG
        )
    host, _, port = address.rpartition(":")
    return await loop.create_server(
        lambda: through(lambda: _protocol(_TcpProtocol, accept)), host.strip("[]") or None, int(port), backlog=BACKLOG
    )


def _bind_privately(listening: socket.socket, path: Path) -> None:
    """Binds a socket that its owner alone may connect to; what an earlier process left there is removed."""
    path.unlink(missing_ok=True)
    listening.bind(str(path))
    path.chmod(0o600)


def _protocol(kind: type[Any], accept: Accept) -> asyncio.BaseProtocol:
    peer = _Peer()
    protocol = kind(
        None,  # host and port, for clients
        None,  # path, for clients
        False,  # is_client_side
        lambda request: accept(request, peer.address),
        _QUIET,
        True,  # disconnect_on_exception
        HANDSHAKE_S,
        False,  # enable_auto_ping
        10,
        10,
        WSAutoPingStrategy.PING_WHEN_IDLE,
        False,  # enable_auto_pong: a peer that pings and never reads must not fill our buffers
        MAX_FRAME,
        None,  # extra_headers, for clients
        READ_BUFFER,
    )
    protocol.peer = peer
    return cast("asyncio.BaseProtocol", protocol)


class _Peer:
    """Who is at the other end, once a connection is there: picows shows the request alone."""

    __slots__ = ("address",)

    def __init__(self) -> None:
        self.address: str | None = None


class _TcpProtocol(WSProtocol):  # type: ignore[misc]  # as above
    """picows' protocol, which notes who is at the other end."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        name = transport.get_extra_info("peername")
        self.peer.address = name[0] if name else None
        super().connection_made(transport)


class _UnixProtocol(WSProtocol):  # type: ignore[misc]  # as above
    """picows' protocol over a Unix socket."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(_UnixTransport(transport))


class _UnixTransport:
    """A transport whose socket takes TCP options and ignores them."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the transport has
        return getattr(self._transport, name)

    def get_extra_info(self, name: str, default: object = None) -> object:
        found = self._transport.get_extra_info(name, default)
        return _UnixSocket(found) if name == "socket" else found


class _UnixSocket:
    """A socket that has no TCP options."""

    __slots__ = ("_socket",)

    def __init__(self, wrapped: socket.socket) -> None:
        self._socket = wrapped

    def fileno(self) -> int:
        return self._socket.fileno()

    def setsockopt(self, level: int, option: int, value: int) -> None:
        if level != socket.IPPROTO_TCP:
            self._socket.setsockopt(level, option, value)

    def getsockopt(self, level: int, option: int) -> int:
        return 0 if level == socket.IPPROTO_TCP else self._socket.getsockopt(level, option)


class _QuietLogger(logging.LoggerAdapter[logging.Logger]):
    """Drops picows' lines about single connections: they would name peers, and cost a logger for each connection."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the standard library's name
        return level >= logging.ERROR

    def log(self, level: int, *_: object, **details: Any) -> None:  # noqa: ANN401 - as inherited
        if level >= logging.ERROR:
            _log.error("websocket_library", exc_info=bool(details.get("exc_info")))


_QUIET: Final = _QuietLogger(logging.getLogger("picows"), {})
