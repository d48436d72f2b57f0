"""One HTTP request to ask whether a part serves, over TCP, TLS or a Unix socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

_TIMEOUT_S = 3.0
_MOST_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe got back. ``status`` is 0 where nothing answered; ``body`` then says why."""

    status: int
    body: str


async def get(
    path: str,
    *,
    socket: Path | None = None,
    port: int = 0,
    host: str = "localhost",
    address: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Ask for ``path`` once.

    Args:
        path: The request's path.
        socket: The Unix socket to ask on; without it ``address`` and ``port`` are used.
        port: The TCP port.
        host: The name in the Host header and, with TLS, the one that the certificate must be for.
        address: The IP address to connect to.
        tls: With it the request goes over TLS.

    Returns:
        The answer. It never raises: a part that is still starting refuses connections or breaks them off.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            if socket:
                reader, writer = await asyncio.open_unix_connection(str(socket))
            else:
                reader, writer = await asyncio.open_connection(
                    address, port, ssl=tls, server_hostname=host if tls else None
                )
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                received = await reader.read(_MOST_BYTES)
                while not reader.at_eof() and len(received) < _MOST_BYTES:
                    received += await reader.read(_MOST_BYTES)
            finally:
                writer.close()
    except (OSError, TimeoutError) as error:
        return Answer(0, str(error) or "no answer in time")
    head, _, body = received.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return Answer(status, body.decode(errors="replace"))
