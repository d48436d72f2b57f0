"""Serving HTTP with uvicorn inside a loop that also does other things."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import uvicorn
from litestar.types import ASGIApp

from cavalcade.server.http.http_connection import HttpConnection

GRACE_S: Final = 5
"""How long requests that are under way may take once the server is to stop, seconds."""

KEEP_ALIVE_S: Final = 180
"""Longer than a proxy keeps idle connections (Caddy: 2 minutes), so that the proxy is the one who closes them."""

BACKLOG: Final = 1024


async def serve_http(app: ASGIApp, listen: str) -> None:
    """Serves until cancelled, then lets the requests that are under way finish.

    Args:
        app: What answers.
        listen: `unix:/path` (made with mode 0600) or `HOST:PORT`.

    Raises:
        OSError: Where the address cannot be had.
    """
    config = uvicorn.Config(
        cast("Any", app),
        http=HttpConnection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # `addresses` decides whom to believe
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config)
    listening = bind(listen)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        try:
            await serving
        finally:
            # Cancelled a second time, uvicorn closes nothing. The loop must stop watching the socket before that is
            # closed: it would take the next socket of the same number for this one.
            for listener in getattr(server, "servers", ()):
                listener.close()
            listening.close()


def bind(listen: str) -> socket.socket:
    """Binds a listening socket.

    Args:
        listen: `unix:/path`, which its owner alone may connect to (what an earlier process left there is removed), or
            `HOST:PORT`.

    Raises:
        OSError: Where the address cannot be had.
    """
    if listen.startswith("unix:"):
        path = Path(listen.removeprefix("unix:"))
        path.unlink(missing_ok=True)
        listening = _bound(socket.AF_UNIX, str(path))
        path.chmod(0o600)
        return listening
    host, _, port = listen.rpartition(":")
    family, _, _, _, address = socket.getaddrinfo(
        host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    return _bound(family, address)


def _bound(family: socket.AddressFamily, address: Any) -> socket.socket:  # noqa: ANN401 - its form depends on the family
    listening = socket.socket(family)
    try:
        if family is not socket.AF_UNIX:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to the program that runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
