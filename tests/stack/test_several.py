"""Several gateways and API servers behind one door, and one that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from cavalcade.client import (
    Fix,
    LiveSession,
    Membership,
    PositionsReceived,
    connect,
    create_session,
    join_session,
)
from cavalcade.services.messages import Roll, decode
from cavalcade.stack import valkey
from tests.listening import heard
from tests.services.peer import eventually
from tests.stack.conftest import Up
from tests.stack.test_up import watched

StartUp = Callable[..., Awaitable[Up]]

GHOST_S = 15
AGAIN_S = 5
RIDERS = 6


async def rolls(data: Path, session_id: str) -> dict[str, set[int]]:
    """Who is connected where: participants by the name of their gateway."""
    async with Redis.from_url(valkey.url(data / "run" / "valkey.sock")) as client:
        stored = await client.hgetall(f"cavalcade:{{{session_id}}}:rolls")
    read = [decode(value) for value in stored.values() if isinstance(value, bytes)]
    return {roll.gateway: {one.participant for one in roll.connections} for roll in read if isinstance(roll, Roll)}


def name_of(data: Path, log: str) -> str:
    """What a gateway called itself when it was started last."""
    lines = [json.loads(line) for line in (data / "logs" / log).read_text().splitlines() if line.startswith("{")]
    started = [line["gateway"] for line in lines if line.get("event") == "gateway_started"]
    return str(started[-1])


def somewhere(number: int) -> Fix:
    return Fix(47.0 + number / 100, 9.0)


async def all_are_led_to(data: Path, processes: int) -> None:
    """Waits until Caddy leads people to all of them: it asks who is there, and `ready` may be sooner."""
    log = data / "logs" / "caddy.log"
    await eventually(lambda: log.read_text().count('"host is up"') >= processes)


async def until_struck_off(data: Path, session_id: str, gateway: str) -> dict[str, set[int]]:
    """Waits until a gateway has no roll any more; the rolls of the others."""
    async with asyncio.timeout(AGAIN_S):
        while gateway in (held := await rolls(data, session_id)):  # noqa: ASYNC110 - Redis tells only gateways
            await asyncio.sleep(0.05)
    return held


async def logged(data: Path, log_name: str, event: str) -> None:
    """Waits until a process has logged an event."""
    log = data / "logs" / log_name
    async with asyncio.timeout(AGAIN_S):
        await eventually(lambda: f'"{event}"' in log.read_text())


class Ride(contextlib.AsyncExitStack):
    """Riders of one session, each with a client of their own."""

    def __init__(self, host: Membership) -> None:
        super().__init__()
        self.session_id = host.session_id
        self._host = host
        self._alone: dict[int, contextlib.AsyncExitStack] = {}
        self.riders: dict[int, LiveSession] = {}

    async def set_out(self) -> None:
        """All join, say where they are, and see each other."""
        assert self._host.link
        members = [self._host] + [await join_session(self._host.link) for _ in range(RIDERS - 1)]
        for member in members:
            alone = await self.enter_async_context(contextlib.AsyncExitStack())
            self._alone[member.participant] = alone
            self.riders[member.participant] = await alone.enter_async_context(connect(member))
        for who, session in self.riders.items():
            session.report(somewhere(who))
        await self.all_see(present=set(self.riders), positions=set(self.riders), within_s=AGAIN_S)

    async def all_see(self, *, present: set[int], positions: set[int], within_s: float) -> None:
        await asyncio.gather(
            *(
                session.wait_for(lambda s: s.present == present and s.positions.keys() == positions, within_s)
                for session in self.riders.values()
            )
        )

    async def move(self, mover: int, lat: float, seen_by: Iterable[int], within_s: float) -> None:
        """Somebody moves, and the others see it."""
        self.riders[mover].report(Fix(lat, 9.0))
        for who in seen_by:
            await self.riders[who].wait_for(lambda s: s.positions[mover].lat == round(lat * 10_000_000), within_s)

    async def vanish(self, who: int) -> None:
        """Somebody's phone is off."""
        del self.riders[who]
        await self._alone[who].aclose()


@pytest.fixture
async def ride(directory: Path, free_port: int, start_up: StartUp) -> AsyncIterator[tuple[Up, Path, Ride]]:
    """Riders on three gateways."""
    data = directory / "data"
    up = await start_up("--nodes", "3", "--port", str(free_port), "--data", data)
    url = await up.ready()
    await all_are_led_to(data, 2 * 3)
    async with Ride(await create_session(url)) as riding:
        await riding.set_out()
        yield up, data, riding
    assert "gateway 2 ended" not in up.said()
    assert await up.end(signal.SIGTERM) == 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the processes through /proc")
async def test_killed_gateway_leaves_no_ghost_and_everyone_is_seen_again(ride: tuple[Up, Path, Ride]) -> None:
    up, data, riding = ride
    everybody = set(riding.riders)
    on_gateway = await rolls(data, riding.session_id)
    assert len(on_gateway) == 3
    assert set().union(*on_gateway.values()) == everybody
    ghost = next(iter(on_gateway[name_of(data, "gateway-1.log")]))
    os.kill(watched(up, "gateway-1.log"), signal.SIGKILL)
    killed_at = asyncio.get_running_loop().time()
    await riding.vanish(ghost)  # nobody is there any more to be told
    # Who was on it comes back on another one, or on the one that is started again; all stand where they stood.
    mover, *others = riding.riders
    await riding.move(mover, 47.9, others, AGAIN_S)
    left_s = GHOST_S - (asyncio.get_running_loop().time() - killed_at)
    await riding.all_see(present=everybody - {ghost}, positions=everybody, within_s=left_s)
    await up.says("gateway 1 serves again")


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the processes through /proc")
async def test_gateway_that_stood_still_is_left_out_and_wakes_without_old_news(ride: tuple[Up, Path, Ride]) -> None:
    up, data, riding = ride
    name = name_of(data, "gateway-1.log")
    ghost, *_ = (await rolls(data, riding.session_id))[name]
    everybody = set(riding.riders)
    left = everybody - {ghost}
    gateway = watched(up, "gateway-1.log")
    os.kill(gateway, signal.SIGSTOP)
    try:
        stood_still_at = asyncio.get_running_loop().time()
        await riding.vanish(ghost)
        # Who was on it notices the silence and goes elsewhere; its lease takes the other one away.
        left_s = GHOST_S - (asyncio.get_running_loop().time() - stood_still_at)
        await riding.all_see(present=left, positions=everybody, within_s=left_s)
        assert set().union(*(await until_struck_off(data, riding.session_id, name)).values()) == left
        mover, *others = left
        await riding.move(mover, 47.9, others, AGAIN_S)
        async with heard(riding.riders) as told:
            os.kill(gateway, signal.SIGCONT)
            await logged(data, "gateway-1.log", "gateway_stood_still")
            await riding.move(mover, 47.95, others, AGAIN_S)
    finally:
        os.kill(gateway, signal.SIGCONT)
    assert {who for who, _ in told} >= set(others)
    for _, change in told:
        assert isinstance(change, PositionsReceived), "nobody came, went or lost their connection"
        assert change.positions.keys() == {mover}
        assert change.positions[mover].lat == round(47.95 * 10_000_000)
    await riding.all_see(present=left, positions=everybody, within_s=AGAIN_S)
    assert name not in await rolls(data, riding.session_id)
