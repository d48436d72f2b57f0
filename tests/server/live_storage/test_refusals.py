"""Redis is there and answers with an error: that is a failure, it is said, and what was refused is written again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import hiredis
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError, ResponseError
from structlog.testing import capture_logs

from cavalcade.domain.fix import Position
from cavalcade.server.live_storage import redis_link
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState, key
from cavalcade.server.live_storage.redis_link import RedisLink, RedisRefused
from cavalcade.server.live_storage.refusals import SAID_EVERY_S, STATES, Refusals, kind_of
from cavalcade.server.processes.clock import now_ms
from tests.refusing import WAYS, refusing
from tests.services.peer import eventually

HERE = Position(5, 600_000_000, 240_000_000)
THERE = Position(6, 610_000_000, 240_000_000)
ONE, OTHER = "k3v9x0m2qa", "0qhx81l2vd"


@dataclass
class Process:
    """What writes in a process, and how often it was told that Redis is there."""

    link: RedisLink
    writer: LivePositionWriter
    live: LiveState
    registry: CollectorRegistry
    told: list[None] = field(default_factory=list)

    def put(self, session_id: str, who: int, where: Position) -> None:
        self.writer.put(session_id, now_ms() + 600_000, {who: where})

    async def holds(self, session_id: str, expected: dict[int, Position]) -> None:
        """Waits until Redis has these positions of a session."""
        async with asyncio.timeout(10):
            while await self.live.positions(session_id) != expected:  # noqa: ASYNC110 - it does not tell
                await asyncio.sleep(0.01)

    def refused(self, kind: str) -> float:
        """How many commands were counted as refused."""
        return self.registry.get_sample_value("cavalcade_redis_refused_total", {"kind": kind}) or 0.0


@pytest.fixture
async def process(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    """A process that looks often whether Redis takes writes again."""
    monkeypatch.setattr(redis_link, "BEAT_S", 0.05)
    monkeypatch.setattr(redis_link, "FIRST_TRY_S", 0.05)
    registry = CollectorRegistry()
    refusals = Refusals(registry, clock=lambda: 0.0)  # it does not say again what it said, however slow the machine is

    def connected() -> None:
        made.told.append(None)
        made.writer.connected()

    link = RedisLink(redis_url, connected=connected, refusals=refusals)
    async with Redis.from_url(redis_url) as client:
        made = Process(link, LivePositionWriter(link), LiveState(client, refusals), registry)
        tasks = [asyncio.create_task(made.link.run()), asyncio.create_task(made.writer.run())]
        await eventually(lambda: made.told)
        yield made
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("kind", WAYS)
async def test_what_was_refused_is_written_when_redis_takes_writes_again(
    process: Process, redis_url: str, server_directory: Path, kind: str
) -> None:
    process.put(ONE, 1, HERE)
    process.put(ONE, 2, HERE)
    await process.holds(ONE, {1: HERE, 2: HERE})
    with capture_logs() as logs:
        async with refusing(kind, redis_url, server_directory / "valkey"):
            process.put(ONE, 1, THERE)  # and then stands still
            process.writer.withdraw(ONE, 2)
            process.writer.seen(ONE, 1, 7, now_ms() + 600_000)
            await eventually(lambda: process.refused(kind))
            assert process.writer.unwritten(ONE).over({2: HERE}) == {1: THERE}
            assert await process.live.positions(ONE) != {1: THERE}
            assert await process.live.ping()
        await process.holds(ONE, {1: THERE})
        assert await process.live.seen_at(ONE, 1) == 7
    # Others of this run may use this Redis as well, and say it, too.
    said = next(line for line in logs if line["event"] == "redis_refused" and line["kind"] == kind)
    assert (said["log_level"], said["advice"]) == ("error", STATES[kind])


def test_a_kind_is_said_once_in_a_while_however_many_are_refused() -> None:
    now = [0.0]
    refusals = Refusals(clock=lambda: now[0])
    for now[0], said in ((0.0, ["MISCONF", "OOM"]), (SAID_EVERY_S - 0.1, []), (SAID_EVERY_S, ["MISCONF", "OOM"])):
        with capture_logs() as logs:
            for error in (ResponseError("MISCONF disk"), ResponseError("OOM memory"), ResponseError("MISCONF disk")):
                refusals.note(error)
        assert [line["kind"] for line in logs] == said


@pytest.mark.parametrize("kind", WAYS)
async def test_a_link_that_only_tells_is_told_that_redis_takes_writes_again(
    process: Process, redis_url: str, server_directory: Path, kind: str
) -> None:
    async with refusing(kind, redis_url, server_directory / "valkey"):
        process.link.tell([("SET", "told", 1)])
        await eventually(lambda: process.link.is_refused)
        times = len(process.told)
    await eventually(lambda: not process.link.is_refused and len(process.told) > times)


async def test_a_refusal_among_many_answers_is_raised(process: Process, redis_url: str, server_directory: Path) -> None:
    async with refusing("OOM", redis_url, server_directory / "valkey"):
        with pytest.raises(RedisRefused):
            await process.link.ask([("GET", "a"), ("SET", "a", 1), ("GET", "a")])
        with pytest.raises(RedisRefused):
            await process.link.call("SET", "a", 1)
    await process.link.call("SET", "a", 1)


async def test_the_end_of_a_session_reaches_a_redis_that_refused_it(
    process: Process, redis_url: str, server_directory: Path
) -> None:
    process.put(ONE, 1, HERE)
    await process.holds(ONE, {1: HERE})
    async with refusing("READONLY", redis_url, server_directory / "valkey"):
        process.writer.end(ONE)
        await eventually(lambda: process.refused("READONLY"))
        assert await process.live.positions(ONE) == {1: HERE}
    await process.holds(ONE, {})
    async with Redis.from_url(redis_url) as client:
        assert await client.exists(key(ONE, "ended"))


async def test_what_is_refused_of_one_session_alone_holds_up_no_other(process: Process, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        await client.set(key(ONE, "positions"), "not ours")
        process.put(ONE, 1, HERE)
        process.put(OTHER, 1, HERE)
        await process.holds(OTHER, {1: HERE})
        await eventually(lambda: process.refused("WRONGTYPE") > 1)
        assert (len(process.told), process.link.is_refused) == (1, False)
        assert process.writer.unwritten(ONE).positions == {1: HERE}
        await client.delete(key(ONE, "positions"))
    await process.holds(ONE, {1: HERE})


async def test_settling_says_whether_redis_has_it(process: Process, redis_url: str, server_directory: Path) -> None:
    process.put(ONE, 1, HERE)
    assert await process.writer.settle(ONE)
    async with refusing("OOM", redis_url, server_directory / "valkey"):
        process.put(ONE, 1, THERE)
        settled = process.writer.settle(ONE)
        process.writer.forget(ONE)
        assert not await settled


async def test_a_script_that_redis_forgot_is_loaded_again(process: Process, redis_url: str) -> None:
    process.put(ONE, 1, HERE)
    await process.holds(ONE, {1: HERE})
    async with Redis.from_url(redis_url) as client:
        await client.script_flush()
    process.put(ONE, 1, THERE)
    await process.holds(ONE, {1: THERE})


async def test_a_right_that_is_missing_is_told_and_healed(process: Process, redis_url: str) -> None:
    """What the link may not do is said; subscriptions that were refused are made when they are allowed."""
    pushed: asyncio.Queue[list[object]] = asyncio.Queue()
    registry = CollectorRegistry()
    async with Redis.from_url(redis_url) as client:
        assert process
        await client.execute_command("ACL", "SETUSER", "few", "on", ">secret", "+@all", "~cavalcade:*", "resetchannels")  # type: ignore[no-untyped-call]  # redis-py
        url = redis_url.replace("unix://", "unix://few:secret@")
        link = RedisLink(url, connected=lambda: subscribe(link), pushed=pushed.put_nowait, refusals=Refusals(registry))
        running = asyncio.create_task(link.run())
        try:
            labels = {"kind": "NOPERM"}
            await eventually(lambda: registry.get_sample_value("cavalcade_redis_refused_total", labels))
            await client.execute_command("ACL", "SETUSER", "few", "allchannels")  # type: ignore[no-untyped-call]  # redis-py
            async with asyncio.timeout(10):
                assert (await pushed.get())[0] == b"subscribe"
        finally:
            running.cancel()
            await client.execute_command("ACL", "DELUSER", "few")  # type: ignore[no-untyped-call]  # redis-py


def subscribe(link: RedisLink) -> None:
    link.tell([("SUBSCRIBE", "cavalcade:news")])


def test_kinds_are_found_whatever_reports_the_error() -> None:
    assert kind_of(hiredis.ReplyError("OOM command not allowed when used memory > 'maxmemory'.")) == "OOM"
    assert kind_of(ReadOnlyError("You can't write against a read only replica.", status_code="READONLY")) == "READONLY"
    in_pipeline = "Command # 1 (HSET where somebody is) of pipeline caused error: MISCONF Valkey is configured to save"
    assert kind_of(ResponseError(in_pipeline)) == "MISCONF"
    assert kind_of(hiredis.ReplyError("something that nobody knows")) == "ERR"


def test_a_kind_is_said_again_after_a_while_and_never_with_the_text_of_the_error() -> None:
    moments = iter((0.0, 1.0, 9.9, 10.0))
    refusals = Refusals(clock=lambda: next(moments))
    with capture_logs() as logs:
        for _ in range(4):
            refusals.note(hiredis.ReplyError("OOM cavalcade:{k3v9x0m2qa}:positions"))
    assert len(logs) == 2
    assert not any("k3v9x0m2qa" in str(line) for line in logs)
