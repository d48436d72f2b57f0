"""The servers that are compared: how each is started, and how a member gets into a session on it."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from cavalcade.domain.model import DAY_S, Limits, Role
from cavalcade.domain.operations import Join, Operation
from cavalcade.domain.session import decide, found, replay
from cavalcade.evaluation.installation import free_port
from cavalcade.evaluation.traffic import Target
from cavalcade.server.clock import now_ms
from cavalcade.server.tokens import TokenSigner
from cavalcade.stack import probe
from cavalcade.stack.process import Process, Service
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.channel import TOPIC_PREFIX
from cavalcade.wire.codes import hash_secret, new_secret, new_session_id
from cavalcade.wire.frame import Message, encode_binary_broadcast, encode_client_push, encode_text

BENCH: Final = Path(__file__).parent
ROOT: Final = BENCH.parent
NODE_HUB: Final = BENCH / "peers" / "node_ws"
STARLETTE_HUB: Final = BENCH / "peers" / "starlette_hub.py"

MOST_NAIVE_FRAMES_PER_S: Final = 10_000
"""A naive hub gets fewer members than the others where it would be swamped: it sends a frame for each position."""


class MissingTool(Exception):
    """Something that a contender needs is not on this machine: what, in plain words."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server to be measured.

    Attributes:
        name: Short, for the command line and JSON.
        title: For the table.
        service: How one process of it is started, given a port to listen on.
        targets: Makes sessions, given how many and how large, and says how their members get in.
        envelope_size: Bytes before the server's time in each frame of positions.
        coalesces: Whether it gathers positions for a window.
        helper_pids: Processes that work for it and whose CPU is looked at too, by name.
        processes: How many of it share the sessions, each of which has members on all of them.
    """

    name: str
    title: str
    service: Callable[[int], Service]
    targets: Callable[[int, int], Awaitable[list[Target]]]
    envelope_size: int = 0
    coalesces: bool = True
    helper_pids: dict[str, list[int]] = field(default_factory=dict)
    processes: int = 1

    def sessions(self, connections: int, size: int) -> int:
        """How many sessions of a size it is measured with, for about so many connections."""
        most = connections if self.coalesces else min(connections, MOST_NAIVE_FRAMES_PER_S // size)
        return max(1, most // size)


def floor(folder: Path, window_ms: int) -> Contender:
    """The raw write of ready frames, compiled now.

    Raises:
        MissingTool: There is no C compiler.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise MissingTool("the floor is a small C program, and there is no C compiler (cc, gcc or clang) here")
    program = folder / "floor"
    command = [compiler, "-O2", "-D_GNU_SOURCE", "-o", str(program), str(BENCH / "floor.c")]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own source
    if compiled.returncode:
        raise MissingTool(f"the floor could not be compiled:\n{compiled.stderr}")
    return Contender(
        "floor",
        "C epoll, write of ready frames",
        lambda port: _plain("floor", folder, port, str(program), str(port), str(window_ms)),
        _plain_targets,
    )


