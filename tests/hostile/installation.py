"""A running installation as it stands on the internet, with what its operator could look at."""

import asyncio
import itertools
import json
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from cavalcade.client import Membership, create_session, join_session
from cavalcade.stack import data_directory, programs
from cavalcade.stack.up import PAGE
from testbed.installations.installation import ROOM, installation
from tests.stack import doors

SETTINGS = {
    **dict.fromkeys(ROOM, ""),  # the quotas that an operator has who sets none
    "CAVALCADE_MIN_LIFETIME_S": "1",
    "CAVALCADE_HOST_AWAY_S": "1",
    "CAVALCADE_PURGE_AFTER_S": "1",
}

_callers = itertools.count()

_HARMLESS = {"websocket_library", "loop_stalled"}
"""Logged as errors, though one says that a peer broke the protocol, the other that the machine is busy."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A running `cavalcade up`.

    Attributes:
        backend: Which.
        base: Its public address.
        data: Its data directory.
        pid: Of `cavalcade up` itself.
        deployed: The port of a second door in front of the same processes: the one in `deploy/`.
    """

    backend: str
    base: str
    data: Path
    pid: int
    deployed: int

    @property
    def parts(self) -> programs.Backend:
        """Its processes and their sockets."""
        return programs.backend(self.backend, data_directory.sockets_folder(self.data))

    def doors(self, kind: str) -> dict[str, str | int]:
        """Where requests can be sent: through either Caddy (a port), and past it to the process itself (a path).

        Args:
            kind: `http` or `socket`.
        """
        behind = self.parts.http if kind == "http" else self.parts.sockets
        return {"caddy": int(self.base.rpartition(":")[2]), "deployed": self.deployed, "process": str(behind[0])}

    def pids(self) -> dict[str, int]:
        """The process ids of the processes of our own, and Caddy's, by their command."""
        rows = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        table = {}
        for row in rows.splitlines():
            pid, parent, command = row.split(None, 2)
            table[int(pid)] = (int(parent), command)
        found = {self.pid}
        while more := {pid for pid, (parent, _) in table.items() if parent in found} - found:
            found |= more
        commands = {pid: table[pid][1] for pid in found if "watchdog.py" not in table[pid][1]}
        names = {program.command: f"-m cavalcade {program.command} " for program in self.parts.programs}
        names["caddy"] = "caddy run"
        return {name: pid for name, part in names.items() for pid, command in commands.items() if part in command}

    async def metrics(self) -> dict[str, str]:
        """What each process exposes, by its command."""
        return {program.command: await _ask(program.internal, "/metrics") for program in self.parts.programs}

    def log_lines(self, *levels: str) -> list[dict[str, Any]]:
        """The log lines of our own processes at these levels; a line that is no JSON counts as an error."""
        lines = []
        for program in self.parts.programs:
            for path in sorted((self.data / "logs").glob(f"{program.log}.log*")):
                for text in path.read_text(errors="replace").splitlines():
                    line: dict[str, Any] = {"event": text, "level": "error"}
                    with suppress(ValueError):
                        line = json.loads(text)
                    if line.get("level") in levels and line.get("event") not in _HARMLESS:
                        lines.append(line)
        return lines

    @asynccontextmanager
    async def caller(self, address: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Who calls from an address of its own, past Caddy: what others do from this machine does not count for it."""
        address = address or f"192.0.{2 + next(_callers) % 250}.{next(_callers) % 250}"
        transport = httpx.AsyncHTTPTransport(uds=str(self.parts.http[0]))
        headers = {"X-Forwarded-For": address}
        async with httpx.AsyncClient(transport=transport, headers=headers, base_url=self.base) as client:
            yield client

    async def create(self, **options: Any) -> Membership:
        """Makes a session."""
        async with self.caller() as client:
            return await create_session(self.base, http=client, **options)

    async def join(self, host: Membership, name: str | None = None) -> Membership:
        """Lets somebody into a session."""
        assert host.link is not None
        async with self.caller() as client:
            return replace(await join_session(host.link, name=name, http=client), code=host.code)


async def _ask(unix: Path, path: str) -> str:
    transport = httpx.AsyncHTTPTransport(uds=str(unix))
    async with httpx.AsyncClient(transport=transport, base_url="http://internal") as client:
        return (await client.get(path)).raise_for_status().text


def resident_bytes(pid: int) -> int:
    """How much memory a process has, resident and its own (not shared with files)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"{pid} has no memory")


@asynccontextmanager
async def installed(backend: str, environment: Mapping[str, str] = SETTINGS) -> AsyncIterator[Installation]:
    """Starts an installation on a port and a folder of its own."""
    (port,) = doors.free_ports(1)
    with tempfile.TemporaryDirectory(prefix="cavalcade-test-") as folder:
        async with installation(backend, 1, settings=environment) as running:
            both = Installation(backend, running.public_url, running.data, running.pid, port)
            http, sockets = ([f"unix/{path}" for path in paths] for paths in (both.parts.http, both.parts.sockets))
            told = doors.deployed_environment(port, PAGE, http, sockets, backend)
            told["CAVALCADE_DOMAIN"] = f"http://:{port}"  # whatever host is asked for, as at the other door
            text = doors.on_this_machine(doors.DEPLOYED.read_text())
            async with doors.running(text, Path(folder), port, told, ready="/readyz"):
                yield both


async def opened(door: str | int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connects to a port of this machine, or to a Unix socket."""
    if isinstance(door, int):
        return await asyncio.open_connection("127.0.0.1", door)
    return await asyncio.open_unix_connection(door)


async def exchange(door: str | int, chunks: Iterable[bytes], patience_s: float) -> bytes:
    """Sends bytes on one connection and returns all that came back.

    Args:
        door: A port of this machine or the path of a Unix socket.
        chunks: What is sent, a write each.
        patience_s: How long nothing may come before this gives up.
    """
    loop, received = asyncio.get_running_loop(), bytearray()
    family = socket.AF_INET if isinstance(door, int) else socket.AF_UNIX
    # Not over a stream of asyncio's, which reads nothing more once a write has failed: the answer may come before that.
    with socket.socket(family) as connection, suppress(OSError, TimeoutError):
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", door) if isinstance(door, int) else door)
        with suppress(OSError):
            for chunk in chunks:
                await asyncio.wait_for(loop.sock_sendall(connection, chunk), patience_s)
        while data := await asyncio.wait_for(loop.sock_recv(connection, 65_536), patience_s):
            received += data
    return bytes(received)
