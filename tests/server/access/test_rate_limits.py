"""What is asked for is counted together while Redis is there, and all the same while it is away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.chat import SendMessage, Signal
from cavalcade.domain.model import Role
from cavalcade.domain.operations import Operation
from cavalcade.server.access import rate_limits
from cavalcade.server.access.rate_limits import MAX_COUNTERS, WRONG_CODES, LocalCounters, Quota, Rate, RateLimits
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.settings import Quotas

SECRET = "secret"
FEW = Quota("few", (Rate.over(3, 60), Rate.over(5, 3600)), "Too many.")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def linked(redis_url: str) -> AsyncIterator[RedisLink]:
    """A link that stands."""
    connected = asyncio.Event()
    link = RedisLink(redis_url, connected=connected.set)
    running = asyncio.create_task(link.run())
    await asyncio.wait_for(connected.wait(), 10)
    yield link
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def refused(limited: RateLimits, quota: Quota, subject: str) -> int:
    """Asks for what is too much, and returns for how many seconds that is so."""
    with pytest.raises(Rejected) as raised:
        await limited.take(quota, subject)
    assert raised.value.code is ErrorCode.TOO_MANY_REQUESTS
    return raised.value.retry_after_s


async def test_refuses_one_and_no_other(redis_url: str) -> None:
    async with linked(redis_url) as link:
        limited = RateLimits(link, SECRET, Quotas())
        for _ in range(3):
            await limited.take(FEW, "198.51.100.1")
        assert 18 <= await refused(limited, FEW, "198.51.100.1") <= 20  # three a minute: one every 20 s
        await limited.take(FEW, "198.51.100.2")
        await limited.take(WRONG_CODES, "198.51.100.1")


async def test_processes_count_together_and_lose_none(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "REDIS_DEADLINE_S", 10)  # forty at once, on a busy machine, take their time
    quota = Quota("forty", (Rate.over(40, 3600),), "Too many.")
    async with linked(redis_url) as one, linked(redis_url) as other:
        both = [RateLimits(link, SECRET, Quotas()) for link in (one, other)]
        taken = await asyncio.gather(
            *(each.take(quota, "x") for each in both for _ in range(25)), return_exceptions=True
        )
        assert sum(isinstance(result, Rejected) for result in taken) == 10


async def test_keeps_no_address_in_redis_and_nothing_for_ever(redis_url: str) -> None:
    async with linked(redis_url) as link, Redis.from_url(redis_url) as client:
        await RateLimits(link, SECRET, Quotas()).take(FEW, "198.51.100.1")
        keys = await client.keys("*")
        assert len(keys) == 2
        assert not any(b"198.51" in key for key in keys)
        assert all([0 < await client.ttl(key) <= 3600 for key in keys])


async def test_a_debt_that_a_step_of_the_servers_clock_made_longer_is_not_believed(redis_url: str) -> None:
    async with linked(redis_url) as link, Redis.from_url(redis_url) as client:
        limited = RateLimits(link, SECRET, Quotas())
        await limited.take(FEW, "x")
        for key in await client.keys("*"):
            await client.pexpire(key, 30 * 86_400_000)
        assert await refused(limited, FEW, "x") <= 720  # an interval of the slowest rate


async def test_counts_by_itself_while_redis_is_away() -> None:
    clock = Clock()
    limited = RateLimits(RedisLink("unix:///nowhere/valkey.sock"), SECRET, Quotas(), clock=clock)
    for _ in range(3):
        await limited.take(FEW, "x")
    assert await refused(limited, FEW, "x") == 20
    clock.now += 40
    for _ in range(2):
        await limited.take(FEW, "x")  # five of the hour's five
    assert await refused(limited, FEW, "x") == 680
    clock.now += 680
    await limited.take(FEW, "x")


async def test_counts_by_itself_while_redis_refuses_to_write(redis_url: str) -> None:
    async with linked(redis_url) as link, Redis.from_url(redis_url) as client:
        limited = RateLimits(link, SECRET, Quotas())
        await client.config_set("maxmemory", "1")
        try:
            for _ in range(3):
                await limited.take(FEW, "x")
            await refused(limited, FEW, "x")
        finally:
            await client.config_set("maxmemory", "0")


async def test_does_not_wait_for_a_redis_that_hangs(redis_url: str) -> None:
    async with linked(redis_url) as link, Redis.from_url(redis_url) as other:
        limited = RateLimits(link, SECRET, Quotas())
        await limited.take(FEW, "x")
        await other.client_pause(600, all=True)
        async with asyncio.timeout(0.5):
            for _ in range(3):
                await limited.take(FEW, "x")
        await refused(limited, FEW, "x")
        await other.ping()  # until the pause is over


async def test_what_each_quota_allows() -> None:
    clock = Clock()
    limited = RateLimits(None, SECRET, Quotas(), clock=clock)

    async def times(ask: object) -> int:
        count = 0
        with contextlib.suppress(Rejected):
            while True:
                await ask()  # type: ignore[operator]
                count += 1
        return count

    assert await times(lambda: limited.wrong_code("a")) == 20
    assert await times(lambda: limited.new_session("a")) == 100
    assert await times(lambda: limited.operation("s", 1)) == 20
    assert await times(lambda: limited.socket_join("s", 1)) == 20
    assert await times(lambda: limited.join("s", Role.VIEWER, present=1, gone=0)) == 50
    assert await times(lambda: limited.join("s", Role.MEMBER, present=1, gone=0)) == 200
    assert await times(lambda: limited.join("t", Role.VIEWER, present=1, gone=2)) == 20
    assert await times(lambda: limited.join("t", Role.MEMBER, present=1, gone=2)) == 20
    clock.now += 15
    assert await times(lambda: limited.operation("s", 1)) == 20  # no more than at once
    flood = 0
    for _ in range(150):  # one that asks on for fifteen seconds
        clock.now += 0.1
        flood += await times(lambda: limited.operation("s", 2))
    assert flood <= 100


def test_keeps_a_bounded_number_of_counters() -> None:
    counters = LocalCounters()
    for number in range(MAX_COUNTERS + 10):
        counters.take(str(number), (Rate(3, 20_000),), 0)
    assert len(counters) == MAX_COUNTERS


@given(st.integers(1, 5), st.integers(1, 1_000), st.lists(st.integers(0, 3_000), max_size=40))
def test_never_more_than_at_once_and_one_an_interval(at_once: int, interval_ms: int, pauses: list[int]) -> None:
    counters, rate, now = LocalCounters(), Rate(at_once, interval_ms), 0
    taken: list[int] = []
    for pause in pauses:
        now += pause
        wait = counters.take("x", (rate,), now)
        if wait == 0:
            taken.append(now)
        else:
            assert counters.take("x", (rate,), now + wait - 1) > 0
    for first, begun in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= at_once + (taken[last] - begun) / interval_ms


def _signal(op_id: str, by: int = 1, signal: Signal = Signal.FUEL) -> Operation:
    return Operation(by, SendMessage(None, signal), op_id)


@pytest.mark.parametrize("is_counted_in_redis", [True, False])
async def test_what_is_bound_counts_once_for_each_operation(redis_url: str, *, is_counted_in_redis: bool) -> None:
    async with linked(redis_url) as link:
        limited = RateLimits(link if is_counted_in_redis else None, SECRET, Quotas(), clock=Clock())
        for _ in range(3):
            await limited.asked("s", _signal("first"))  # the same again, as after a lost answer
        with pytest.raises(Rejected) as again:
            await limited.asked("s", _signal("second"))
        assert (again.value.code, 0 < again.value.retry_after_s <= 20) == (ErrorCode.TOO_MANY_REQUESTS, True)
        await limited.asked("s", _signal("third", signal=Signal.BREAK))
        await limited.asked("s", _signal("first", by=2))
        await limited.asked("other", _signal("second"))


async def test_one_person_and_all_together_have_bounds() -> None:
    limited = RateLimits(None, SECRET, Quotas(), clock=Clock())
    for number in range(10):
        await limited.asked("s", Operation(1, SendMessage("Hi"), f"text {number}"))
    with pytest.raises(Rejected) as much:
        await limited.asked("s", Operation(1, SendMessage("Hi"), "text 10"))
    assert much.value.retry_after_s == 1
    await limited.asked("s", Operation(1, SendMessage("Hi"), "text 0"))
    for who in range(2, 52):
        await limited.asked("s", Operation(who, SendMessage("Hi"), "a"))
    with pytest.raises(Rejected):
        await limited.asked("s", Operation(60, SendMessage("Hi"), "a"))
    await limited.asked("other", Operation(60, SendMessage("Hi"), "a"))
