"""The servers that are compared: how each is started, and how a member gets into a session on it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from cavalcade.domain.features.membership import Join
from cavalcade.domain.model import DAY_S, Limits, Role
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, found, replay
from cavalcade.server.access.tokens import TokenSigner
from cavalcade.server.processes.clock import now_ms
from cavalcade.stack import probe
from cavalcade.stack.process import Process, Service
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.channel import TOPIC_PREFIX
from cavalcade.wire.codes import hash_secret, new_secret, new_session_id
from cavalcade.wire.frame import Message, encode_binary_broadcast, encode_client_push, encode_text
from testbed.installations.installation import ROOM, free_ports
from testbed.load.traffic import Target
from testbed.yardsticks import servers
from testbed.yardsticks.peers import Server

ROOT: Final = Path(__file__).parent.parent

MOST_NAIVE_FRAMES_PER_S: Final = 10_000
"""A naive hub gets fewer members than the others where it would be swamped: it sends a frame for each position."""


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
    """The raw write of ready frames; see `servers.floor`."""
    server = servers.floor(folder, window_ms)
    return _yardstick("floor", "C epoll, write of ready frames", server, folder, coalesces=True)


def node_ws(folder: Path, window_ms: int) -> Contender:
    """Node's `ws`; a window of 0 relays each fix at once. See `servers.node_ws`."""
    return _hub("node-ws", "Node ws", servers.node_ws(folder, window_ms), folder, window_ms)


def starlette(folder: Path, window_ms: int) -> Contender:
    """A hub on Starlette and uvicorn; a window of 0 relays each fix at once. See `servers.starlette`."""
    return _hub("starlette", "Starlette", servers.starlette(folder, window_ms), folder, window_ms)


def _hub(name: str, title: str, server: Server, folder: Path, window_ms: int) -> Contender:
    how, said = ("flush", "same window") if window_ms else ("naive", "each fix at once")
    return _yardstick(f"{name}-{how}", f"{title}, {said}", server, folder, coalesces=window_ms > 0)


def _yardstick(name: str, title: str, server: Server, folder: Path, *, coalesces: bool) -> Contender:
    async def targets(sessions: int, size: int) -> list[Target]:
        return server.targets(sessions, size)

    def service(port: int) -> Service:
        return Service(name, server.command, partial(_accepts, port), folder / f"{name}.log", {"PORT": str(port)})

    return Contender(name, title, service, targets, coalesces=coalesces)


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
        **ROOM,
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


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _cavalcade(name: str, folder: Path, port: int, environment: dict[str, str]) -> Service:
    internal, http = free_ports(2)
    sockets: tuple[str, ...] = ("--listen", f"127.0.0.1:{port}")
    if name == "node":
        sockets = ("--listen", f"127.0.0.1:{http}", "--sockets", f"127.0.0.1:{port}")

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
