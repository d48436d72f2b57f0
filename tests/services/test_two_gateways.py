"""Two gateways with one session between them: one map, whichever of them people are connected to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import pytest
import redis.asyncio

from cavalcade.domain.fix import Position
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.processes.clock import now_ms
from cavalcade.services import gateway_lease, presence
from cavalcade.services.messages import Moved, Roll, decode

from .conftest import Gateway, running_gateway
from .peer import Peer, eventually, place


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """A connection of the test's own."""
    async with redis.asyncio.Redis.from_url(redis_url) as connected:
        yield connected


@pytest.fixture
async def told(client: redis.asyncio.Redis) -> AsyncIterator[list[Any]]:
    """Everything that is published from now on."""
    published: list[Any] = []
    async with client.pubsub() as subscription:
        await subscription.psubscribe("cavalcade:*")
        await subscription.get_message(timeout=5)

        async def listen() -> None:
            async for message in subscription.listen():
                published.append(decode(message["data"]))  # noqa: PERF401 - it never ends

        listening = asyncio.create_task(listen())
        yield published
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


async def _pair(one: Gateway, other: Gateway, **parameters: Any) -> tuple[str, Peer, Peer]:
    """Two members of a new session, each on a gateway of their own, who see each other."""
    session_id = await one.session(2)
    anna, ben = await Peer.connect(one, session_id, 1), await Peer.connect(other, session_id, 2)
    await anna.join(mode="binary", **parameters)
    await ben.join(mode="binary", **parameters)
    await anna.next(lambda m: m.event == "presence_diff" and "2" in m.payload["joins"])
    return session_id, anna, ben


async def test_positions_cross_and_come_once(gateway: Gateway, other_gateway: Gateway) -> None:
    _, anna, ben = await _pair(gateway, other_gateway)
    here, there = place(), place(lon=0)
    await anna.move(here)
    assert await ben.positions() == {1: here}
    assert await anna.positions() == {1: here}
    await ben.move(there)
    assert await anna.positions() == {2: there}
    assert await ben.positions() == {2: there}
    await asyncio.sleep(0.2)
    for peer in (anna, ben):
        await peer.round_trip()
        assert not peer.unread("positions")


async def test_session_on_one_gateway_publishes_no_position(
    gateway: Gateway, other_gateway: Gateway, told: list[Any]
) -> None:
    session_id = await gateway.session(2)
    anna, ben = await Peer.connect(gateway, session_id, 1), await Peer.connect(gateway, session_id, 2)
    await anna.join(mode="binary")
    await ben.join(mode="binary")
    await anna.move(place())
    await ben.positions()
    await asyncio.sleep(2 * presence.GATHER_S)
    assert [message for message in told if isinstance(message, Moved)] == []
    assert [message.asks for message in told] == [True]  # the gateway asked once, and nobody was there

    # Now somebody else hosts it too: they are told what is known, and from then on what is new.
    cleo = await Peer.connect(other_gateway, session_id, 2)
    await cleo.join(mode="binary")
    latest = place()
    await anna.move(latest)
    while (await cleo.positions()).get(1) != latest:
        pass
    assert any(isinstance(message, Moved) for message in told)


async def test_positions_of_many_gateways_share_a_frame(gateway: Gateway, other_gateway: Gateway) -> None:
    session_id = await gateway.session(6)
    elsewhere = [await Peer.connect(other_gateway, session_id, who) for who in range(2, 7)]
    anna = await Peer.connect(gateway, session_id, 1)
    for peer in (anna, *elsewhere):
        await peer.join(mode="binary")
    await eventually(lambda: gateway.hub.hosted[session_id].fanout.is_present(6))
    hosted = gateway.hub.hosted[session_id]
    hosted.fanout._clock._window_s = 0.3  # type: ignore[attr-defined]  # wider than the other gateway's
    hosted.fanout._clock.observe = lambda _: None  # type: ignore[attr-defined]
    await anna.move(place())
    await anna.positions()
    for peer in elsewhere:
        await peer.move(place())
        await peer.round_trip()
    assert (await anna.positions()).keys() == {2, 3, 4, 5, 6}


async def test_newest_fix_wins_whoever_sent_it_where(gateway: Gateway, other_gateway: Gateway) -> None:
    """One participant with a phone on each gateway, one of which has fallen behind."""
    session_id, anna, ben = await _pair(gateway, other_gateway)
    phone = await Peer.connect(gateway, session_id, 2)
    await phone.join(mode="binary")
    now = now_ms()
    newest, older = place(now, lat=10), place(now - 5_000, lat=20)
    await ben.move(newest)
    while (await anna.positions()).get(2) != newest:
        pass
    await phone.move(older)
    await phone.round_trip()
    await asyncio.sleep(0.4)
    for one in (gateway, other_gateway):
        assert one.hub.hosted[session_id].fanout.newest == {2: newest}
        assert await one.backend.positions(session_id) == {2: newest}


