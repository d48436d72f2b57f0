"""Nodes as processes of the operating system: killed, stopped and woken, told to end."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed

from cavalcade.client import ConnectionState, LiveSession, Membership, connect, create_session, join_session
from cavalcade.domain.fix import Fix, Position
from cavalcade.monolith.node_leases import NODES
from cavalcade.server.processes.clock import now_ms
from cavalcade.wire.frame import Message, decode_server_binary, decode_text, encode_client_push
from cavalcade.wire.positions import pack_fix, unpack_fix
from tests.monolith.door import Door, open_door
from tests.monolith.test_registry import _is_named
from tests.monolith.test_session_process import _sees

NAMES = ("one", "two", "three")


class Cluster:
    """Three nodes as processes, and two doors in front of them that lead each session to its node."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.http = Door(lambda: self.order("http"))
        self.sockets = Door(lambda: self.order("sockets"))
        self.first = "one"
        """The node that the load balancer leads to first."""

    def order(self, listener: str) -> list[str]:
        """Every node's listener, the first one's first."""
        names = [self.first, *(name for name in NAMES if name != self.first)]
        return [f"unix:{self.folder / f'{name}.{listener}'}" for name in names]

    async def start(self, name: str) -> None:
        """Starts a node and waits until it serves."""
        listeners = (
            part
            for kind in ("listen", "sockets", "internal")
            for part in (f"--{kind}", f"unix:{self._path(name, kind)}")
        )
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cavalcade", "node", "--name", name, *listeners),
                env={**os.environ, **self.environment},
                stderr=log,
            )
        async with asyncio.timeout(30), self.internal(name) as client:
            while True:
                try:
                    if (await client.get("/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to a node."""
        self.processes[name].send_signal(number)

    async def end(self, name: str) -> int:
        """Waits for the end of a node."""
        async with asyncio.timeout(20):
            return await self.processes[name].wait()

    @asynccontextmanager
    async def internal(self, name: str) -> AsyncIterator[httpx.AsyncClient]:
        """A client of a node's internal listener."""
        transport = httpx.AsyncHTTPTransport(uds=str(self._path(name, "internal")))
        async with httpx.AsyncClient(transport=transport, base_url="http://node", timeout=20) as client:
            yield client

    async def holds(self, name: str) -> set[str]:
        """The sessions with a place on a node."""
        async with self.internal(name) as client:
            report = (await client.get("/processes.json")).json()
        return {process["name"] for process in report["session_processes"]}

    def _path(self, name: str, kind: str) -> Path:
        return self.folder / f"{name}.{'http' if kind == 'listen' else kind}"

    async def group(self, size: int) -> list[Membership]:
        """A session with some people in it; their sockets lead through the door."""
        base = f"http://{self.http.address}"
        host = await create_session(base, host_name="Member 1")
        rest = [await join_session(f"{base}/j#{host.code}", name=f"Member {n}") for n in range(2, size + 1)]
        return [replace(one, socket=f"ws://{self.sockets.address}/socket") for one in (host, *rest)]


@pytest.fixture
async def cluster(database_url: str, redis_url: str) -> AsyncIterator[Cluster]:
    """Three nodes that run."""
    folder = Path(tempfile.mkdtemp(prefix="cavalcade-test-"))
    environment = {
        "CAVALCADE_DATABASE_URL": database_url,
        "CAVALCADE_REDIS_URL": redis_url,
        "CAVALCADE_SECRET": secrets.token_urlsafe(32),
        "CAVALCADE_DRAIN_S": "1",
        "CAVALCADE_WINDOW_MS": "20",
    }
    made = Cluster(folder, environment)
    await made.start(NAMES[0])  # which migrates the database
    await asyncio.gather(*(made.start(name) for name in NAMES[1:]))
    async with open_door(made.http), open_door(made.sockets):
        yield made
    for process in made.processes.values():
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()
    shutil.rmtree(folder)


class Bystander:
    """A raw connection to one node, through no door, that notes whatever comes."""

    def __init__(self, socket: ClientConnection, session_id: str) -> None:
        self.socket, self.topic = socket, f"session:{session_id}"
        self.received: list[Message] = []

    async def join(self) -> None:
        """Joins, and waits for the presence that follows."""
        await self.send("phx_join", {})
        while (await self.next()).event != "presence_state":
            pass

    async def send(self, event: str, payload: object) -> None:
        """Sends a frame and waits for nothing."""
        await self.socket.send(json.dumps(["1", event, self.topic, event, payload]))

    async def move(self, lat: float) -> None:
        """Sends a packed fix."""
        position = Position(now_ms(), round(lat * 1e7), 240_000_000)
        await self.socket.send(encode_client_push("1", "0", self.topic, "position", pack_fix(position)))

    async def next(self) -> Message:
        """The next message."""
        async with asyncio.timeout(10):
            data = await self.socket.recv()
        message = decode_server_binary(data) if isinstance(data, bytes) else decode_text(data)
        self.received.append(message)
        return message

    async def until_closed(self) -> int | None:
        """Reads on until the node closes; the code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed:
            return self.socket.close_code


@asynccontextmanager
async def bystanders(cluster: Cluster, name: str, members: list[Membership]) -> AsyncIterator[list[Bystander]]:
    """Members who are connected to one node and do not come back by themselves."""
    async with AsyncExitStack() as stack:
        made = []
        for member in members:
            uri = f"ws://node/socket/websocket?vsn=2.0.0&session={member.session_id}&token={member.token}"
            path = str(cluster.folder / f"{name}.sockets")
            socket = await stack.enter_async_context(unix_connect(path, uri, compression=None, ping_interval=None))
            made.append(Bystander(socket, member.session_id))
            await made[-1].join()
        yield made


async def _shown(sessions: list[LiveSession], lats: dict[int, float]) -> None:
    """Waits until everybody is joined, sees exactly those who are here, and everybody's newest position."""
    for session in sessions:
        await session.wait_for(
            lambda session: (
                session.connection is ConnectionState.JOINED
                and session.present == set(lats)
                and all(_sees(who, lat)(session) for who, lat in lats.items())
            ),
            timeout=20,
        )


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not await condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def test_sessions_of_a_killed_node_live_elsewhere_within_5_s(
    cluster: Cluster, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    members = await cluster.group(4)
    gone = members.pop()
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(connect(member)) for member in members]
        # Somebody is connected who never comes back: presence must not go on showing them.
        (ghost,) = await stack.enter_async_context(bystanders(cluster, "one", [gone]))
        assert await cluster.holds("one") == {members[0].session_id}
        lats = {1: 60.0, 2: 61.0, 3: 62.0}
        for session, lat in zip(sessions, lats.values(), strict=True):
            session.report(Fix(lat, 24.0))
        for session in sessions:
            await session.wait_for(
                lambda session: session.present == {1, 2, 3, 4} and all(_sees(*one)(session) for one in lats.items())
            )
        redis = Redis.from_url(redis_url)
        await _until(lambda: _are_stored(redis, members[0].session_id, lats))  # who stands still is found there
        await redis.aclose()
        stored = asyncio.create_task(sessions[1].set_profile(name="Ben"))
        killed_at = _now()
        cluster.signal("one", signal.SIGKILL)
        await _shown(sessions, lats)
        sessions[0].report(Fix(63.0, 24.0))
        for session in sessions:
            await session.wait_for(_sees(1, 63.0))
        took = _now() - killed_at
        with capsys.disabled():
            print(f"\nkill -9 to everybody served again: {took:.2f} s")  # noqa: T201 - shown beside the bound
        assert took < 5
        assert await ghost.until_closed() == 1006
        await stored
        for session in sessions:
            await session.wait_for(_is_named(2, "Ben"))


async def _are_stored(redis: Redis, session_id: str, lats: dict[int, float]) -> bool:
    found = await redis.hgetall(f"cavalcade:{{{session_id}}}:positions")
    return {int(who): unpack_fix(packed).lat for who, packed in found.items()} == {  # type: ignore[arg-type]  # redis-py: bytes
        who: round(lat * 1e7) for who, lat in lats.items()
    }


@pytest.mark.parametrize("with_event", [False, True], ids=["without an event", "with an event"])
async def test_a_node_that_was_stopped_writes_and_flushes_nothing_once_it_is_woken(
    cluster: Cluster, redis_url: str, database_url: str, *, with_event: bool
) -> None:
    anna, ben, carl = await cluster.group(3)
    (other,) = await cluster.group(1)
    async with bystanders(cluster, "one", [anna, ben]) as (one, two), bystanders(cluster, "one", [other]) as (third,):
        assert await cluster.holds("one") == {anna.session_id, other.session_id}
        await one.move(60.0)
        for reader in (one, two):
            while (await reader.next()).event != "positions":
                pass
        redis = Redis.from_url(redis_url)
        await _until(lambda: _are_stored(redis, anna.session_id, {1: 60.0}))
        cluster.signal("one", signal.SIGSTOP)
        # All this reaches the node while it is stopped: it finds it when it wakes.
        await one.move(70.0)
        await two.send("profile:set", {"op_id": "1", "name": "Stale"})
        await third.move(50.0)
        cluster.first = "two"
        async with connect(carl) as newcomer:  # waits until the lease of the stopped one is over
            assert await cluster.holds("two") == {anna.session_id}
            assert newcomer.positions[1].lat == 600_000_000
            if with_event:
                await newcomer.set_profile(name="Carla")
            before = len(two.received), len(one.received)
            cluster.signal("one", signal.SIGCONT)
            assert await one.until_closed() == 1012
            assert await two.until_closed() == 1012
            late = [*one.received[before[1] :], *two.received[before[0] :]]
            assert [message.event for message in late if message.event != "phx_reply"] == []
            assert all(message.payload["status"] == "error" for message in late)  # type: ignore[index]
            # What is its own goes on there, and is written after what it may have held back.
            await _until(lambda: _are_stored(redis, other.session_id, {1: 50.0}))
            assert await _are_stored(redis, anna.session_id, {1: 60.0})
            database = await asyncpg.connect(database_url)
            names = await database.fetch("SELECT name FROM participants WHERE session_id = $1", anna.session_id)
            await database.close()
            assert {row["name"] for row in names} == {"Member 1", "Member 2", "Carla" if with_event else "Member 3"}
            assert newcomer.state.offset == (4 if with_event else 3)
            assert await cluster.holds("one") == {other.session_id}
            # The members come back to the right owner, through the one that was stopped as well.
            cluster.first = "one"
            async with connect(anna) as again:
                again.report(Fix(71.0, 24.0))
                await newcomer.wait_for(_sees(1, 71.0))
            assert await cluster.holds("two") == {anna.session_id}
        await redis.aclose()


async def test_sigterm_drains_a_node(cluster: Cluster, redis_url: str) -> None:
    groups = [await cluster.group(2) for _ in range(4)]
    async with AsyncExitStack() as stack:
        pairs = [[await stack.enter_async_context(connect(member)) for member in group] for group in groups]
        for number, pair in enumerate(pairs):
            pair[0].report(Fix(10.0 + number, 24.0))  # and then stands still
        for number, pair in enumerate(pairs):
            await pair[1].wait_for(_sees(1, 10.0 + number))
        began = _now()
        cluster.signal("one", signal.SIGTERM)
        assert await cluster.end("one") == 0
        assert 0.9 < _now() - began < 6  # CAVALCADE_DRAIN_S is 1
        for number, pair in enumerate(pairs):
            for session in pair:
                await session.wait_for(
                    lambda session, lat=10.0 + number: (  # type: ignore[misc]
                        session.connection is ConnectionState.JOINED
                        and session.present == {1, 2}
                        and _sees(1, lat)(session)
                    ),
                    timeout=10,
                )
        redis = Redis.from_url(redis_url)
        assert sorted(await redis.hkeys(NODES)) == [b"three", b"two"]  # its lease is given back
        await redis.aclose()
        held = [await cluster.holds(name) for name in NAMES[1:]]
        assert held[0] | held[1] == {group[0].session_id for group in groups}
        log = (cluster.folder / "one.log").read_text()
        assert "process_crashed" not in log


async def test_of_two_nodes_with_one_name_the_first_ends_and_the_other_serves_its_sessions(cluster: Cluster) -> None:
    anna, ben = await cluster.group(2)
    elsewhere = cluster.folder / "elsewhere"
    elsewhere.mkdir()
    other = Cluster(elsewhere, cluster.environment)
    await other.start("one")
    cluster.processes["one, elsewhere"] = other.processes["one"]
    assert await cluster.end("one") == 1
    said = [json.loads(line) for line in (cluster.folder / "one.log").read_text().splitlines() if line.startswith("{")]
    assert [line["node"] for line in said if line["event"] == "node_name_taken"][:1] == ["one"]
    assert [line["child"] for line in said if line["event"] == "restart_intensity_reached"] == ["lease"]
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0), timeout=5)
