"""Redis or PostgreSQL away, restarted or hanging: what goes on meanwhile, and that all of it heals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.sharing import SetSharing
from cavalcade.domain.operations import Operation
from cavalcade.server.live_storage import redis_link
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S
from cavalcade.stack import postgres, valkey
from cavalcade.storage.errors import Unavailable
from testbed.installations.proxy import Proxy

from .conftest import Gateway, running_gateway
from .peer import Peer, eventually, place


@pytest.fixture
async def redis_wire(server_directory: Path, redis_url: str) -> AsyncIterator[Proxy]:
    """What lies between the gateway and an empty Redis."""
    assert redis_url
    async with Proxy(server_directory / "valkey.sock", server_directory / "redis-wire.sock") as wire:
        yield wire


@pytest.fixture
async def postgres_wire(server_directory: Path, migrated_url: str) -> AsyncIterator[Proxy]:
    """What lies between the gateway and PostgreSQL."""
    assert migrated_url
    (server_directory / "wire").mkdir(exist_ok=True)
    name = ".s.PGSQL.5432"
    async with Proxy(server_directory / name, server_directory / "wire" / name) as wire:
        yield wire


@pytest.fixture
async def gateway(
    server_directory: Path, redis_wire: Proxy, postgres_wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gateway]:
    """A gateway whose servers can be taken away, and which looks for Redis more often."""
    assert redis_wire
    assert postgres_wire
    monkeypatch.setattr(redis_link, "LONGEST_PAUSE_S", 0.05)
    database_url = postgres.url(server_directory / "wire", "test_services")
    async with running_gateway(database_url, valkey.url(server_directory / "redis-wire.sock")) as running:
        await eventually(lambda: running.writer._link.is_up and running.hub.broker._link.is_up)
        yield running


async def _two(gateway: Gateway) -> tuple[str, Peer, Peer]:
    """A session and the two who are in it, with packed positions."""
    session_id = await gateway.session(2)
    anna, ben = [await Peer.connect(gateway, session_id, who) for who in (1, 2)]
    await anna.join(mode="binary")
    await ben.join(mode="binary")
    return session_id, anna, ben


async def _redis_is(gateway: Gateway, *, up: bool) -> None:
    await eventually(lambda: gateway.writer._link.is_up is up and gateway.hub.broker._link.is_up is up)


async def test_without_redis_a_new_session_is_unavailable_and_those_attached_go_on(
    gateway: Gateway, redis_wire: Proxy
) -> None:
    session_id, other = await gateway.session(2), await gateway.session(1)
    anna, ben = [await Peer.connect(gateway, session_id, who) for who in (1, 2)]
    await anna.join(mode="binary")
    redis_wire.cut()
    await _redis_is(gateway, up=False)
    dora = await Peer.connect(gateway, other, 1)
    reply = (await dora.try_to_join())["response"]
    assert (reply["reason"], reply["retry"]) == ("unavailable", True)
    # A session that is hosted already takes connections, positions and operations.
    await ben.join(mode="binary")
    sent = place()
    await anna.move(sent)
    assert await ben.positions() == {1: sent}
    await anna.do("profile:set", {"op_id": "1", "name": "Anna"})
    assert (await ben.receive("event"))["data"]["name"] == "Anna"
    with pytest.raises(Rejected) as raised:
        await gateway.backend.positions(session_id)
    assert raised.value.code is ErrorCode.UNAVAILABLE
    assert await gateway.backend.missing() == "redis"
    redis_wire.mend()
    await _redis_is(gateway, up=True)
    assert (await dora.join())["me"] == 1
    assert await gateway.backend.missing() is None


async def test_newest_positions_are_written_again_when_redis_is_back(
    gateway: Gateway, redis_wire: Proxy, redis_url: str
) -> None:
    session_id, anna, ben = await _two(gateway)
    standing, moving = place(), place()
    await anna.move(standing)
    await ben.positions()
    gateway.writer.flush()
    redis_wire.cut()
    client = Redis.from_url(redis_url)
    await client.flushall()
    await client.script_flush()
    await client.aclose()
    await ben.move(moving)
    while 2 not in await anna.positions():
        pass
    redis_wire.mend()
    await _redis_is(gateway, up=True)
    gateway.writer.flush()
    assert await gateway.backend.positions(session_id) == {1: standing, 2: moving}


async def test_newest_positions_are_written_again_when_redis_was_emptied_without_going_away(
    gateway: Gateway, redis_url: str
) -> None:
    session_id, anna, ben = await _two(gateway)
    standing = place()
    await anna.move(standing)
    await ben.positions()
    lease = gateway.hub.presence.lease
    await lease.renew()
    async with Redis.from_url(redis_url) as client:
        await client.flushall()
        await client.script_flush()
    assert await gateway.backend.positions(session_id) == {}
    await lease.renew()
    gateway.writer.flush()
    assert await gateway.backend.positions(session_id) == {1: standing}
    assert [who for who, _ in await gateway.live.near(session_id, standing, 100.0)] == [1]


async def test_subscriptions_stand_again_when_redis_is_back(
    gateway: Gateway, redis_wire: Proxy, migrated_url: str, redis_url: str
) -> None:
    session_id = await gateway.session(2)
    anna = await Peer.connect(gateway, session_id, 1)
    await anna.join()
    async with running_gateway(migrated_url, redis_url) as elsewhere:
        redis_wire.cut()
        await _redis_is(gateway, up=False)
        await elsewhere.backend.submit(session_id, Operation(2, SetProfile(name="Missed")))
        assert (await anna.receive("event"))["data"]["name"] == "Missed"  # by the comparison of offsets
        redis_wire.mend()
        await _redis_is(gateway, up=True)
        await gateway.hub.broker.subscribe("abcdefghij")  # confirmed after those that stood before
        gateway.hub._check = _nothing  # type: ignore[method-assign]
        await elsewhere.backend.submit(session_id, Operation(2, SetProfile(name="Published")))
        assert (await anna.receive("event"))["data"]["name"] == "Published"


async def _nothing() -> None:
    """In place of the comparison of offsets."""


async def test_what_redis_did_not_hear_about_an_end_is_repeated(
    gateway: Gateway, redis_wire: Proxy, redis_url: str
) -> None:
    session_id = await gateway.session(1)
    anna = await Peer.connect(gateway, session_id, 1)
    await anna.join(mode="binary")
    await anna.move(place())
    await anna.positions()
    gateway.writer.flush()
    client = Redis.from_url(redis_url)
    await gateway.backend.positions(session_id)  # answered after the write
    assert len(await client.keys(f"*{session_id}*")) == 3
    redis_wire.cut()
    await _redis_is(gateway, up=False)
    await gateway.backend.submit(session_id, Operation(1, EndSession()))
    redis_wire.mend()
    await _redis_is(gateway, up=True)
    await gateway.live.ping()
    assert await client.keys(f"*{session_id}*") == [f"cavalcade:{{{session_id}}}:ended".encode()]
    await client.aclose()


async def test_a_redis_that_hangs_is_unavailable_within_the_deadline(gateway: Gateway, redis_wire: Proxy) -> None:
    session_id = await gateway.session(1)
    redis_wire.freeze()
    anna = await Peer.connect(gateway, session_id, 1)
    begun = asyncio.get_running_loop().time()
    assert (await anna.try_to_join())["response"]["reason"] == "unavailable"
    assert asyncio.get_running_loop().time() - begun < 2.5
    redis_wire.mend()
    await eventually(lambda: not gateway.hub._hosting)
    assert (await anna.join())["me"] == 1


async def test_without_postgresql_positions_flow_and_operations_are_settled_later(
    gateway: Gateway, postgres_wire: Proxy
) -> None:
    _, anna, ben = await _two(gateway)
    postgres_wire.cut()
    sent = place()
    await anna.move(sent)
    assert await ben.positions() == {1: sent}
    refused = await anna.refused("profile:set", {"op_id": "1", "name": "Anna"})
    assert (refused["reason"], refused["retry"]) == ("unavailable", True)
    with pytest.raises(Unavailable):
        await gateway.backend.expire()
    postgres_wire.mend()
    assert await anna.do("profile:set", {"op_id": "1", "name": "Anna"}) == {"offset": 3}


async def test_operations_on_a_postgresql_that_hangs_are_answered_within_two_seconds(
    gateway: Gateway, postgres_wire: Proxy
) -> None:
    assert REPLY_DEADLINE_S == 2
    session_id = await gateway.session(2)
    anna, ben = [await Peer.connect(gateway, session_id, who) for who in (1, 2)]
    await anna.join()
    await ben.join()
    postgres_wire.freeze()
    begun = asyncio.get_running_loop().time()
    operations = [{"op_id": str(n), "name": f"Anna {n}"} for n in range(5)]
    replies = [await anna.reply(ref) for ref in [await anna.send("profile:set", each) for each in operations]]
    assert asyncio.get_running_loop().time() - begun < 2.5
    assert [reply["response"]["reason"] for reply in replies] == ["unavailable"] * 5
    await ben.round_trip()
    postgres_wire.mend()
    # The first may have been carried out meanwhile: its id settles that.
    assert [(await anna.do("profile:set", each))["offset"] for each in operations] == [3, 4, 5, 6, 7]
    events = [await ben.receive("event") for _ in operations]
    assert [(event["offset"], event["op_id"]) for event in events] == [(n + 3, str(n)) for n in range(5)]


async def test_missed_events_that_cannot_be_read_are_unavailable(gateway: Gateway, postgres_wire: Proxy) -> None:
    session_id = await gateway.session(2)
    anna, ben = [await Peer.connect(gateway, session_id, who) for who in (1, 2)]
    await anna.join()
    postgres_wire.cut()
    assert (await ben.try_to_join(offset=0))["response"]["reason"] == "unavailable"
    assert (await ben.join())["offset"] == 2  # a snapshot needs no PostgreSQL where the session is hosted


async def test_a_withdrawal_while_redis_is_away_is_made_up_for(gateway: Gateway, redis_wire: Proxy) -> None:
    session_id = await gateway.session(1)
    anna = await Peer.connect(gateway, session_id, 1)
    await anna.join(mode="binary")
    await anna.move(place())
    await anna.positions()
    gateway.writer.flush()
    assert (await gateway.backend.positions(session_id)).keys() == {1}
    redis_wire.cut()
    await _redis_is(gateway, up=False)
    await gateway.backend.submit(session_id, Operation(1, SetSharing(on=False)))
    redis_wire.mend()
    await _redis_is(gateway, up=True)
    assert await gateway.backend.positions(session_id) == {}