@pytest.mark.parametrize("already", [False, True])
async def test_nothing_is_missed_while_a_second_gateway_begins_to_host(
    gateway: Gateway, other_gateway: Gateway, monkeypatch: pytest.MonkeyPatch, already: bool
) -> None:
    """A position that is not in Redis yet, and one that comes while the other gateway reads."""
    session_id = await gateway.session(2)
    anna = await Peer.connect(gateway, session_id, 1)
    await anna.join(mode="binary")
    monkeypatch.setattr(gateway.writer, "flush", lambda: None)  # so slow is Redis
    where = place()
    enter = other_gateway.hub.presence.enter

    async def enter_late(shared: Any) -> None:
        if not already:
            await anna.move(where)
            await anna.positions()
        await enter(shared)

    monkeypatch.setattr(other_gateway.hub.presence, "enter", enter_late)
    if already:
        await anna.move(where)
        await anna.positions()
    ben = await Peer.connect(other_gateway, session_id, 2)
    joined = await ben.join(mode="binary")
    if not any(position["participant"] == 1 for position in joined["positions"]):
        assert (await ben.positions())[1] == where


async def test_presence_is_that_of_all_gateways(gateway: Gateway, other_gateway: Gateway) -> None:
    session_id = await gateway.session(3)
    anna = await Peer.connect(gateway, session_id, 1)
    await anna.join()
    assert (await anna.receive("presence_state")).keys() == {"1"}
    await gateway.live.ping()  # answered after the roll was stored
    ben = await Peer.connect(other_gateway, session_id, 2)
    await ben.join()
    state = await ben.receive("presence_state")
    assert state.keys() == {"1", "2"}
    joined = await anna.receive("presence_diff")
    assert joined == {"joins": {"2": state["2"]}, "leaves": {}}
    await ben.socket.close()
    left = await anna.receive("presence_diff")
    assert left == {"joins": {}, "leaves": {"2": state["2"]}}
    cleo = await Peer.connect(other_gateway, session_id, 3)
    await cleo.join()
    assert (await cleo.receive("presence_state")).keys() == {"1", "3"}


async def test_fifth_connection_replaces_the_oldest_wherever_it_is(gateway: Gateway, other_gateway: Gateway) -> None:
    session_id = await gateway.session(1)
    tabs = []
    for number in range(5):
        one = gateway if number % 2 == 0 else other_gateway
        tabs.append(await Peer.connect(one, session_id, 1))
        await tabs[-1].join()
        if number:
            for each in (gateway, other_gateway):
                await _connected(each, session_id, min(number + 1, 4))
    assert await tabs[0].close_code() == 4409
    for tab in tabs[1:]:
        await tab.round_trip()


async def _connected(one: Gateway, session_id: str, count: int) -> None:
    """Waits until a gateway knows of so many connections of the first participant."""
    await eventually(lambda: len(one.hub.hosted[session_id].fanout.present[1]) == count)


async def test_host_is_seen_through_whichever_gateway(gateway: Gateway, other_gateway: Gateway) -> None:
    _, anna, ben = await _pair(gateway, other_gateway)
    refused = await ben.refused("host:claim", {"op_id": "1"})
    assert refused["reason"] == "forbidden"
    await anna.socket.close()
    await ben.next(lambda m: m.event == "presence_diff" and "1" in m.payload["leaves"])
    await asyncio.sleep(1.1)  # CAVALCADE_HOST_AWAY_S of these tests
    await ben.do("host:claim", {"op_id": "2"})


async def test_pausing_withdraws_everywhere_and_what_is_late_does_not_come_back(
    gateway: Gateway, other_gateway: Gateway
) -> None:
    session_id, anna, ben = await _pair(gateway, other_gateway)
    where = place()
    await anna.move(where)
    await ben.positions()
    await anna.do("sharing:set", {"op_id": "1", "on": False})
    await ben.receive("event")
    other_gateway.hub._take(session_id, Moved(gateway.hub.presence.lease.gateway, [(1, place())]))
    assert other_gateway.hub.hosted[session_id].fanout.newest == {}


