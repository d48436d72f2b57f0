"""Several processes behind a real Caddy: who gets which request, and what happens when one of them is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from cavalcade.stack import caddy, programs
from tests.stack import doors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NODES = 3
BROKEN = {
    "malformed": b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "short": b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    # More than Caddy keeps to itself, so that the process behind it has part of it already.
    "long": b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100_000,
}
"""Requests to a path that come to no good by their sender's doing."""

SESSIONS = [f"session{number:03}" for number in range(30)]


ODD_IDS = ("%0d%0aSet-Cookie:x", "%00", "%ff%fe", "a" * 4_000, "short")
"""What somebody may send in the place of a session's id."""


class Answering:
    """Listens, and answers each request with its own name, or with nothing at all."""

    def __init__(self, name: str, at: Path | int) -> None:
        self.name, self._at = name, at
        self._server: asyncio.Server | None = None
        self._hangs = asyncio.Event()

    async def start(self) -> None:
        """Begins to listen, on its Unix socket or its port."""
        if isinstance(self._at, int):
            self._server = await asyncio.start_server(self._answer, "127.0.0.1", self._at)
        else:
            self._at.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._answer, self._at)

    async def stop(self) -> None:
        assert self._server
        self._server.close()

    def hang(self) -> None:
        self._hangs.set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if self._hangs.is_set():
                await reader.read()
                return
            name = self.name.encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(name) + name)
            await writer.drain()


class Balanced:
    """Three processes of each kind, named by their sockets, behind a Caddy."""

    def __init__(self, http: list[Answering], sockets: list[Answering], client: httpx.AsyncClient) -> None:
        self._client = client
        self.http, self.sockets = http, sockets

    async def call(self, session: str = "") -> str:
        """Who answers a call about a session."""
        answer = await self._client.get(f"/api/sessions/{session}" if session else "/api/sessions")
        assert answer.status_code == 200
        return answer.text

    async def socket(self, session: str) -> str:
        """Who answers a handshake for a session."""
        answer = await self._client.get("/socket/websocket", params={"vsn": "2.0.0", "session": session})
        assert answer.status_code == 200
        return answer.text


@contextlib.asynccontextmanager
async def balanced(
    directory: Path, port: int, name: str, door: str = "embedded", *, affinity: bool = False
) -> AsyncIterator[Balanced]:
    backend, page = programs.backend(name, directory, NODES), directory / "page"
    page.mkdir()
    (page / "index.html").touch()
    if door == "embedded":
        text = caddy.configuration(
            caddy.local_door(port), storage=directory / "caddy", backend=backend, page=page, affinity=affinity
        )
        environment = None
        http, sockets = ([Answering(path.stem, path) for path in paths] for paths in (backend.http, backend.sockets))
    else:
        text = doors.on_this_machine(doors.DEPLOYED.read_text())
        ports = doors.free_ports(2 * NODES)
        addresses = [f"127.0.0.1:{each}" for each in ports]
        environment = doors.deployed_environment(port, page, addresses[:NODES], addresses[NODES:], name)
        http, sockets = (
            [Answering(path.stem, at) for path, at in zip(paths, taken, strict=True)]
            for paths, taken in ((backend.http, ports[:NODES]), (backend.sockets, ports[NODES:]))
        )
    async with contextlib.AsyncExitStack() as stack:
        for each in (*http, *sockets):
            await each.start()
            stack.push_async_callback(each.stop)
        await stack.enter_async_context(doors.running(text, directory, port, environment, ready="/api/sessions"))
        client = httpx.AsyncClient(base_url=f"http://localhost:{port}", trust_env=False, timeout=10)
        yield Balanced(http, sockets, await stack.enter_async_context(client))


