"""A session's process: it serves like any backend, crashes alone, and heals without its members noticing."""

import asyncio
from collections.abc import Callable

import pytest

from cavalcade.client import ConnectionState, LiveSession, connect
from cavalcade.domain.fix import Fix
from cavalcade.server.fanout import Fanout
from tests.monolith.conftest import RunningNode
from tests.monolith.faults import STEPS, Injected, inject


def _sees(participant: int, lat: float) -> Callable[[LiveSession], bool]:
    def check(session: LiveSession) -> bool:
        position = session.positions.get(participant)
        return position is not None and position.lat == round(lat * 1e7)

    return check


async def test_members_see_each_other(node: RunningNode) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben, mode="json") as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        await two.set_profile(name="Ben")
        await one.wait_for(lambda session: session.state.participants[2].name == "Ben")


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_loses_and_doubles_nothing_and_nobody_notices(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    anna, ben = await node.group(2)
    other, _ = await node.group(2)
    async with connect(anna) as one, connect(ben) as two, connect(other) as apart:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        await asyncio.gather(one.wait_for(lambda s: 2 in s.present), apart.wait_for(lambda s: 1 in s.present))
        connections = set(node.node.sockets._connections)
        fault = inject(monkeypatch, step)
        two.report(Fix(61.0, 25.0))
        is_operation = step not in {"timer", "noting positions", "flush", "after the flush"}
        if is_operation:
            await two.set_profile(name="Ben")
        await one.wait_for(_sees(2, 61.0))
        assert not fault.armed
        await one.set_profile(name="Anna")
        await two.wait_for(lambda session: session.state.participants[1].name == "Anna")
        assert one.state.offset == two.state.offset == (4 if is_operation else 3)
        assert two.positions[1].lat == 600_000_000
        assert node.place(anna).restarts == 1
        assert node.place(other).restarts == 0
        assert set(node.node.sockets._connections) == connections


async def test_a_process_that_fails_for_ever_is_given_up_alone(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await node.group(2)
    other, friend = await node.group(2)
    async with connect(other) as apart, connect(friend) as together, connect(anna) as one:
        before = Fanout.flush

        def poisoned(fanout: Fanout) -> None:
            if anna.session_id in fanout.topic:
                raise Injected
            before(fanout)

        monkeypatch.setattr(Fanout, "flush", poisoned)
        one.report(Fix(60.0, 24.0))
        await one.wait_for(lambda session: session.connection is not ConnectionState.JOINED, timeout=10)
        assert node.node.registry.given_up == 1
        apart.report(Fix(50.0, 10.0))
        await together.wait_for(_sees(1, 50.0))
        monkeypatch.setattr(Fanout, "flush", before)
        await one.wait_for(lambda session: session.connection is ConnectionState.JOINED, timeout=20)
        async with connect(ben) as two:
            one.report(Fix(60.5, 24.0))
            await two.wait_for(_sees(1, 60.5))