def node_ws(folder: Path, window_ms: int) -> Contender:
    """Node's `ws`, installed now from its lock file; a window of 0 relays each fix at once.

    Raises:
        MissingTool: There is no Node, or the package could not be had.
    """
    npm = str(ROOT / "tools" / "npm.sh")
    installing = [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    if not (NODE_HUB / "node_modules").exists():
        _run(installing, "Node's ws could not be installed")
    program = _run([npm, "exec", "--silent", "--call", "node --print process.execPath"], "there is no Node here")
    name = "node-ws-flush" if window_ms else "node-ws-naive"
    return Contender(
        name,
        "Node ws, same window" if window_ms else "Node ws, each fix at once",
        lambda port: _plain(name, folder, port, program.strip(), str(NODE_HUB / "hub.js"), str(port), str(window_ms)),
        _plain_targets,
        coalesces=window_ms > 0,
    )


def starlette(folder: Path, window_ms: int) -> Contender:
    """A hub on Starlette and uvicorn; a window of 0 relays each fix at once."""
    name = "starlette-flush" if window_ms else "starlette-naive"
    return Contender(
        name,
        "Starlette, same window" if window_ms else "Starlette, each fix at once",
        lambda port: _plain(name, folder, port, sys.executable, str(STARLETTE_HUB), str(port), str(window_ms)),
        _plain_targets,
        coalesces=window_ms > 0,
    )


def cavalcade(
    name: str,
    folder: Path,
    window_ms: int,
    *,
    database_url: str,
    redis_url: str,
    helper_pids: dict[str, list[int]],
    processes: int = 1,
) -> Contender:
    """Cavalcade's own process for sockets, on a PostgreSQL and a Valkey that run.

    Args:
        name: `gateway` (of `services`) or `node` (of `monolith`).
        folder: For logs.
        window_ms: How long it gathers positions.
        database_url: Where PostgreSQL is.
        redis_url: Where Valkey is.
        helper_pids: Processes that work for it, by name.
        processes: How many gateways share the sessions.
    """
    secret = new_secret() + new_secret()
    environment = {
        "CAVALCADE_DATABASE_URL": database_url,
        "CAVALCADE_REDIS_URL": redis_url,
        "CAVALCADE_SECRET": secret,
        "CAVALCADE_WINDOW_MS": str(window_ms),
    }
    topic = TOPIC_PREFIX + new_session_id()
    return Contender(
        name if processes == 1 else f"{name}s-{processes}",
        f"Cavalcade's {name}" if processes == 1 else f"{processes} of Cavalcade's {name}s",
        lambda port: _cavalcade(name, folder, port, environment),
        partial(_cavalcade_targets, database_url, TokenSigner([secret])),
        envelope_size=len(encode_binary_broadcast(topic, "positions", b"")),
        helper_pids=helper_pids,
        processes=processes,
    )


def service_pid(process: Process) -> int:
    """The process id of a service, which is its watchdog's only child."""
    watchdog = process.watchdog_pid
    return int(Path(f"/proc/{watchdog}/task/{watchdog}/children").read_text().split()[0])


def _run(command: list[str], problem: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own script
        command, cwd=NODE_HUB, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise MissingTool(f"{problem}:\n{done.stderr}")
    return done.stdout


def _plain(name: str, folder: Path, port: int, *command: str) -> Service:
    return Service(name, command, partial(_accepts, port), folder / f"{name}.log")


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _plain_targets(sessions: int, size: int) -> list[Target]:
    """The floor and the Node hub know no sessions: whoever names one is in it."""
    return [Target(f"/{session}/{member + 1}", session) for session in range(sessions) for member in range(size)]


def _cavalcade(name: str, folder: Path, port: int, environment: dict[str, str]) -> Service:
    internal = free_port()
    sockets: tuple[str, ...] = ("--listen", f"127.0.0.1:{port}")
    if name == "node":
        sockets = ("--listen", f"127.0.0.1:{free_port()}", "--sockets", f"127.0.0.1:{port}")

    async def ready() -> bool:
        return (await probe.get("/readyz", port=internal)).status == 200

    return Service(
        name,
        (sys.executable, "-m", "cavalcade", name, *sockets, "--internal", f"127.0.0.1:{internal}"),
        ready,
        folder / f"{name}-{port}.log",
        environment,
    )


async def _cavalcade_targets(database_url: str, signer: TokenSigner, sessions: int, size: int) -> list[Target]:
    store = SessionStore.open(database_url)
    try:
        made = [await make_session(store, size) for _ in range(sessions)]
    finally:
        await store.close()
    expiry = now_ms() + DAY_S * 1000
    return [
        _cavalcade_target(number, session_id, signer.issue(session_id, participant + 1, expiry))
        for number, session_id in enumerate(made)
        for participant in range(size)
    ]


async def make_session(store: SessionStore, size: int) -> str:
    """Stores a session of a size, the first member its host, and returns its id."""
    now, limits = now_ms(), Limits()
    state = found(new_session_id(), None, None, now, limits)
    events = []
    for _ in range(size):
        decided = decide(state, Operation(None, Join(Role.MEMBER)), now, limits)
        events += decided
        state = replay(state, decided)
    await store.insert(Stored(state, 1, hash_secret(new_secret()), hash_secret(new_secret())), events)
    return state.session.id


def _cavalcade_target(number: int, session_id: str, token: str) -> Target:
    topic = TOPIC_PREFIX + session_id
    return Target(
        f"/socket/websocket?vsn=2.0.0&session={session_id}&token={token}",
        number,
        join=encode_text(Message("1", "1", topic, "phx_join", {"mode": "binary"})).decode(),
        envelope=encode_client_push("1", "2", topic, "position", b"").decode("latin-1"),
    )
