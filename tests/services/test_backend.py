"""The services backend: several processes on one store, expiry, the purge and the tombstone."""

import asyncio
from typing import Any

import asyncpg
import pytest
import redis.asyncio
from redis.asyncio import Redis

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.membership import Join, Leave
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.model import Role
from cavalcade.domain.operations import Operation
from cavalcade.server.live_storage.live_state import GRACE_MS, TOMBSTONE_S, LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.sessions.backend_base import BATCH
from cavalcade.services.backend import ServicesBackend
from cavalcade.settings import Settings

from .conftest import Gateway
from .peer import Peer, eventually, place


async def _everything_stored(database_url: str, redis_url: str, session_id: str) -> list[Any]:
    """Whatever there is about a session in any table of PostgreSQL and in Redis."""
    connection = await asyncpg.connect(database_url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found: list[Any] = []
    for (table,) in tables:
        rows = await connection.fetch(f'SELECT to_jsonb(t) AS row FROM "{table}" t')
        found += [(table, row["row"]) for row in rows if session_id in row["row"]]
    await connection.close()
    client = Redis.from_url(redis_url)
    found += [key async for key in client.scan_iter() if session_id.encode() in key]
    await client.aclose()
    assert len(tables) >= 5
    return found


async def test_a_join_by_an_api_server_is_seen_on_the_gateway(gateway: Gateway, redis_url: str) -> None:
    session_id = await gateway.session(1)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        link = RedisLink(redis_url)
        running = asyncio.create_task(link.run())
        await eventually(lambda: link.is_up)
        client = redis.asyncio.Redis.from_url(redis_url)
        api = ServicesBackend(gateway.store, LiveState(client), LivePositionWriter(link), gateway.limits)
        receipt = await api.submit(session_id, Operation(None, Join(Role.MEMBER, name="Ben"), key_hash="k" * 64))
        assert (receipt.participant, receipt.offset) == (2, 2)
        event = await anna.receive("event")
        assert (event["type"], event["by"], event["op_id"]) == ("participant_joined", 2, None)
        assert event["data"]["participant"]["name"] == "Ben"
        assert (await ben.join())["me"] == 2
        again = await api.submit(session_id, Operation(None, Join(Role.MEMBER, name="Ben"), key_hash="k" * 64))
        assert again == receipt
        with pytest.raises(RuntimeError, match="no connections"):
            api.report(session_id, 1, place())
        running.cancel()
        await client.aclose()


async def test_fifty_operations_at_once_on_two_processes_lose_nothing(gateway: Gateway, other_gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    async with (
        await Peer.connect(gateway, session_id, 1) as anna,
        await Peer.connect(other_gateway, session_id, 2) as ben,
    ):
        await anna.join()
        await ben.join()
        receipts = await asyncio.gather(
            *(
                (gateway, other_gateway)[n % 2].backend.submit(
                    session_id, Operation(1 + n % 2, SetProfile(name=f"Name {n}"), op_id=str(n), digest=str(n))
                )
                for n in range(50)
            )
        )
        assert sorted(receipt.offset for receipt in receipts) == list(range(3, 53))
        for peer in (anna, ben):
            events = [await peer.receive("event") for _ in receipts]
            assert [event["offset"] for event in events] == list(range(3, 53))
            assert {event["op_id"] for event in events} == {str(n) for n in range(50)}


async def test_nobody_is_kept_from_his_turn_by_a_process_that_is_always_first(
    gateway: Gateway, other_gateway: Gateway
) -> None:
    session_id = await gateway.session(1)
    other = other_gateway.backend  # without anybody here it reads the session first, and is late each time

    def renaming(number: int) -> Operation:
        return Operation(1, SetProfile(name=f"Name {number}"), op_id=str(number), digest=str(number))

    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        slow = asyncio.create_task(other.submit(session_id, renaming(0)))
        meanwhile = 0
        while not slow.done():
            meanwhile += 1
            await gateway.backend.submit(session_id, renaming(meanwhile))
        receipt = await slow
        assert 2 <= receipt.offset <= meanwhile + 2


async def test_a_crowd_that_joins_at_once_gets_in(gateway: Gateway) -> None:
    session_id = await gateway.session(1)
    join = Operation(None, Join(Role.MEMBER))
    receipts = await asyncio.gather(*(gateway.backend.submit(session_id, join) for _ in range(50)))
    assert sorted(receipt.participant or 0 for receipt in receipts) == list(range(2, 52))


async def test_a_session_ends_by_itself_when_its_time_is_over(gateway: Gateway) -> None:
    session_id = await gateway.session(2, lifetime_s=1)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        await gateway.backend.expire()
        await anna.round_trip()
        assert not anna.unread("event")
        await asyncio.sleep(1)
        await gateway.backend.expire()
        event = await anna.receive("event")
        assert (event["type"], event["by"], event["data"]) == ("session_ended", None, {"reason": "expired"})
        with pytest.raises(Rejected) as raised:
            await gateway.backend.submit(session_id, Operation(1, Leave()))
        assert raised.value.code is ErrorCode.SESSION_NOT_FOUND
        await gateway.backend.expire()  # once more does no harm


async def test_nothing_is_stored_a_minute_after_the_end(gateway: Gateway, migrated_url: str, redis_url: str) -> None:
    session_id = await gateway.session(3)
    anna, ben, cleo = [await Peer.connect(gateway, session_id, who) for who in (1, 2, 3)]
    for peer in (anna, ben, cleo):
        await peer.join(mode="binary")
    await anna.move(place())
    await ben.move(place())
    seen: set[int] = set()
    while seen < {1, 2}:
        seen |= (await anna.positions()).keys()
    await anna.do("profile:set", {"op_id": "1", "name": "Anna"})
    await cleo.socket.close()
    await anna.next(lambda m: m.event == "presence_diff" and m.payload["leaves"])
    gateway.writer.flush()
    await gateway.backend.positions(session_id)
    before = await _everything_stored(migrated_url, redis_url, session_id)
    assert {found[0] for found in before if isinstance(found, tuple)} >= {
        "sessions", "participants", "events", "outcomes",
    }  # fmt: skip
    assert len([found for found in before if isinstance(found, bytes)]) == 4  # positions, geo, seen, rolls
    await anna.do("session:end", {"op_id": "2"})
    # Until the purge nothing of it is left in Redis but the tombstone, and reading it answers that there is none.
    assert await gateway.backend.positions(session_id) == {}
    # Late writes: of a gateway that slept, and of one whose connection ends only now.
    gateway.writer.put(session_id, now_ms() + 3_600_000, {1: place()})
    gateway.writer.flush()
    gateway.writer.seen(session_id, 2, now_ms(), now_ms() + 3_600_000)
    assert await gateway.backend.positions(session_id) == {}
    assert await gateway.backend.purge(now_ms() - 30_000) == 0  # not yet
    assert await gateway.backend.purge(now_ms() + 1) == 1
    await gateway.live.ping()
    await gateway.backend.positions(session_id)
    (left,) = await _everything_stored(migrated_url, redis_url, session_id)
    assert left == f"cavalcade:{{{session_id}}}:ended".encode()
    client = Redis.from_url(redis_url)
    assert 0 < await client.ttl(left) <= TOMBSTONE_S
    await client.aclose()
    assert TOMBSTONE_S < 60
    purge_after_s = Settings.__dataclass_fields__["purge_after_s"].default
    assert isinstance(purge_after_s, int)
    assert purge_after_s < TOMBSTONE_S


async def test_keys_in_redis_end_with_their_session_even_if_nobody_cleans_up(gateway: Gateway, redis_url: str) -> None:
    session_id = await gateway.session(1, lifetime_s=600)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join(mode="binary")
        await anna.move(place())
        await anna.positions()
    await eventually(lambda: len(gateway.sockets) == 0)
    gateway.writer.flush()
    await gateway.backend.positions(session_id)
    client = Redis.from_url(redis_url)
    keys = [key async for key in client.scan_iter(f"*{session_id}*")]
    assert len(keys) == 4
    for key in keys:
        assert 590_000 < await client.pttl(key) <= 600_000 + GRACE_MS
    await client.aclose()


async def test_however_many_are_over_they_end_and_are_purged_at_once(gateway: Gateway) -> None:
    for _ in range(BATCH + 5):  # one by one: a busy machine has no connection for so many at once
        await gateway.session(1, lifetime_s=1)
    mine = await gateway.session(2, lifetime_s=1)
    async with await Peer.connect(gateway, mine, 1) as anna:
        await anna.join()
        await eventually(lambda: now_ms() >= gateway.hub.hosted[mine].state.session.expires_at)
        await gateway.backend.expire()
        assert (await anna.receive("event"))["type"] == "session_ended"
        assert await gateway.store.due(now_ms()) == []
        assert await gateway.backend.purge(now_ms() + 1) == BATCH + 6


async def test_members_are_told_by_a_timer_while_nothing_else_is_ended(gateway: Gateway) -> None:
    session_id = await gateway.session(2, lifetime_s=1)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        expires_at = gateway.hub.hosted[session_id].state.session.expires_at
        gateway.backend.end_soon(0.0)
        assert not gateway.backend._timed, "its time is not over soon"
        for _ in range(2):
            gateway.backend.end_soon(60.0)
        event = await anna.receive("event")
        assert (event["type"], event["data"]) == ("session_ended", {"reason": "expired"})
        assert event["at"] >= expires_at
        assert not gateway.backend._timed


async def test_a_timer_that_finds_a_session_extended_leaves_it(gateway: Gateway) -> None:
    session_id = await gateway.session(2, lifetime_s=1)
    async with await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        gateway.backend.end_soon(60.0)
        await gateway.backend.submit(session_id, Operation(1, SetSession(extend_s=60)))
        await eventually(lambda: not gateway.backend._timed)
        assert gateway.hub.hosted[session_id].state.ended is None
        await anna.round_trip()


async def test_fixes_that_a_clock_stored_that_was_ahead_count_as_now_and_make_room(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    now, hour = now_ms(), 3_600_000
    gateway.writer.put(session_id, now + hour, {1: place(now + hour), 2: place(now - 5_000)})
    gateway.writer.flush()
    stored = await gateway.backend.positions(session_id)
    assert now <= stored[1].fix_time <= now_ms()
    assert stored[2].fix_time == now - 5_000
    gateway.writer.put(session_id, now + hour, {1: place(now, lat=610_000_000), 2: place(now - 6_000, lat=610_000_000)})
    gateway.writer.flush()
    stored = await gateway.backend.positions(session_id)
    assert (stored[1].fix_time, stored[1].lat) == (now, 610_000_000)
    assert stored[2].fix_time == now - 5_000, "among those of the present the newest wins, as ever"


async def test_a_host_who_was_seen_in_the_future_is_away_from_now_on(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    before, hour = now_ms(), 3_600_000
    gateway.writer.seen(session_id, 1, before + hour, before + hour)
    gateway.writer.flush()
    first = await gateway.live.seen_at(session_id, 1)
    assert first is not None
    assert before <= first <= now_ms()
    await eventually(lambda: now_ms() > first)
    assert await gateway.live.seen_at(session_id, 1) == first


async def test_without_redis_nothing_is_purged_yet(gateway: Gateway) -> None:
    session_id = await gateway.session(1)
    await gateway.backend.submit(session_id, Operation(1, EndSession()))
    ping = gateway.live.ping

    async def away() -> bool:
        return False

    gateway.live.ping = away  # type: ignore[method-assign]
    assert await gateway.backend.purge(now_ms() + 1) == 0
    gateway.live.ping = ping  # type: ignore[method-assign]
    assert await gateway.backend.purge(now_ms() + 1) == 1


async def test_nobody_reads_anything_of_another_session(gateway: Gateway) -> None:
    one, two = await gateway.session(2), await gateway.session(2)
    async with await Peer.connect(gateway, one, 1) as anna, await Peer.connect(gateway, two, 1) as zoe:
        await anna.join(mode="binary")
        await zoe.join(mode="binary")
        await zoe.move(place())
        await zoe.do("profile:set", {"op_id": "1", "name": "Zoe"})
        await zoe.positions()
        await anna.round_trip()
        assert {m.event for m in anna.received} <= {"phx_reply", "presence_state"}
        assert await gateway.backend.positions(one) == {}


async def test_who_is_connected_is_noted_before_any_process_can_be_killed(gateway: Gateway) -> None:
    session_id = await gateway.session(3)
    async with await Peer.connect(gateway, session_id, 1) as anna, await Peer.connect(gateway, session_id, 2) as ben:
        await anna.join()
        await ben.join()
        before = now_ms()
        gateway.writer.seen(session_id, 2, before - 3_600_000, before + 3_600_000)  # Ben was away for an hour before
        gateway.backend.note_present()
        for who in (1, 2):
            assert (await gateway.live.seen_at(session_id, who) or 0) >= before
        assert await gateway.live.seen_at(session_id, 3) is None
