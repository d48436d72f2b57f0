"""A session's process: it serves like any backend, crashes alone, and heals without its members noticing."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from cavalcade.client import (
    Change,
    Closed,
    ConnectionChanged,
    ConnectionState,
    LiveSession,
    PositionsReceived,
    StateReplaced,
    connect,
)
from cavalcade.domain import session as domain_session
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.fix import Fix, Position
from cavalcade.domain.model import SessionState
from cavalcade.domain.operations import Operation
from cavalcade.monolith.mailbox import MAX_TRIES
from cavalcade.monolith.registry import INTENSITY
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live.send_queue import CLOSE_FAILED, Missed
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.sessions import execution
from tests.listening import heard
from tests.monolith.conftest import RunningNode, positions_in_redis, redis_is_emptied
from tests.monolith.faults import Injected, inject, steps
from tests.scenarios.raw_socket import open_socket
from tests.services.peer import eventually


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


def _noticed(told: list[tuple[int, Change]]) -> list[tuple[int, Change]]:
    """What somebody would notice of a crash: their connection was lost, or they were sent the whole state again."""
    return [(who, change) for who, change in told if isinstance(change, ConnectionChanged | StateReplaced | Closed)]


@pytest.mark.parametrize("step", steps("operation", "position"))
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
        async with heard({1: one, 2: two, 3: apart}) as told:
            fault = inject(monkeypatch, step)
            two.report(Fix(61.0, 25.0))
            is_operation = step in steps("operation")
            if is_operation:
                await two.set_profile(name="Ben")
            await one.wait_for(_sees(2, 61.0))
            assert not fault.armed
            await one.set_profile(name="Anna")
            await two.wait_for(lambda session: session.state.participants[1].name == "Anna")
        assert _noticed(told) == []
        assert one.state.offset == two.state.offset == (4 if is_operation else 3)
        assert two.positions[1].lat == 600_000_000
        assert node.entry(anna).restarts == 1
        assert node.entry(other).restarts == 0
        assert set(node.node.sockets._connections) == connections
        await positions_in_redis(node, anna.session_id, {1: 600_000_000, 2: 610_000_000})
        near = await node.node.backend.nearby(anna.session_id, 1, 1_000_000)
        assert [one.participant for one in near] == [2]


@pytest.mark.parametrize("step", steps("joining"))
async def test_a_newcomer_during_a_crash_is_there_once(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one:
        await one.wait_for(lambda session: session.present == {1})
        async with heard({1: one}) as told:
            fault = inject(monkeypatch, step)
            async with connect(ben) as two:  # is told to try again, and does
                await one.wait_for(lambda session: session.present == {1, 2})
                assert not fault.armed
                assert len(node.entry(anna).audience) == 2
                await two.set_profile(name="Ben")
                await one.wait_for(lambda session: session.state.participants[2].name == "Ben")
            await one.wait_for(lambda session: session.present == {1})
        assert _noticed(told) == []
        assert node.entry(anna).restarts == 1


@pytest.mark.parametrize("step", steps("leaving"))
async def test_a_member_who_goes_during_a_crash_is_gone_and_noted_as_seen(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one:
        async with connect(ben):
            await one.wait_for(lambda session: session.present == {1, 2})
            left_after = now_ms()
            fault = inject(monkeypatch, step)
        await one.wait_for(lambda session: session.present == {1})
        assert not fault.armed
        assert node.entry(anna).restarts == 1
        await eventually(lambda: not len(node.entry(anna).mailbox))
        seen = await node.node.backend._live.seen_at(anna.session_id, 2)
    assert seen is not None
    assert seen >= left_after


@pytest.mark.parametrize("step", steps("starting"))
async def test_a_process_that_fails_again_as_it_starts_forgets_nobody(
    node: RunningNode, redis_url: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    anna, ben, carl = await node.group(3)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))  # and stands still: only the process knows
        await two.wait_for(_sees(1, 60.0))
        node.node.writer.flush()
        await redis_is_emptied(redis_url)
        first, second = inject(monkeypatch, "flush"), inject(monkeypatch, step)
        async with heard({1: one, 2: two}) as told:
            two.report(Fix(61.0, 25.0))
            await one.wait_for(_sees(2, 61.0))
            assert not first.armed
            assert not second.armed
        assert _noticed(told) == []
        assert node.entry(anna).restarts == 2
        async with connect(carl) as three:
            await three.wait_for(lambda session: session.present == {1, 2, 3})
            assert {who: where.lat for who, where in three.positions.items()} == {1: 600_000_000, 2: 610_000_000}


async def test_a_reader_that_was_behind_catches_up_across_a_crash(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        before = Fanout.catch_up
        tries: list[Any] = []

        def catch_up(*given: Any) -> None:
            tries.append(given)
            monkeypatch.setattr(Fanout, "catch_up", before)
            raise Injected

        monkeypatch.setattr(Fanout, "catch_up", catch_up)
        async with heard({2: two}) as told:
            (send_queue,) = (box for box in node.entry(anna).audience if box.participant == 2)
            assert send_queue.caught_up is not None
            send_queue.caught_up(Missed(presence=False, positions=True, broadcasts=False))
            await eventually(lambda: any(isinstance(change, PositionsReceived) for _, change in told))
        assert len(tries) == 1
        assert node.entry(anna).restarts == 1
        assert _noticed(told) == []


async def test_a_position_that_brings_processes_down_is_dropped_and_the_session_goes_on(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben) as two:
        await asyncio.gather(*(session.wait_for(lambda s: s.present == {1, 2}) for session in (one, two)))
        before = Fanout.accept

        def accept(fanout: Fanout, participant: int, position: Position) -> bool:
            if position.lat == 666_000_000:
                raise Injected
            return before(fanout, participant, position)

        monkeypatch.setattr(Fanout, "accept", accept)
        with capture_logs() as logs:
            async with heard({1: one, 2: two}) as told:
                two.report(Fix(66.6, 25.0))
                one.report(Fix(60.0, 24.0))
                await two.wait_for(_sees(1, 60.0))
                await eventually(lambda: node.entry(anna).restarts == MAX_TRIES)
                two.report(Fix(61.0, 25.0))
                await one.wait_for(_sees(2, 61.0))
        assert _noticed(told) == []
        assert node.entry(anna).restarts == MAX_TRIES
        assert [line["tries"] for line in logs if line["event"] == "position_given_up"] == [MAX_TRIES]
        assert not re.search(r"66\.?6", str(logs))


async def test_an_operation_that_brings_every_process_down_closes_its_session_alone(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await node.create()
    other, friend = await node.group(2)
    before = domain_session.decide

    def decide(state: SessionState, operation: Operation, *given: Any) -> Any:
        if isinstance(operation.command, SetProfile) and operation.command.name == "Poison":
            raise Injected
        return before(state, operation, *given)

    monkeypatch.setattr(execution, "decide", decide)
    async with connect(other) as apart, connect(friend) as together, open_socket(anna) as raw:
        await raw.join()
        for _ in range(INTENSITY.restarts):  # as a client does that is told to try again
            status, response = await raw.ask("profile:set", {"name": "Poison", "op_id": "the-same-operation-again"})
            assert (status, response["retry"]) == ("error", True)
        await raw.send("profile:set", {"name": "Poison", "op_id": "the-same-operation-again"})
        assert await raw.closed() == CLOSE_FAILED
        assert node.node.registry.given_up == 1
        apart.report(Fix(50.0, 10.0))
        await together.wait_for(_sees(1, 50.0))
        await apart.set_profile(name="Still here")
        await together.wait_for(lambda session: session.state.participants[1].name == "Still here")
        assert [child.restarts for child in node.node.supervisor.children] == [0] * len(node.node.supervisor.children)


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
