"""Several gateways and API servers behind one door, and one that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from cavalcade.client import Fix, LiveSession, Membership, connect, create_session, join_session
from cavalcade.services.messages import Roll, decode
from cavalcade.stack import valkey
from tests.stack.test_up import watched

if TYPE_CHECKING:
    from tests.stack.conftest import Up

StartUp = Callable[..., Awaitable["Up"]]

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


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the processes through /proc")
async def test_killed_gateway_leaves_no_ghost_and_everyone_is_seen_again(
    directory: Path, free_port: int, start_up: StartUp
) -> None:
    data = directory / "data"
    up = await start_up("--nodes", "3", "--port", str(free_port), "--data", data)
    host = await create_session(await up.ready(), host_name="Anna")
    assert host.link
    members = [host] + [await join_session(host.link, name=f"Rider {number}") for number in range(2, RIDERS + 1)]
    everybody = {member.participant for member in members}
    async with contextlib.AsyncExitStack() as stack:

        async def ride(member: Membership) -> tuple[contextlib.AsyncExitStack, LiveSession]:
            alone = await stack.enter_async_context(contextlib.AsyncExitStack())
            return alone, await alone.enter_async_context(connect(member))

        riders = {member.participant: await ride(member) for member in members}
        for who, (_, session) in riders.items():
            session.report(somewhere(who))
        for _, session in riders.values():
            await session.wait_for(lambda s: s.present == everybody and s.positions.keys() == everybody, AGAIN_S)

        on_gateway = await rolls(data, host.session_id)
        assert len(on_gateway) == 3
        assert set().union(*on_gateway.values()) == everybody
        ghost = next(iter(on_gateway[name_of(data, "gateway-1.log")]))
        os.kill(watched(up, "gateway-1.log"), signal.SIGKILL)
        await riders.pop(ghost)[0].aclose()  # nobody is there any more to be told
        killed_at = asyncio.get_running_loop().time()

        # Who was on it comes back on another one or on the one that is started again, and stands where it stood.
        mover, watchers = next(iter(riders)), list(riders.values())
        riders[mover][1].report(somewhere(90))
        for _, session in watchers:
            await session.wait_for(
                lambda s: s.positions.keys() == everybody and s.positions[mover].lat == 479_000_000, AGAIN_S
            )
        left = GHOST_S - (asyncio.get_running_loop().time() - killed_at)
        await asyncio.gather(
            *(session.wait_for(lambda s: s.present == everybody - {ghost}, left) for _, session in watchers)
        )
        await up.says("gateway 1 serves again")
    assert "gateway 2 ended" not in up.said()
    assert await up.end(signal.SIGTERM) == 0
