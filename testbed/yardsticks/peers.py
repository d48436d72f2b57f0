"""Further servers under the same load: whatever relays Channels V2 `position` pushes to the other members of a topic.

A peer is a command that serves on 127.0.0.1, on the port that the environment variable PORT names. It takes WebSockets
at `/socket/websocket?vsn=2.0.0`, lets everybody join a topic `session:<id>`, and passes the binary payload of a
`position` push on, as a broadcast of the same event, to all in the topic but the sender.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cavalcade.wire.channel import TOPIC_PREFIX
from cavalcade.wire.frame import Message, encode_client_push, encode_text
from testbed.installations.installation import InstallationError, free_port
from testbed.installations.process_usage import descendants
from testbed.load.traffic import Target

START_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """A further server to be put under load, before it runs.

    Attributes:
        command: Its command line. It serves on the port in the environment variable PORT.
        targets: Makes the ways in, given how many sessions and how many members each.
        relays: Whether it passes each fix on as it is, to the others alone; else it sends packed positions to all.
    """

    command: tuple[str, ...]
    targets: Callable[[int, int], list[Target]]
    relays: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """A running peer.

    Attributes:
        port: Where it serves, on 127.0.0.1.
        pid: Of its command.
    """

    port: int
    pid: int

    def processes(self) -> list[int]:
        """The ids of all its processes."""
        return [self.pid, *descendants(self.pid)]


@asynccontextmanager
async def peer(name: str, command: Sequence[str], *, cores: frozenset[int] | None = None) -> AsyncIterator[Peer]:
    """Runs a peer's command, and ends it with all that it started.

    Args:
        name: What it is called, for errors.
        command: Its command line.
        cores: On which cores its processes are kept.

    Raises:
        InstallationError: It cannot be run, or does not serve in time.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cavalcade-peer-") as folder:
        output = Path(folder) / "output"
        try:
            with output.open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    env={**os.environ, "PORT": str(port)},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise InstallationError(f"the peer {name} cannot be run: {error}") from error
        try:
            if cores is not None:
                os.sched_setaffinity(process.pid, cores)
            await _serves(name, port, process, output)
            yield Peer(port, process.pid)
        finally:
            await _end(process)


def relay(command: Sequence[str]) -> Server:
    """A server that speaks Channels V2, as above."""
    return Server(tuple(command), _targets, relays=True)


def _targets(sessions: int, size: int) -> list[Target]:
    """How the load generator gets people in: everybody who joins a topic is in it."""
    return [_target(session) for session in range(sessions) for _ in range(size)]


def _target(session: int) -> Target:
    session_id = f"peer{session:06d}"
    topic = TOPIC_PREFIX + session_id
    return Target(
        f"/socket/websocket?vsn=2.0.0&session={session_id}",
        session,
        join=encode_text(Message("1", "1", topic, "phx_join", {"mode": "binary"})).decode(),
        envelope=encode_client_push("1", "2", topic, "position", b"").decode("latin-1"),
    )


async def _serves(name: str, port: int, process: asyncio.subprocess.Process, output: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_WITHIN_S
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        if process.returncode is not None or asyncio.get_running_loop().time() > deadline:
            said = output.read_text(errors="replace")[-2000:]  # noqa: ASYNC240 - it is over for this peer
            raise InstallationError(f"the peer {name} does not serve on its port {port}:\n{said}")
        await asyncio.sleep(0.05)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Asks the whole process group to end, and sees to it that it has."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN_S):
                await process.wait()
