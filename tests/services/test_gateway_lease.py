"""Leases: who lives, who has died, and when that cannot be told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field

import pytest
import redis.asyncio

from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import moment
from cavalcade.services import gateway_lease as lease_module
from cavalcade.services.gateway_lease import GATEWAYS, LEASE_S, GatewayLease

from .peer import eventually


@dataclass
class Watching:
    """A gateway that knows of others and notes what its lease tells it."""

    link: RedisLink
    known: set[str] = field(default_factory=set)
    died: list[set[str]] = field(default_factory=list)
    forgotten: int = 0

    def __post_init__(self) -> None:
        def note(gateways: Collection[str]) -> None:
            self.died.append(set(gateways))

        def forget() -> None:
            self.forgotten += 1

        self.lease = GatewayLease(self.link, known=lambda: self.known, died=note, forgotten=forget)


@pytest.fixture
async def watching(redis_url: str) -> AsyncIterator[Callable[[], Awaitable[Watching]]]:
    """Makes gateways with nothing but a lease."""
    tasks = []

    async def make() -> Watching:
        link = RedisLink(redis_url)
        tasks.append(asyncio.create_task(link.run()))
        await eventually(lambda: link.is_up)
        return Watching(link)

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


Make = Callable[[], Awaitable[Watching]]


async def test_lease_that_ran_out_is_a_death_and_one_that_stands_is_not(watching: Make, redis_url: str) -> None:
    one, other, dead = [await watching() for _ in range(3)]
    for each in (one, other, dead):
        await each.lease.renew()
    one.known = {other.lease.gateway, dead.lease.gateway}
    await one.lease.renew()
    assert one.died == []
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.zincrby(GATEWAYS, -LEASE_S * 1000, dead.lease.gateway)  # as if that time had passed
    await one.lease.renew()
    assert one.died == [{dead.lease.gateway}]


async def test_lease_says_until_when_it_stands_at_least(watching: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = moment()
    one = await watching()
    assert begun <= one.lease.stands_until() - LEASE_S <= moment(), "it may be claimed from now on"
    now = begun + 100
    monkeypatch.setattr(lease_module, "moment", lambda: now)
    await one.lease.renew()
    assert one.lease.stands_until() == now + LEASE_S


async def test_waived_lease_is_over_at_once(watching: Make) -> None:
    one, other = await watching(), await watching()
    await other.lease.renew()
    await other.link.ask([other.lease.waive()])
    one.known = {other.lease.gateway}
    await one.lease.renew()
    assert one.died == [{other.lease.gateway}]


async def _renewed(one: Watching) -> None:
    await one.lease.renew()


async def _claimed(one: Watching) -> None:
    """As `Presence.heal` does, up to two seconds before the first renewal."""
    await one.link.ask([one.lease.claim()])
    one.lease.claimed()


@pytest.mark.parametrize("taken", [_renewed, _claimed])
async def test_nobody_is_judged_after_redis_lost_its_memory(
    watching: Make, redis_url: str, taken: Callable[[Watching], Awaitable[None]]
) -> None:
    one, other = await watching(), await watching()
    for each in (one, other):
        await taken(each)
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        await client.flushall()
    one.known = {other.lease.gateway}
    await one.lease.renew()
    await one.lease.renew()
    assert one.died == []
    assert one.forgotten == 1


@pytest.mark.parametrize("step_s", [3600, -3600])
async def test_a_step_of_redis_clock_is_noticed_and_nobody_is_judged_by_it(
    watching: Make, redis_url: str, step_s: int
) -> None:
    one, other, dead = [await watching() for _ in range(3)]
    for each in (one, other, dead):
        await each.lease.renew()
    one.known = {other.lease.gateway, dead.lease.gateway}
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        for each in (one, other, dead):  # what was stored before Redis' clock was set
            await client.zincrby(GATEWAYS, -step_s * 1000, each.lease.gateway)
        for each in (one, other):
            await each.lease.renew()
        assert (one.forgotten, other.forgotten) == (1, 1), "what they keep in Redis is gone, or kept for too long"
        assert one.died == []
        assert await client.zcard(GATEWAYS) == 2, "the dead gateway does not stay there for as long as the step"
    await one.lease.renew()
    assert one.forgotten == 1


async def test_nobody_is_judged_when_renewals_did_not_come_through(
    watching: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await watching()
    await one.lease.renew()
    one.known = {"0011223344556677"}
    protocol, one.link._protocol = one.link._protocol, None
    await one.lease.renew()  # to no avail, and without a word
    one.link._protocol = protocol
    now = moment()
    monkeypatch.setattr(lease_module, "moment", lambda: now + LEASE_S - 1)
    await one.lease.renew()
    assert (one.died, one.forgotten) == ([], 0)
    for step in (2, 4, 6, 8, 9.5):
        monkeypatch.setattr(lease_module, "moment", lambda step=step: now + LEASE_S - 1 + step)
        await one.lease.renew()
        assert one.died == []
    monkeypatch.setattr(lease_module, "moment", lambda: now + 2 * LEASE_S)
    await one.lease.renew()
    assert one.died == [one.known]


async def test_leases_are_swept_out_of_redis(watching: Make, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "LEASE_S", 0.05)
    one = await watching()
    await one.lease.renew()
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.zcard(GATEWAYS) == 1
        await asyncio.sleep(0.06)
        assert await client.exists(GATEWAYS) == 0
