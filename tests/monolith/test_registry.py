"""From a session to its process: one at a time, started on demand, hibernating when idle, given up alone."""

import asyncio
from typing import Any

import asyncpg
import pytest

from cavalcade.client import ConnectionState, LiveSession, Membership, connect
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.fix import Fix, Position
from cavalcade.domain.operations import Operation
from cavalcade.monolith import mailbox, registry
from cavalcade.monolith.registry import Registry
from cavalcade.monolith.session_process import SessionProcess
from cavalcade.monolith.supervisor import Intensity
from cavalcade.server.live.send_queue import CLOSE_FAILED, SendQueue
from cavalcade.server.processes.clock import now_ms
from tests.monolith.conftest import RunningNode, positions_in_redis, running_node
from tests.monolith.faults import hold_appends
from tests.services.peer import eventually


class Ears:
    """The wire under a send queue, which only remembers how it ended."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.failed = False

    def write_text(self, frame: bytes) -> None: ...

    def write_binary(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None:
        self.codes.append(code)

    def fail(self) -> None:
        self.failed = True

    def finish(self, code: int) -> None:
        self.codes.append(code)


def _named(membership: Membership, name: str) -> Operation:
    return Operation(membership.participant, SetProfile(name=name), op_id=name)


async def _hibernated(node: RunningNode, membership: Membership) -> None:
    """Lets a session's process go to sleep, as if nothing had happened for long."""
    entry = node.entry(membership)
    await eventually(lambda: not len(entry.mailbox))
    node.node.registry.scan(entry.busy_at + registry.HIBERNATE_S + 1)
    await eventually(lambda: entry.task is None)