async def test_position_that_overtakes_its_event_is_asked_for_again(gateway: Gateway, other_gateway: Gateway) -> None:
    session_id, anna, ben = await _pair(gateway, other_gateway)
    await anna.do("sharing:set", {"op_id": "1", "on": False})
    await ben.receive("event")
    held: list[Any] = []
    take = other_gateway.hub._take

    def hold_events(session_id: str, message: Any) -> None:
        if isinstance(message, Moved | Roll):
            take(session_id, message)
        else:
            held.append(message)

    other_gateway.hub.broker._received = hold_events
    await anna.do("sharing:set", {"op_id": "2", "on": True})
    where = place()
    await anna.move(where)
    await eventually(lambda: other_gateway.hub.hosted[session_id].has_refused)
    other_gateway.hub.broker._received = take
    for message in held:
        take(session_id, message)
    assert await ben.positions() == {1: where}


async def test_gateway_that_died_leaves_no_ghost(
    gateway: Gateway, migrated_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_lease, "LEASE_S", 0.6)
    monkeypatch.setattr(gateway_lease, "RENEW_S", 0.1)
    monkeypatch.setattr(gateway.hub.pauses, "check", lambda: True)
    async with running_gateway(migrated_url, redis_url) as dying:
        await dying.hub.presence.lease.renew()
        _, anna, ben = await _pair(gateway, dying)
        where = place()
        await ben.move(where)
        assert await anna.positions() == {2: where}
        # As after kill -9: nothing is said any more, and the lease runs out.
        monkeypatch.setattr(dying.hub.presence._link, "_protocol", None)
        monkeypatch.setattr(dying.hub.presence._link, "_connected", lambda: None)
        renewals = asyncio.create_task(_renew_often(gateway))
        assert (await _leaves(anna)).keys() == {"2"}
        renewals.cancel()
        hosted = gateway.hub.hosted[anna.session_id]
        assert hosted.shared.rolls == {}
        assert hosted.fanout.newest == {2: where}, "where somebody was last is still shown"


async def test_gateway_that_comes_back_while_it_is_buried_stays(
    gateway: Gateway, other_gateway: Gateway, client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id, _, _ = await _pair(gateway, other_gateway)
    rolls, shared = f"cavalcade:{{{session_id}}}:rolls", gateway.hub.hosted[session_id].shared
    here, there = gateway.hub.presence, other_gateway.hub.presence
    name = there.lease.gateway
    here._known()  # leases are looked at, and the other's is not there
    version = shared.versions[name]
    there.heal()
    await eventually(lambda: shared.versions[name] > version)
    here._bury({name})
    assert name in shared.rolls
    # The same where its word comes after it was buried: what it has stored by then stays.
    monkeypatch.setattr(gateway.hub.broker, "_received", lambda *_: None)
    here._known()
    there.heal()
    await there._link.call("PING")
    here._bury({name})
    await here._link.call("PING")
    assert name not in shared.rolls
    assert await client.hlen(rolls) == 2
    await here._read_rolls(complete=False)
    assert name in shared.rolls
    # And the roll of one that is dead indeed goes from there, too.
    here._known()
    here._bury({name})
    await here._link.call("PING")
    assert (shared.rolls, await client.hlen(rolls)) == ({}, 1)


async def _leaves(peer: Peer) -> Any:
    """Who leaves next."""
    left: Any = (await peer.next(lambda m: m.event == "presence_diff" and m.payload["leaves"])).payload
    return left["leaves"]


async def _renew_often(gateway: Gateway) -> None:
    while True:
        await gateway.hub.presence.lease.renew()
        await asyncio.sleep(0.1)


async def test_gateway_that_stood_still_lets_go_of_everything_before_it_writes(
    gateway: Gateway, other_gateway: Gateway, client: redis.asyncio.Redis, told: list[Any]
) -> None:
    session_id, anna, ben = await _pair(gateway, other_gateway)
    await ben.move(place())
    await anna.positions()
    other_gateway.writer.flush()
    await other_gateway.backend.positions(session_id)
    told.clear()
    stored = await client.hgetall(f"cavalcade:{{{session_id}}}:positions")
    # As if the process had been stopped: its clock jumps, and frames wait in its sockets.
    gateway.hub.pauses._beat_at -= 1000
    gateway.backend.report(session_id, 1, place())
    gateway.writer.seen(session_id, 1, now_ms(), now_ms() + 1000)
    gateway.writer.flush()
    assert await anna.close_code() == 1012
    assert not anna.unread("positions")
    assert session_id not in gateway.hub.hosted
    assert (await _leaves(ben)).keys() == {"1"}
    gateway.writer.flush()
    assert await client.hgetall(f"cavalcade:{{{session_id}}}:positions") == stored
    assert await client.exists(f"cavalcade:{{{session_id}}}:seen") == 0
    assert [message for message in told if isinstance(message, Moved)] == []
    again = await Peer.connect(gateway, session_id, 1)
    joined = await again.join(mode="binary")
    assert [position["participant"] for position in joined["positions"]] == [2]


async def test_everybody_is_seen_again_when_redis_comes_back_empty(
    gateway: Gateway, other_gateway: Gateway, client: redis.asyncio.Redis
) -> None:
    """Also who stands still, and what was sent while Redis was away."""
    session_id, anna, ben = await _pair(gateway, other_gateway)
    await anna.move(place())
    await ben.positions()
    for one in (gateway, other_gateway):
        one.hub.presence._link._protocol.close()  # type: ignore[union-attr]
        one.hub.broker._link._protocol.close()  # type: ignore[union-attr]
    await client.flushall()
    moved, there = place(lat=1), place(lat=2)
    gateway.backend.report(session_id, 1, moved)
    other_gateway.backend.report(session_id, 2, there)
    while (await ben.positions()).get(1) != moved:
        pass
    while (await anna.positions()).get(2) != there:
        pass
    for one in (gateway, other_gateway):
        fanout = one.hub.hosted[session_id].fanout
        await eventually(partial(_shows, fanout, {1: moved, 2: there}))
        assert fanout.present.keys() == {1, 2}
    async with asyncio.timeout(5):
        while await gateway.backend.positions(session_id) != {1: moved, 2: there}:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)
    # Where the links stood again before Redis was emptied, the renewal of the leases finds out.
    async with asyncio.timeout(3 * gateway_lease.RENEW_S):
        while await client.hlen(f"cavalcade:{{{session_id}}}:rolls") != 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