async def test_session_has_its_node_for_sockets_and_calls(directory: Path, free_port: int) -> None:
    async with balanced(directory, free_port, "monolith") as behind:
        nodes = {session: await behind.socket(session) for session in SESSIONS}
        assert {session: await behind.call(session) for session in SESSIONS} == nodes
        assert set(nodes.values()) == {"node-1", "node-2", "node-3"}
        assert await behind.call() in nodes.values()
        for odd in ODD_IDS:
            assert await behind.call(odd) in nodes.values()

        # One that is gone is left out at once, and moves nobody else's session. The first request for one of its
        # sessions finds out, and goes where the others will.
        await behind.sockets[1].stop()
        await behind.http[1].stop()
        theirs = next(session for session in SESSIONS if nodes[session] == "node-2")
        assert await behind.call(theirs) == await behind.socket(theirs)
        moved = {session: await behind.socket(session) for session in SESSIONS}
        assert {session for session in SESSIONS if moved[session] != nodes[session]} == {
            session for session in SESSIONS if nodes[session] == "node-2"
        }
        assert "node-2" not in moved.values()
        assert {session: await behind.call(session) for session in SESSIONS} == moved

        # When it is back its sessions go to it again.
        await behind.sockets[1].start()
        async with asyncio.timeout(10):
            while await behind.socket(theirs) != "node-2":  # noqa: ASYNC110 - Caddy tells of no changes
                await asyncio.sleep(0.1)


async def test_session_has_its_node_at_the_deployed_door(directory: Path, free_port: int) -> None:
    """For calls and for sockets; these may be two nodes, since the addresses that are hashed are not alike."""
    async with balanced(directory, free_port, "monolith", "deployed") as behind:
        nodes = {session: (await behind.call(session), await behind.socket(session)) for session in SESSIONS}
        for session in SESSIONS:
            assert (await behind.call(session), await behind.socket(session)) == nodes[session]
        assert {call for call, _ in nodes.values()} == {"node-1", "node-2", "node-3"}
        assert {socket for _, socket in nodes.values()} == {"node-1", "node-2", "node-3"}
        for odd in ("", *ODD_IDS):
            assert await behind.call(odd) in {"node-1", "node-2", "node-3"}


@pytest.mark.parametrize("door", doors.KINDS)
async def test_services_spread_everything_and_leave_out_one_that_hangs(
    directory: Path, free_port: int, door: str
) -> None:
    async with balanced(directory, free_port, "services", door) as behind:
        assert set(Counter([await behind.socket(SESSIONS[0]) for _ in range(60)])) == {
            "gateway-1",
            "gateway-2",
            "gateway-3",
        }
        assert set(Counter([await behind.call(SESSIONS[0]) for _ in range(60)])) == {"api-1", "api-2", "api-3"}
        behind.sockets[0].hang()
        async with asyncio.timeout(10):
            while "gateway-1" in {await behind.socket(SESSIONS[0]) for _ in range(20)}:
                pass


async def test_affinity_keeps_the_sockets_of_a_session_together(directory: Path, free_port: int) -> None:
    async with balanced(directory, free_port, "services", affinity=True) as behind:
        gateways = {session: await behind.socket(session) for session in SESSIONS}
        assert len(set(gateways.values())) == NODES
        assert {session: await behind.socket(session) for session in SESSIONS} == gateways


@pytest.mark.parametrize("door", doors.KINDS)
@pytest.mark.parametrize("name", programs.BACKENDS)
@pytest.mark.parametrize("way", BROKEN)
async def test_requests_broken_by_their_senders_leave_nobody_out(
    directory: Path, free_port: int, name: str, door: str, way: str
) -> None:
    async with balanced(directory, free_port, name, door) as behind:
        is_over = asyncio.Event()

        async def break_off(path: bytes) -> int:
            times = 0
            while not is_over.is_set():
                reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
                with contextlib.suppress(OSError, TimeoutError):
                    writer.write(BROKEN[way] % path)
                    await writer.drain()
                    await asyncio.wait_for(reader.read(1), 0.02)  # time for it to be passed on
                writer.transport.abort()
                times += 1
            return times

        async with asyncio.TaskGroup() as group:
            paths = (b"/api/sessions", b"/socket/websocket") * 2
            senders = [group.create_task(break_off(path)) for path in paths]
            for session in SESSIONS:
                await behind.socket(session)
                await behind.call(session)
            is_over.set()
        assert all(sender.result() > NODES for sender in senders)


@pytest.mark.parametrize("name", programs.BACKENDS)
def test_processes_are_numbered_where_there_are_several(name: str, directory: Path) -> None:
    alone = programs.backend(name, directory)
    assert all(program.log == program.command for program in alone.programs)
    several = programs.backend(name, directory, NODES)
    assert len(several.programs) == NODES * len(alone.programs)
    assert len({path for program in several.programs for path in program.sockets}) == NODES * len(
        [path for program in alone.programs for path in program.sockets]
    )
    assert several.programs[0].log == f"{several.programs[0].command}-1"
    assert several.programs[0].name.endswith(" 1")