async def test_a_process_starts_on_demand_and_there_is_one(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await node.create()
    lives = 0
    before = SessionProcess.run

    async def counted(process: SessionProcess) -> None:
        nonlocal lives
        lives += 1
        await before(process)

    monkeypatch.setattr(SessionProcess, "run", counted)
    assert node.node.registry.entries == {}
    names = [f"Name {number}" for number in range(50)]
    backend = node.node.backend
    receipts = await asyncio.gather(*[backend.submit(anna.session_id, _named(anna, name)) for name in names])
    assert [receipt.offset for receipt in receipts] == list(range(2, 52))
    assert lives == 1


async def test_operations_beyond_the_bound_are_refused_also_while_earlier_ones_hang(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "MAX_OPERATIONS", 3)
    go_on = hold_appends(monkeypatch)
    anna = await node.create()
    backend = node.node.backend
    first = asyncio.create_task(backend.submit(anna.session_id, _named(anna, "0")))
    await eventually(lambda: node.node.registry.entries and not len(node.entry(anna).mailbox))
    rest = [asyncio.create_task(backend.submit(anna.session_id, _named(anna, str(number)))) for number in range(1, 6)]
    refused = await asyncio.gather(*rest[3:], return_exceptions=True)
    assert [one.code for one in refused if isinstance(one, Rejected)] == [ErrorCode.UNAVAILABLE] * 2
    go_on.set()
    assert [receipt.offset for receipt in await asyncio.gather(first, *rest[:3])] == [2, 3, 4, 5]


async def test_an_idle_process_hibernates_and_wakes_with_everybody_and_everything(node: RunningNode) -> None:
    anna, ben, carl = await node.group(3)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(lambda session: 1 in session.positions)
        await _hibernated(node, anna)
        await positions_in_redis(node, anna.session_id, {1: 600_000_000})  # what it knew is written
        assert len(node.entry(anna).audience) == 2
        await two.set_profile(name="Awake")
        await one.wait_for(lambda session: session.state.participants[2].name == "Awake")
        assert node.entry(anna).restarts == 0
        await _hibernated(node, anna)
        async with connect(carl) as three:
            assert three.positions[1].lat == 600_000_000
            await three.wait_for(lambda session: session.present == {1, 2, 3})
            two.report(Fix(61.0, 24.0))
            await three.wait_for(lambda session: 2 in session.positions)


async def test_the_node_looks_by_itself_who_is_idle(
    migrated_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "SCAN_S", 0.05)
    monkeypatch.setattr(registry, "HIBERNATE_S", 0.3)
    async with running_node(migrated_url, redis_url) as node:
        anna = await node.create()
        async with connect(anna) as one:
            await eventually(lambda: node.entry(anna).task is None)
            assert one.connection is ConnectionState.JOINED
            await one.set_profile(name="Awake")
            assert node.entry(anna).task is not None


async def test_who_leaves_a_hibernating_session_is_noted_as_seen_then(node: RunningNode) -> None:
    anna, ben = await node.group(2)
    async with connect(ben) as two:
        async with connect(anna):
            await two.wait_for(lambda session: 1 in session.present)
            await _hibernated(node, anna)
            left_after = now_ms()
        await two.wait_for(lambda session: 1 not in session.present)
        seen = await node.node.backend._live.seen_at(anna.session_id, 1)
    assert seen is not None
    assert seen >= left_after


async def test_each_session_has_a_budget_of_its_own(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    poisoned, other = await node.create(), await node.create()
    before = SessionProcess._handle

    def handle(process: SessionProcess, message: Any) -> None:
        if process._session_id == poisoned.session_id:
            raise ValueError
        before(process, message)

    send_queue, ears = _ears(other)
    await node.node.backend.attach(other.session_id, send_queue, None)
    monkeypatch.setattr(SessionProcess, "_handle", handle)
    refused = 0
    for _ in range(registry.INTENSITY.restarts + 1):
        with pytest.raises(Rejected) as raised:
            await node.node.backend.attach(poisoned.session_id, _ears(poisoned)[0], None)
        refused += raised.value.code is ErrorCode.UNAVAILABLE
    await eventually(lambda: poisoned.session_id not in node.node.registry.entries)
    assert refused == registry.INTENSITY.restarts + 1
    assert node.node.registry.given_up == 1
    assert ears.codes == []
    assert (await node.node.backend.submit(other.session_id, _named(other, "On"))).offset == 2
    assert node.entry(other).restarts == 0


async def test_a_session_given_up_closes_its_connections_with_1011(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await node.create()
    send_queue, ears = _ears(anna)
    await node.node.backend.attach(anna.session_id, send_queue, None)

    def fail(_process: SessionProcess) -> None:
        raise ValueError

    monkeypatch.setattr(SessionProcess, "_flush", fail)
    monkeypatch.setattr(registry, "INTENSITY", Intensity(restarts=0))
    node.node.backend.report(anna.session_id, 1, Position(now_ms(), 0, 0))
    await eventually(lambda: ears.codes)
    assert ears.codes == [CLOSE_FAILED]


async def test_a_session_that_is_gone_closes_with_4404(node: RunningNode, migrated_url: str) -> None:
    anna = await node.create()
    async with connect(anna) as one:
        await _hibernated(node, anna)
        database = await asyncpg.connect(migrated_url)
        await database.execute("DELETE FROM sessions")
        await database.close()
        one.report(Fix(60.0, 24.0))
        await one.wait_for(lambda session: session.connection is ConnectionState.CLOSED)
        assert one.closed is not None
    await eventually(lambda: anna.session_id not in node.node.registry.entries)


async def test_thousands_who_come_and_go_leave_nothing_behind(node: RunningNode) -> None:
    hosts = [await node.create() for _ in range(5)]
    backend = node.node.backend

    async def come_and_go(host: Membership) -> None:
        for _ in range(400):
            send_queue, _ = _ears(host)
            await backend.attach(host.session_id, send_queue, None)
            backend.report(host.session_id, 1, Position(now_ms(), 0, 0))
            backend.detach(host.session_id, send_queue)
            backend.detach(host.session_id, send_queue)

    await asyncio.gather(*[come_and_go(host) for host in hosts])
    for host in hosts:
        entry = node.entry(host)
        await eventually(lambda entry=entry: not len(entry.mailbox))  # type: ignore[misc]  # a default binds the entry
        assert entry.audience == []
        assert entry.process is not None
        assert entry.process.local is not None
        assert len(entry.process.local.fanout) == 0
    node.node.registry.scan(asyncio.get_running_loop().time() + registry.HIBERNATE_S + 1)
    await eventually(lambda: not node.node.registry.entries)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("session ")]


async def test_sessions_survive_a_restart_of_the_registry_itself(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "SCAN_S", 0.01)
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(lambda session: 1 in session.positions)
        before = Registry.scan

        def fail(_registry: Registry, _moment: float) -> None:
            monkeypatch.setattr(Registry, "scan", before)
            raise ValueError

        monkeypatch.setattr(Registry, "scan", fail)
        (sessions,) = [one for one in node.node.supervisor.children if one.child.name == "sessions"]
        task = sessions.task
        if task is not None:
            task.cancel()  # it sleeps for the interval that it was started with
        await eventually(lambda: sessions.restarts == 2)
        await two.set_profile(name="On")
        await one.wait_for(_is_named(2, "On"))
        assert two.connection is ConnectionState.JOINED


def _is_named(participant: int, name: str) -> Any:
    def check(session: LiveSession) -> bool:
        return session.state.participants[participant].name == name

    return check


def _ears(membership: Membership) -> tuple[SendQueue, Ears]:
    ears = Ears()
    send_queue = SendQueue(ears, membership.participant, "binary", "ref")
    send_queue.open(0, [])
    return send_queue, ears
