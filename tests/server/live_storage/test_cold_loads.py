"""Reading a session that nobody here has: what this process wrote before is in it, and nothing that it withdrew."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis

from cavalcade.domain.fix import Position
from cavalcade.domain.model import Role, SessionState
from cavalcade.server.live_storage.cold_loads import ColdLoads
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState, Unwritten
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import now_ms
from cavalcade.stack import valkey
from cavalcade.storage.stored import Stored
from testbed.installations.proxy import Proxy
from tests.domain.strategies import session_with
from tests.services.peer import eventually

HERE = Position(5, 600_000_000, 240_000_000)
THERE = Position(6, 610_000_000, 240_000_000)
NOTHING = Unwritten(frozenset(), {})


@dataclass
class Process:
    """What loads in a process: it reads over one connection, and writes over another one that leads along `way`."""

    loads: ColdLoads
    live: LiveState
    link: RedisLink
    writer: LivePositionWriter
    way: Proxy
    state: SessionState
    may_write: bool = True

    async def positions(self) -> Mapping[int, Position]:
        """Loads the session."""
        _, positions = await self.loads.load(self.state.session.id)
        return positions

    def put(self, who: int, where: Position) -> None:
        """Notes a position to be written."""
        self.writer.put(self.state.session.id, now_ms() + 60_000, {who: where})

    def withdraw(self, who: int) -> None:
        """Notes a position to be taken out."""
        self.writer.withdraw(self.state.session.id, who)

    async def in_redis(self) -> Mapping[int, Position]:
        """The positions that Redis has."""
        return await self.live.positions(self.state.session.id)

    async def written(self) -> None:
        """Waits until nothing is left to be written."""
        self.writer.flush()
        await eventually(lambda: self.writer.unwritten(self.state.session.id) == NOTHING)


@pytest.fixture
async def process(server_directory: Path, redis_url: str) -> AsyncIterator[Process]:
    """A process whose session two people share their positions in."""
    state = session_with(Role.HOST, Role.MEMBER)

    async def load(wanted: Collection[str]) -> Mapping[str, Stored | Exception]:
        assert list(wanted) == [state.session.id]
        return {state.session.id: Stored(state, 1, b"", b"")}

    listen = server_directory / "writes.sock"
    async with Proxy(server_directory / "valkey.sock", listen) as way, Redis.from_url(redis_url) as client:
        stands = asyncio.Event()
        link = RedisLink(valkey.url(listen), connected=stands.set)
        writer = LivePositionWriter(link, may_write=lambda: made.may_write)
        live = LiveState(client)
        made = Process(ColdLoads(load, live, writer), live, link, writer, way, state)
        running = asyncio.create_task(link.run())
        await asyncio.wait_for(stands.wait(), 5)
        made.put(1, HERE)
        made.put(2, HERE)
        await made.written()
        yield made
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_what_is_on_its_way_to_redis_counts(process: Process) -> None:
    process.way.freeze()
    process.withdraw(1)
    process.put(2, THERE)
    process.writer.flush()
    process.writer.flush()  # there is nothing more
    assert await process.in_redis() == {1: HERE, 2: HERE}
    assert await process.positions() == {2: THERE}
    process.way.mend()
    await process.written()
    assert await process.in_redis() == {2: THERE}


async def test_what_is_written_while_redis_is_read_counts(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    read = process.live.positions_of_many

    async def read_before_writing(session_ids: Sequence[str]) -> dict[str, dict[int, Position]]:
        found = await read(session_ids)
        process.may_write = True
        await process.written()
        return found

    monkeypatch.setattr(process.live, "positions_of_many", read_before_writing)
    process.may_write = False
    process.withdraw(1)
    process.put(2, THERE)
    assert await process.positions() == {2: THERE}


async def test_what_a_lost_connection_did_not_carry_out_is_written_over_the_next(process: Process) -> None:
    process.way.freeze()
    process.withdraw(1)
    process.put(2, HERE)
    process.writer.flush()
    process.put(1, THERE)  # who resumed has moved since
    process.put(2, THERE)
    process.writer.flush()
    process.withdraw(2)
    process.way.cut()
    await eventually(lambda: not process.link.is_up)
    assert process.writer.unwritten(process.state.session.id) == Unwritten(frozenset({1, 2}), {1: THERE})
    assert await process.in_redis() == {1: HERE, 2: HERE}
    process.way.mend()
    await eventually(lambda: process.link.is_up)
    await process.written()
    assert await process.in_redis() == {1: THERE}


async def test_what_is_lost_of_a_session_that_has_ended_since_is_not_written(process: Process) -> None:
    process.way.freeze()
    process.put(2, THERE)
    process.writer.flush()
    process.way.cut()
    process.writer.end(process.state.session.id)
    await eventually(lambda: not process.link.is_up)
    assert process.writer.unwritten(process.state.session.id) == NOTHING
    process.way.mend()
    await eventually(lambda: process.link.is_up)
    await process.written()
    async with asyncio.timeout(5):
        while await process.in_redis():
            pass