def _shows(fanout: Fanout, positions: Mapping[int, Position]) -> bool:
    return fanout.newest == positions


async def test_gateway_that_let_go_while_redis_was_away_is_no_ghost(
    gateway: Gateway, other_gateway: Gateway, client: redis.asyncio.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LEASE_S", 0.2)
    session_id, anna, ben = await _pair(gateway, other_gateway)
    link = other_gateway.hub.presence._link
    protocol, link._protocol = link._protocol, None
    await ben.socket.close()
    await eventually(lambda: not other_gateway.hub.hosted[session_id].fanout)
    other_gateway.hub._drop(session_id)
    assert await client.hlen(f"cavalcade:{{{session_id}}}:rolls") == 2
    link._protocol = protocol
    other_gateway.hub.heal()
    assert (await anna.receive("presence_diff"))["leaves"].keys() == {"2"}
    assert await client.hlen(f"cavalcade:{{{session_id}}}:rolls") == 1

    # The same, and this time what it says is lost: the others find out when they read again.
    cleo = await Peer.connect(other_gateway, session_id, 2)
    await cleo.join()
    await anna.next(lambda m: m.event == "presence_diff" and "2" in m.payload["joins"])
    monkeypatch.setattr(link, "tell", lambda _: True)
    other_gateway.hub._drop(session_id)
    await client.hdel(f"cavalcade:{{{session_id}}}:rolls", other_gateway.hub.presence.lease.gateway)
    gateway.hub.heal()
    assert (await anna.receive("presence_diff"))["leaves"].keys() == {"2"}


async def test_messages_of_all_sessions_in_a_turn_are_one_write(
    gateway: Gateway, other_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [await _pair(gateway, other_gateway) for _ in range(5)]
    writes: list[int] = []
    tell = gateway.hub._link.tell

    def counting(commands: Any) -> bool:
        if any(command[0] == "PUBLISH" and isinstance(decode(command[2]), Moved) for command in commands):
            writes.append(len(commands))
        return tell(commands)

    monkeypatch.setattr(gateway.hub._link, "tell", counting)
    where = place()
    for session_id, _, _ in pairs:
        gateway.hub.hosted[session_id].fanout.accept(1, where)
    for session_id, _, _ in pairs:
        gateway.hub.hosted[session_id].fanout.flush()
    for _, _, ben in pairs:
        assert await ben.positions() == {1: where}
    assert writes == [5]


async def test_housekeeping_of_two_gateways_ends_a_session_once(gateway: Gateway, other_gateway: Gateway) -> None:
    session_id = await gateway.session(2, lifetime_s=1)
    anna, ben = await Peer.connect(gateway, session_id, 1), await Peer.connect(other_gateway, session_id, 2)
    await anna.join()
    await ben.join()
    await asyncio.sleep(1.1)
    await asyncio.gather(*(one.backend.expire() for one in (gateway, other_gateway) for _ in range(3)))
    for peer in (anna, ben):
        assert (await peer.receive("event"))["type"] == "session_ended"
        await peer.next(lambda m: m.event == "phx_close")
        assert not peer.unread("event")
    purged = await asyncio.gather(*(one.backend.purge(now_ms()) for one in (gateway, other_gateway)))
    assert sum(purged) == 1
