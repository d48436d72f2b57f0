"""Crashes, Redis away, PostgreSQL away or frozen, a session taken over: what goes on meanwhile, and that all heals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from cavalcade.client import ConnectionState, connect
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.profile import ProfileChanged, SetProfile
from cavalcade.domain.fix import Fix
from cavalcade.domain.operations import Operation
from cavalcade.monolith import registry
from cavalcade.monolith.session_process import SessionProcess
from cavalcade.monolith.supervisor import Intensity
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.live_storage import redis_link
from cavalcade.stack import valkey
from cavalcade.storage.sessions import SessionStore
from testbed.installations.proxy import Proxy
from tests.monolith.conftest import RunningNode, positions_in_redis, redis_is_emptied, running_node
from tests.monolith.faults import Injected, inject
from tests.monolith.test_registry import _ears, _hibernated, _is_named, _named
from tests.monolith.test_session_process import _sees
from tests.scenarios.raw_socket import open_socket
from tests.services.peer import eventually
from tests.services.phoenix.member import members

BACK_S = 2.5
"""Within this time a member whose channel failed has joined again; the official client waits for a second of it."""


@pytest.fixture
async def redis_wire(server_directory: Path, redis_url: str) -> AsyncIterator[Proxy]:
    """What lies between the node and an empty Redis."""
    assert redis_url
    async with Proxy(server_directory / "valkey.sock", server_directory / "node-redis.sock") as wire:
        yield wire


@pytest.fixture
async def postgres_wire(server_directory: Path) -> AsyncIterator[Proxy]:
    """What lies between the node and PostgreSQL."""
    (server_directory / "node").mkdir(exist_ok=True)
    name = ".s.PGSQL.5432"
    async with Proxy(server_directory / name, server_directory / "node" / name) as wire:
        yield wire


@pytest.fixture
async def node(
    server_directory: Path, migrated_url: str, redis_wire: Proxy, postgres_wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningNode]:
    """A node whose servers can be taken away, and which looks for Redis more often."""
    assert redis_wire
    assert postgres_wire
    monkeypatch.setattr(redis_link, "LONGEST_PAUSE_S", 0.05)
    through = migrated_url.replace(str(server_directory), str(server_directory / "node"))
    assert through != migrated_url
    async with running_node(through, valkey.url(server_directory / "node-redis.sock")) as running:
        await eventually(lambda: running.node._link.is_up)
        yield running


def _crash(node: RunningNode, session_id: str, monkeypatch: pytest.MonkeyPatch, times: int = 1) -> None:
    """Has the process of a session fail at its next flushes."""
    before = Fanout.flush
    left = times

    def flush(fanout: Fanout) -> None:
        nonlocal left
        if session_id in fanout.topic and left > 0:
            left -= 1
            raise Injected
        before(fanout)

    monkeypatch.setattr(Fanout, "flush", flush)
    entry = node.node.registry.entries[session_id]
    assert entry.process is not None
    assert entry.process.local is not None
    entry.process.local.fanout.expect()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


async def test_others_positions_keep_arriving_while_a_session_crashes_again_and_again(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "INTENSITY", Intensity(restarts=1000))
    anna, ben = await node.group(2)
    sick = await node.create()
    async with connect(anna) as one, connect(ben) as two, connect(sick) as suffering:
        await eventually(lambda: node.node.registry.entries[sick.session_id].process is not None)
        _crash(node, sick.session_id, monkeypatch, times=1000)
        for step in range(5):
            suffering.report(Fix(10.0 + step, 10.0))
            one.report(Fix(50.0 + step, 24.0))
            await two.wait_for(_sees(1, 50.0 + step), timeout=5)
        await eventually(lambda: node.entry(sick).restarts >= 3)
        assert node.entry(anna).restarts == 0
        assert suffering.connection is ConnectionState.JOINED


async def test_healing_keeps_connections_and_brings_back_everything(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    anna, ben, carl = await node.group(3)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))  # and then stands still
        await two.wait_for(_sees(1, 60.0))
        connections = set(node.node.sockets._connections)
        before = SessionProcess._apply
        crashed_at = 0.0

        def apply(_process: SessionProcess, _event: Any) -> None:
            nonlocal crashed_at
            monkeypatch.setattr(SessionProcess, "_apply", before)
            crashed_at = _loop_time()
            raise Injected

        monkeypatch.setattr(SessionProcess, "_apply", apply)
        stored = asyncio.create_task(two.set_profile(name="Ben"))  # stored, and lost on the way to the members
        await one.wait_for(_is_named(2, "Ben"))
        healed_after = _loop_time() - crashed_at
        with capsys.disabled():
            print(f"\ncrash to missed event: {healed_after * 1000:.0f} ms")  # noqa: T201 - shown beside the bound
        assert crashed_at > 0
        assert healed_after < 2
        await stored
        async with connect(carl) as three:
            assert three.positions[1].lat == 600_000_000
        assert set(node.node.sockets._connections) >= connections
        assert (one.connection, two.connection) == (ConnectionState.JOINED,) * 2
        assert node.entry(anna).restarts == 1


@pytest.mark.parametrize("is_redis_late", [False, True])
async def test_a_position_from_before_a_pause_stays_withdrawn_whatever_crashes(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, *, is_redis_late: bool
) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        await positions_in_redis(node, anna.session_id, {1: 600_000_000})
        if is_redis_late:
            monkeypatch.setattr(node.node.writer, "flush", lambda: None)
        for on in (False, True):
            fault = inject(monkeypatch, "applying")  # it is stored, and goes no further
            await one.set_sharing(on=on)
            assert not fault.armed
            await two.wait_for(lambda session, on=on: session.state.participants[1].sharing is on)  # type: ignore[misc]
        assert node.entry(anna).restarts == 2
        assert 1 not in two.positions
        async with connect(await node.join(anna, "Carl")) as three:
            assert 1 not in three.positions
        one.report(Fix(61.0, 24.0))
        await two.wait_for(_sees(1, 61.0))


async def test_a_crash_while_redis_is_away_forgets_nobody(
    node: RunningNode, redis_wire: Proxy, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, carl = await node.group(3)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        node.node.writer.flush()
        redis_wire.cut()
        await redis_is_emptied(redis_url)
        await eventually(lambda: not node.node._link.is_up)
        _crash(node, anna.session_id, monkeypatch)
        await eventually(lambda: node.entry(anna).restarts == 1)
        async with connect(carl) as three:
            assert three.positions[1].lat == 600_000_000
        redis_wire.mend()
        await positions_in_redis(node, anna.session_id, {1: 600_000_000})


async def test_sessions_go_on_without_redis_and_their_positions_are_there_again(
    node: RunningNode, redis_wire: Proxy, redis_url: str
) -> None:
    anna, ben = await node.group(2)
    other = await node.create()
    async with connect(anna) as one, connect(ben) as two, connect(other) as asleep:
        one.report(Fix(60.0, 24.0))
        asleep.report(Fix(40.0, 24.0))
        await asyncio.gather(two.wait_for(_sees(1, 60.0)), asleep.wait_for(_sees(1, 40.0)))
        node.node.writer.flush()
        await _hibernated(node, other)
        redis_wire.cut()
        await redis_is_emptied(redis_url)
        two.report(Fix(61.0, 24.0))
        await one.wait_for(_sees(2, 61.0))
        await one.set_profile(name="Anna")
        await two.wait_for(_is_named(1, "Anna"))
        assert await node.node.backend.missing() == "redis"
        redis_wire.mend()
        await positions_in_redis(node, anna.session_id, {1: 600_000_000, 2: 610_000_000})
        await positions_in_redis(node, other.session_id, {1: 400_000_000})
        assert node.entry(anna).restarts == 0


@pytest.mark.parametrize("how", ["cut", "freeze"])
async def test_without_postgresql_positions_flow_and_operations_are_settled_later(
    node: RunningNode, postgres_wire: Proxy, how: str
) -> None:
    anna, ben = await node.group(2)
    backend = node.node.backend
    async with connect(anna) as one, connect(ben) as two, open_socket(ben) as raw:
        await raw.join()
        postgres_wire.cut() if how == "cut" else postgres_wire.freeze()
        begun = _loop_time()
        operation = asyncio.create_task(
            one.set_profile(name="Anna")
        )  # the client repeats its op_id until it is settled
        metric = node.node.sockets.metrics.operations.labels("profile:set", ErrorCode.UNAVAILABLE.value)
        two.report(Fix(61.0, 24.0))
        await one.wait_for(_sees(2, 61.0), timeout=2)
        await eventually(lambda: metric._value.get() >= 1)
        assert _loop_time() - begun < 2.5
        assert not operation.done()
        status, response = await raw.ask("profile:set", {"name": "Ben", "op_id": "while-it-is-away"})
        assert (status, response["reason"], response["retry"]) == ("error", "unavailable", True)
        assert _loop_time() - begun < 5  # 2 s each
        postgres_wire.mend()
        offset = await asyncio.wait_for(operation, 15)
        await two.wait_for(_is_named(1, "Anna"))
        # Ben was told to try again and did not; his operation may have been stored all the same.
        assert offset in {3, 4}
        changes = [event.change for event in await backend._store.events_after(anna.session_id, 2)]
        names = [change.name for change in changes if isinstance(change, ProfileChanged)]
        assert sorted(names) in (["Anna"], ["Anna", "Ben"])
        assert len(changes) == len(names)
        assert (await backend.submit(anna.session_id, _named(anna, "Next"))).offset == len(names) + 3


async def test_members_who_cannot_be_healed_join_again_by_themselves(
    node: RunningNode, postgres_wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "LOAD_S", 0.2)
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        connections = set(node.node.sockets._connections)
        postgres_wire.cut()
        _crash(node, anna.session_id, monkeypatch)
        await one.wait_for(lambda session: session.connection is not ConnectionState.JOINED)
        postgres_wire.mend()
        for session in (one, two):
            await session.wait_for(lambda session: session.connection is ConnectionState.JOINED, timeout=15)
        assert set(node.node.sockets._connections) == connections  # phx_error: the sockets stay
        two.report(Fix(61.0, 24.0))
        await one.wait_for(_sees(2, 61.0), timeout=5)
        assert two.positions[1].lat == 600_000_000


async def test_the_official_client_is_back_within_two_and_a_half_seconds_of_its_channel_failing(
    node: RunningNode, postgres_wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "LOAD_S", 0.2)
    anna, ben = await node.group(2)
    async with members() as start, connect(ben) as two:
        one = await start(node.sockets, anna.session_id, anna.token, "json")
        await one.says("joined")
        await one.says("open")
        before = SendQueue.fail
        failed_at: list[float] = []

        def fail(send_queue: SendQueue) -> None:
            failed_at.append(_loop_time())
            postgres_wire.mend()  # it could be healed again as soon as it has been given up
            before(send_queue)

        monkeypatch.setattr(SendQueue, "fail", fail)
        await two.wait_for(lambda session: session.present == {1, 2})
        postgres_wire.cut()
        _crash(node, anna.session_id, monkeypatch)
        reply = (await one.says("joined"))["reply"]
        assert _loop_time() - failed_at[0] < BACK_S
        assert len(failed_at) == 2
        assert reply["offset"] == 2
        await two.wait_for(lambda session: session.present == {1, 2})
        two.report(Fix(61.0, 24.0))
        (moved,) = (await one.says("positions"))["json"]["positions"]
        assert moved["participant"] == 2
        assert one.unread("close") == []  # the socket stayed


async def test_a_repeated_operation_gets_its_reply_and_makes_no_second_event(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await node.create()
    backend = node.node.backend
    before = SessionStore.append

    async def append(*given: Any, **named: Any) -> None:
        await before(*given, **named)
        monkeypatch.setattr(SessionStore, "append", before)
        raise Injected

    monkeypatch.setattr(SessionStore, "append", append)
    with pytest.raises(Rejected) as raised:
        await backend.submit(anna.session_id, _named(anna, "Anna"))
    assert raised.value.code is ErrorCode.UNAVAILABLE
    assert [(await backend.submit(anna.session_id, _named(anna, "Anna"))).offset for _ in range(2)] == [2, 2]
    assert len(await backend._store.events_after(anna.session_id, 1)) == 1


async def test_the_crash_report_names_the_operation_and_nothing_of_its_content(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await node.create()

    async def append(*_: Any, **__: Any) -> None:
        raise Injected("Anna Karenina")

    monkeypatch.setattr(SessionStore, "append", append)
    with capture_logs() as logs, pytest.raises(Rejected):
        await node.node.backend.submit(anna.session_id, _named(anna, "Anna Karenina"))
    await eventually(lambda: node.entry(anna).restarts == 1)
    (crash,) = [line for line in logs if line["event"] == "process_crashed"]
    assert (crash["failure"], crash["last_message"]) == ("Injected", "SetProfile")
    assert any(frame.startswith("_execute (session_process.py:") for frame in crash["frames"])
    assert "Karenina" not in str(logs)


@pytest.mark.parametrize(("step", "message"), [("accepting", "Flush"), ("welcoming", "Attach"), ("removing", "Detach")])
async def test_the_crash_report_names_the_message_and_holds_neither_places_nor_tokens(
    node: RunningNode, monkeypatch: pytest.MonkeyPatch, step: str, message: str
) -> None:
    anna, ben = await node.group(2)
    with capture_logs() as logs:
        async with connect(anna) as one:
            async with connect(ben) as two:
                await one.wait_for(lambda session: session.present == {1, 2})
                inject(monkeypatch, step)
                two.report(Fix(61.2345678, 25.7654321))
                if step == "welcoming":
                    async with connect(await node.join(anna, "Carl")):
                        pass
                await one.wait_for(_sees(2, 61.2345678))
            await one.wait_for(lambda session: 2 not in session.present)
    (crash,) = [line for line in logs if line["event"] == "process_crashed"]
    assert (crash["process"], crash["failure"], crash["last_message"]) == ("session", "Injected", message)
    for secret in ("61.23", "612345678", "25.76", "257654321", ben.token, anna.code):
        assert secret is not None
        assert secret not in str(crash)


async def test_operations_that_wait_survive_a_crash(node: RunningNode, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await node.create()
    before = SessionStore.append

    async def append(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(SessionStore, "append", before)
        raise Injected

    monkeypatch.setattr(SessionStore, "append", append)
    submitted = [node.node.backend.submit(anna.session_id, _named(anna, str(number))) for number in range(4)]
    first, *rest = await asyncio.gather(*submitted, return_exceptions=True)
    assert isinstance(first, Rejected)
    assert [one.offset for one in rest if not isinstance(one, BaseException)] == [2, 3, 4]


async def test_a_process_that_was_superseded_writes_nothing_and_sends_its_members_back(node: RunningNode) -> None:
    anna, ben = await node.group(2)
    store = node.node.backend._store
    async with connect(anna) as one, connect(ben) as two:
        stored = await store.load(anna.session_id)
        assert stored is not None
        assert await store.take_over([stored])
        with pytest.raises(Rejected) as raised:
            await node.node.backend.submit(anna.session_id, Operation(1, SetProfile(name="Stale"), op_id="1"))
        assert raised.value.code is ErrorCode.UNAVAILABLE
        assert await store.events_after(anna.session_id, 2) == []
        await two.set_profile(name="Fresh")
        await one.wait_for(_is_named(2, "Fresh"))
        assert one.state.offset == 3
        assert node.node.ownership.counts.superseded == 1


async def test_a_hibernating_session_expires(node: RunningNode, migrated_url: str) -> None:
    anna = await node.create()
    async with connect(anna) as one:
        await _hibernated(node, anna)
        database = await asyncpg.connect(migrated_url)
        await database.execute("UPDATE sessions SET expires_at = 1")
        await database.close()
        await one.wait_for(lambda session: session.connection is ConnectionState.CLOSED, timeout=10)
        assert one.state.ended == "expired"
    await eventually(lambda: not node.node.registry.entries)


@pytest.mark.parametrize("crashes", [False, True])
async def test_the_end_reaches_everybody_and_leaves_nothing_behind(
    node: RunningNode, redis_url: str, monkeypatch: pytest.MonkeyPatch, *, crashes: bool
) -> None:
    anna, ben = await node.group(2)
    async with connect(anna) as one, connect(ben) as two:
        one.report(Fix(60.0, 24.0))
        await two.wait_for(_sees(1, 60.0))
        node.node.writer.flush()
        before = SessionProcess._apply

        def apply(_process: SessionProcess, _event: Any) -> None:
            monkeypatch.setattr(SessionProcess, "_apply", before)
            raise Injected

        if crashes:
            monkeypatch.setattr(SessionProcess, "_apply", apply)
        submitted = node.node.backend.submit(anna.session_id, Operation(1, EndSession()))
        (outcome,) = await asyncio.gather(submitted, return_exceptions=True)
        assert isinstance(outcome, Rejected) is crashes
        for session in (one, two):
            await session.wait_for(lambda session: session.connection is ConnectionState.CLOSED, timeout=5)
            assert session.state.ended == "ended"
    await eventually(lambda: not node.node.registry.entries)
    client = Redis.from_url(redis_url)
    async with asyncio.timeout(5):
        tombstone = [f"cavalcade:{{{anna.session_id}}}:ended".encode()]
        while await client.keys(f"*{anna.session_id}*") != tombstone:  # noqa: ASYNC110 - Redis tells of no changes
            await asyncio.sleep(0.01)
    await client.aclose()


async def test_an_end_that_nobody_heard_of_is_all_that_is_known_afterwards(node: RunningNode) -> None:
    anna = await node.create()
    await node.node.backend.submit(anna.session_id, Operation(1, EndSession()))
    with pytest.raises(Rejected) as raised:
        await node.node.backend.attach(anna.session_id, _ears(anna)[0], None)
    assert raised.value.code is ErrorCode.SESSION_NOT_FOUND
    await eventually(lambda: not node.node.registry.entries)
