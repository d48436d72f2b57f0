"""What can be done to the processes of an installation from outside, each by what its log is called."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import httpx

from testbed.installations.installation import Installation
from testbed.installations.process_usage import descendants

DOOR = "caddy"
DATABASE = "postgres"


def parts(running: Installation) -> dict[str, int]:
    """The processes under the watchdogs: `postgres`, `valkey`, `caddy`, `gateway` or `gateway-2`, ..."""
    found: dict[str, int] = {}
    logs = (running.data / "logs").resolve()
    for pid, command in descendants(running.pid).items():
        log = Path(command[command.index("--log") + 1]) if "--log" in command else None
        if log is not None and log.parent == logs:
            # The command that a watchdog runs is its only child, and comes before that command's own.
            found.update((log.stem, child) for child in list(descendants(pid))[:1])
    return found


def kill(running: Installation, part: str) -> None:
    """Ends a part as `kill -9` does; `cavalcade up` starts it again, as after every end."""
    os.kill(parts(running)[part], signal.SIGKILL)


def stop(running: Installation, part: str) -> None:
    """Asks a part to end in good order."""
    os.kill(parts(running)[part], signal.SIGINT if part == DATABASE else signal.SIGTERM)


def freeze(running: Installation, part: str) -> list[int]:
    """Stops a part where it stands, with all processes of its own; they are what `thaw` takes."""
    pid = parts(running)[part]
    pids = [pid, *descendants(pid)]
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    return pids


def thaw(pids: Iterable[int]) -> None:
    """Lets frozen processes go on, those that are there still."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def until_it_serves(running: Installation, part: str) -> None:
    """Waits until a process of our own, or Caddy, takes requests."""
    socket = None if part == DOOR else str(running.data / "run" / f"{part}-internal.sock")
    url = f"{running.base_url}/j" if socket is None else "http://internal/readyz"
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=socket), timeout=1.0) as http:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if not (await http.get(url)).is_server_error:
                    return
            await asyncio.sleep(0.02)
