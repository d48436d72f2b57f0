"""Wrong codes are counted together while Redis is there, and all the same while it is away."""

import asyncio

import pytest
from redis.asyncio import Redis

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.server import limits
from cavalcade.server.limits import MAX_COUNTERS, Allowance, FailureLimiter, LocalCounters

ALLOWANCES = (Allowance(3, 60), Allowance(5, 3600))
NOWHERE = "unix:///nowhere/valkey.sock"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


async def fail(limiter: FailureLimiter, bucket: str, times: int) -> None:
    for _ in range(times):
        await limiter.check(bucket)
        await limiter.record_failure(bucket)


async def test_blocks_an_address_and_no_other(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        limiter = FailureLimiter(client, "secret", allowances=ALLOWANCES)
        await fail(limiter, "198.51.100.1", 3)
        with pytest.raises(Rejected) as raised:
            await limiter.check("198.51.100.1")
        assert raised.value.code is ErrorCode.TOO_MANY_REQUESTS
        assert 55 <= raised.value.retry_after_s <= 60
        await limiter.check("198.51.100.2")


async def test_processes_count_together_and_lose_none(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REDIS_DEADLINE_S", 10)  # forty at once, on a busy machine, take their time
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        limiters = [FailureLimiter(client, "secret", allowances=(Allowance(40, 60),)) for client in (one, other)]
        await asyncio.gather(*(limiter.record_failure("198.51.100.1") for limiter in limiters for _ in range(20)))
        for limiter in limiters:
            with pytest.raises(Rejected):
                await limiter.check("198.51.100.1")


async def test_keeps_no_address_in_redis_and_nothing_for_ever(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        await fail(FailureLimiter(client, "secret", allowances=ALLOWANCES), "198.51.100.1", 1)
        keys = await client.keys("*")
        assert len(keys) == 2
        assert not any(b"198.51" in key for key in keys)
        assert all([0 < await client.ttl(key) <= 3600 for key in keys])


async def test_looking_counts_nothing(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        limiter = FailureLimiter(client, "secret", allowances=ALLOWANCES)
        for _ in range(10):
            await limiter.check("198.51.100.1")
        assert await client.keys("*") == []


async def test_counts_by_itself_while_redis_is_away() -> None:
    clock = Clock()
    async with Redis.from_url(NOWHERE) as client:
        limiter = FailureLimiter(client, "secret", allowances=ALLOWANCES, clock=clock)
        await fail(limiter, "198.51.100.1", 3)
        with pytest.raises(Rejected) as raised:
            await limiter.check("198.51.100.1")
        assert raised.value.retry_after_s == 60
        clock.now += 60_000
        await fail(limiter, "198.51.100.1", 2)  # the longer window's five are full now
        with pytest.raises(Rejected) as raised:
            await limiter.check("198.51.100.1")
        assert raised.value.retry_after_s == 3540
        clock.now += 3_540_000
        await limiter.check("198.51.100.1")


def test_keeps_a_bounded_number_of_counters() -> None:
    counters = LocalCounters()
    for number in range(MAX_COUNTERS + 10):
        counters.count(str(number), Allowance(3, 60), 0, 1)
    assert len(counters) == MAX_COUNTERS


async def test_does_not_wait_for_a_redis_that_hangs(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client, Redis.from_url(redis_url) as other:
        limiter = FailureLimiter(client, "secret", allowances=ALLOWANCES)
        await limiter.check("198.51.100.1")
        await other.client_pause(600, all=True)
        async with asyncio.timeout(0.5):
            await fail(limiter, "198.51.100.1", 3)
        with pytest.raises(Rejected):
            await limiter.check("198.51.100.1")
        await other.ping()  # until the pause is over
