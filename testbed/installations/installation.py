"""One `cavalcade up` to be measured: started, asked who its processes are, and stopped again."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cavalcade.settings import (
    JOINS_PER_MINUTE,
    OPERATIONS_PER_S,
    REJOINS_PER_MINUTE,
    SESSIONS_PER_HOUR,
    SOCKETS_PER_ADDRESS,
)
from testbed.installations.process_usage import descendants

START_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 30.0

ROOM: Final = {
    SESSIONS_PER_HOUR: "100000",
    JOINS_PER_MINUTE: "10000",
    OPERATIONS_PER_S: "1000",
    REJOINS_PER_MINUTE: "1000",
    SOCKETS_PER_ADDRESS: "20000",
}
"""Quotas for thousands of riders who all come from this machine."""

OWN: Final = ("api", "gateway", "node")
"""The commands of `cavalcade` whose processes a backend consists of."""


class InstallationError(Exception):
    """An installation could not be started or stopped: why, in plain words, with the end of its log."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A running installation.

    Attributes:
        backend: `services` or `monolith`.
        nodes: How many processes serve sockets.
        base_url: Where people come in.
        pid: The process id of `cavalcade up`.
        folder: Its data, logs and all.
    """

    backend: str
    nodes: int
    base_url: str
    pid: int
    folder: Path

    @property
    def port(self) -> int:
        """Where Caddy listens, on 127.0.0.1."""
        return int(self.base_url.rpartition(":")[2])

    @property
    def public_url(self) -> str:
        """Its address as links name it."""
        return f"http://localhost:{self.port}"

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    def processes(self) -> dict[str, list[int]]:
        """The ids of its processes, by what they are: `api`, `gateway`, `node`, `Caddy`, `PostgreSQL`, `Valkey`."""
        groups: dict[str, list[int]] = {}
        for pid, command in descendants(self.pid).items():
            if (name := program(command)) is not None:
                groups.setdefault(name, []).append(pid)
        return groups

    def log(self) -> str:
        """The end of what `cavalcade up` said."""
        return (self.folder / "up.log").read_text(errors="replace")[-2000:]


def program(command: list[str]) -> str | None:
    """What a process of an installation is, by its command line; None for those that only watch over another."""
    if not command or "watchdog.py" in " ".join(command):
        return None
    name = Path(command[0].split(":")[0]).name
    if name == "postgres":
        return "PostgreSQL"
    if name.startswith("valkey"):
        return "Valkey"
    if name.startswith("caddy"):
        return "Caddy"
    if "cavalcade" in command:
        after = command[command.index("cavalcade") + 1 :]
        if after and after[0] in OWN:
            return after[0]
    return None


@asynccontextmanager
async def installation(
    backend: str,
    nodes: int,
    *,
    settings: Mapping[str, str] | None = None,
    cores: frozenset[int] | None = None,
    prepare: Callable[[Path], object] = lambda _: None,
) -> AsyncIterator[Installation]:
    """Runs `cavalcade up` on a port and in a folder of its own, and stops it at the end.

    Args:
        backend: `services` or `monolith`.
        nodes: How many processes serve sockets.
        settings: Environment variables on top of `ROOM` and of this process's own, whose settings of Cavalcade do not
                count.
        cores: On which cores all its processes are kept; None leaves that to the kernel.
        prepare: Called with its empty folder, in which `data` will be its data directory, before anything starts.

    Raises:
        InstallationError: It did not start, or ended badly.
    """
    with tempfile.TemporaryDirectory(prefix="cavalcade-evaluate-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # noqa: ASYNC240 - once; PostgreSQL may run as another user, who must pass
        prepare(folder)
        with (folder / "up.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cavalcade", "up", "--backend", backend, "--nodes", str(nodes)),
                *("--port", str(free_port()), "--data", str(folder / "data")),
                # The app belongs to neither backend, and takes time to start.
                env={**_without_settings(os.environ), "CAVALCADE_APP": "off", **ROOM, **(settings or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        if cores is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, cores)  # what it starts inherits that
        running = Installation(backend, nodes, "", process.pid, folder)
        try:
            yield Installation(backend, nodes, await _ready(process, running), process.pid, folder)
        finally:
            await _stop(process, running)


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the database and the address of an installation that somebody runs, which must not be measured."""
    return {name: value for name, value in environment.items() if not name.startswith("CAVALCADE_")}


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens on, each another one: asked for one by one, two may be the same."""
    with ExitStack() as held:
        asked = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in asked:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in asked]


async def _ready(process: asyncio.subprocess.Process, running: Installation) -> str:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_WITHIN_S):
            line = (await process.stdout.readline()).decode()
    except TimeoutError:
        line = ""
    if not line.startswith("ready "):
        raise InstallationError(f"cavalcade up did not get ready within {START_WITHIN_S:.0f} s:\n{running.log()}")
    return line.split()[1].replace("localhost", "127.0.0.1")


async def _stop(process: asyncio.subprocess.Process, running: Installation) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            code = await process.wait()
    except TimeoutError:
        process.kill()
        raise InstallationError(f"cavalcade up did not stop within {STOP_WITHIN_S:.0f} s:\n{running.log()}") from None
    if code and sys.exc_info()[0] is None:
        raise InstallationError(f"cavalcade up ended with {code}:\n{running.log()}")
