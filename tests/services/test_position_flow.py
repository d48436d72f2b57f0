"""Positions: what is accepted, how it is flushed, and that it is withdrawn everywhere at once."""

import asyncio
from typing import Any

import pytest

from cavalcade.domain.features.membership import Leave
from cavalcade.domain.features.sharing import SetSharing
from cavalcade.domain.operations import Operation
from cavalcade.server.processes.clock import now_ms
from cavalcade.wire.frame import Message, encode_client_push
from cavalcade.wire.positions import HEADER_SIZE, POSITION_SIZE

from .conftest import Gateway
from .peer import Peer, place


async def _trio(gateway: Gateway, session_id: str, mode: str = "binary") -> list[Peer]:
    peers = [await Peer.connect(gateway, session_id, who) for who in (1, 2, 3)]
    for peer in peers:
        await peer.join(mode=mode)
    return peers


@pytest.mark.parametrize("mode", ["json", "binary"])
async def test_a_flush_is_the_same_bytes_for_every_connection_ones_own_included(gateway: Gateway, mode: str) -> None:
    anna, ben, cleo = await _trio(gateway, await gateway.session(3), mode)
    await anna.move(place())
    await ben.move(place(lat=1))
    sent: list[set[str | bytes]] = []
    for peer in (anna, ben, cleo):
        seen: set[int] = set()
        while seen < {1, 2}:
            payload = await peer.receive("positions")
            seen |= set(_participants(payload))
        sent.append({data for data, m in zip(peer.raw, peer.received, strict=True) if m.event == "positions"})
    assert sent[0] == sent[1] == sent[2]


def _is_pause(message: Message) -> bool:
    return isinstance(message.payload, dict) and message.payload.get("type") == "sharing_changed"


def _participants(payload: Any) -> list[int]:
    if isinstance(payload, bytes):
        return [int.from_bytes(payload[at : at + 2], "big") for at in range(HEADER_SIZE, len(payload), POSITION_SIZE)]
    assert payload.keys() == {"server_time", "positions"}
    return [position["participant"] for position in payload["positions"]]


async def test_a_position_has_no_reply(gateway: Gateway) -> None:
    anna, *_ = await _trio(gateway, await gateway.session(3))
    await anna.send("position", {"lat": 1, "lon": 2})
    await anna.positions()
    await anna.round_trip()
    replies = [m for m in anna.received if m.event == "phx_reply"]
    assert len(replies) == 2  # to the join and to the heartbeat


async def test_only_what_changed_since_the_last_flush_is_in_a_flush(gateway: Gateway) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3))
    await anna.move(place())
    assert (await ben.positions()).keys() == {1}
    await ben.move(place())
    assert (await ben.positions()).keys() == {2}


async def test_json_fixes_carry_every_field_and_are_quantised_once(gateway: Gateway) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3), "json")
    now = now_ms()
    fix = {
        "lat": 60.12345678, "lon": -24.5, "accuracy": 4.26, "heading": 360, "speed": 13.888, "altitude": 12.6,
        "battery": 80, "fix_time": now,
    }  # fmt: skip
    await anna.send("position", fix)
    expected = {
        "participant": 1, "lat": 60.1234568, "lon": -24.5, "accuracy": 4.3, "heading": 0.0, "speed": 13.89,
        "altitude": 13, "battery": 80, "fix_time": now,
    }  # fmt: skip
    for peer in (anna, ben):
        assert (await peer.receive("positions"))["positions"] == [expected]
    async with await Peer.connect(gateway, anna.session_id, 2) as again:
        assert (await again.join())["positions"] == [expected]


@pytest.mark.parametrize(
    "fix",
    [
        {}, {"lat": 0, "lon": 0.0},
        {"lat": 91, "lon": 0}, {"lat": 0, "lon": 180.1}, {"lat": "1", "lon": 2}, {"lat": True, "lon": 2},
        {"lat": 10**400, "lon": 2}, {"lat": None, "lon": None}, [], None, "fix", 5,
    ],
)  # fmt: skip
async def test_a_place_that_is_not_finite_and_in_range_is_refused(gateway: Gateway, fix: object) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3))
    await anna.send("position", fix)
    await anna.round_trip()
    await ben.move(place())
    assert (await anna.positions()).keys() == {2}
    assert anna.socket.close_code is None


@pytest.mark.parametrize("size", [0, 24, 26])
async def test_a_packed_fix_of_another_length_is_refused(gateway: Gateway, size: int) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3))
    assert anna.join_ref
    await anna.socket.send(encode_client_push(anna.join_ref, "9", anna.topic, "position", b"\0" * size))
    await anna.round_trip()
    await ben.move(place())
    assert (await anna.positions()).keys() == {2}


async def test_bad_optional_fields_become_unknown(gateway: Gateway) -> None:
    anna, _, _ = await _trio(gateway, await gateway.session(3), "json")
    bad = {"accuracy": -1, "heading": 400, "speed": "fast", "altitude": [], "battery": 101, "extra": 1}
    await anna.send("position", {"lat": 1, "lon": 2, "fix_time": 1000, **bad})
    (seen,) = (await anna.receive("positions"))["positions"]
    assert seen == {"participant": 1, "lat": 1, "lon": 2, "fix_time": 1000}


async def test_an_older_fix_is_refused_and_counted_and_an_equal_one_accepted(gateway: Gateway) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3))
    now = now_ms()
    await anna.move(place(now))
    await ben.positions()
    await anna.move(place(now - 1, lat=5))
    await anna.round_trip()
    assert gateway.hub.hosted[anna.session_id].fanout.refused == 1
    await anna.move(place(now, lat=7))
    assert (await ben.positions())[1].lat == 7


async def test_a_fix_from_the_future_counts_as_now(gateway: Gateway) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3))
    before = now_ms()
    await anna.move(place(before + 3_600_000))
    assert before <= (await ben.positions())[1].fix_time <= now_ms()


async def test_at_most_four_a_second_of_one_participant_and_the_rest_conflate(gateway: Gateway) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    lats = []
    for step in range(1, 61):
        await anna.move(place(lat=step))
        await asyncio.sleep(0.01)
    while 60 not in lats:
        lats.append((await ben.positions())[1].lat)
    elapsed = loop.time() - begun
    assert lats == sorted(lats)
    assert len(lats) <= 1 + elapsed / 0.25


async def test_one_who_sends_too_often_does_not_delay_the_others(gateway: Gateway) -> None:
    anna, ben, cleo = await _trio(gateway, await gateway.session(3))
    await anna.move(place(lat=1))
    await cleo.positions()
    await anna.move(place(lat=2))  # waits for its quarter of a second
    await asyncio.sleep(0.05)  # more than a window
    await ben.move(place())
    assert (await cleo.positions()).keys() == {2}
    assert (await cleo.positions()).keys() == {1}


async def test_sharing_off_withdraws_the_position_everywhere_at_once(gateway: Gateway) -> None:
    session_id = await gateway.session(3)
    anna, ben, cleo = await _trio(gateway, session_id)
    await ben.move(place())
    await cleo.move(place())
    for peer in (anna, ben, cleo):
        seen: dict[int, Any] = {}
        while seen.keys() != {2, 3}:
            seen |= await peer.positions()
    gateway.writer.flush()
    assert (await gateway.backend.positions(session_id)).keys() == {2, 3}
    await ben.do("sharing:set", {"op_id": "1", "on": False})
    await cleo.do("leave", {"op_id": "1"})
    assert await gateway.backend.positions(session_id) == {}
    assert gateway.hub.hosted[session_id].fanout.newest == {}
    async with await Peer.connect(gateway, session_id, 1) as again:
        assert (await again.join())["positions"] == []
    # What is sent from then on is shown to nobody.
    await ben.move(place())
    await ben.round_trip()
    await anna.move(place())
    assert (await ben.positions()).keys() == {1}
    assert await gateway.backend.nearby(session_id, 1, 1e7) == []


async def test_a_position_that_waits_for_its_flush_is_withdrawn_too(gateway: Gateway) -> None:
    session_id = await gateway.session(3)
    anna, ben, _ = await _trio(gateway, session_id)
    await ben.move(place(lat=1))
    await anna.positions()
    await ben.move(place(lat=2))  # waits for its quarter of a second
    await ben.round_trip()
    await ben.do("sharing:set", {"op_id": "1", "on": False})
    await asyncio.sleep(0.3)  # its time comes and goes
    await anna.round_trip()
    # On a busy machine its time may have come before the pause.
    paused = next(place for place, one in enumerate(anna.received) if _is_pause(one))
    assert not [one for one in anna.received[paused:] if one.event == "positions"]


async def test_a_withdrawal_by_another_process_holds_here(gateway: Gateway, other_gateway: Gateway) -> None:
    session_id = await gateway.session(3)
    anna, ben, cleo = await _trio(gateway, session_id)
    for peer, who in ((ben, 2), (cleo, 3)):
        await peer.move(place())
        while who not in await anna.positions():
            pass
    await other_gateway.backend.submit(session_id, Operation(2, SetSharing(on=False)))
    await other_gateway.backend.submit(session_id, Operation(3, Leave()))
    assert [(await anna.receive("event"))["type"] for _ in range(2)] == ["sharing_changed", "participant_left"]
    gateway.writer.flush()
    assert await gateway.backend.positions(session_id) == {}
    assert gateway.hub.hosted[session_id].fanout.newest == {}


async def test_sharing_again_shows_the_next_position(gateway: Gateway) -> None:
    anna, ben, _ = await _trio(gateway, await gateway.session(3))
    await ben.do("sharing:set", {"op_id": "1", "on": False})
    await ben.do("sharing:set", {"op_id": "2", "on": True})
    sent = place()
    await ben.move(sent)
    assert await anna.positions() == {2: sent}


async def test_nearby_measures_from_ones_own_position(gateway: Gateway) -> None:
    session_id = await gateway.session(3)
    anna, ben, cleo = await _trio(gateway, session_id)
    await anna.move(place())
    await ben.move(place(lat=601_800_000))  # 0.01 degrees, 1.1 km
    await cleo.move(place(lat=899_000_000, lon=0))  # beyond what the index can hold
    seen: set[int] = set()
    while seen < {1, 2, 3}:
        seen |= (await anna.positions()).keys()
    gateway.writer.flush()
    (near,) = await gateway.backend.nearby(session_id, 1, 2000)
    assert near.participant == 2
    assert near.distance == pytest.approx(1112, rel=0.01)
    assert [found.participant for found in await gateway.backend.nearby(session_id, 1, 1e7)] == [2, 3]
    assert await gateway.backend.nearby(session_id, 9, 1e7) == []


async def test_an_extended_session_keeps_the_positions_of_those_who_stand_still(gateway: Gateway) -> None:
    session_id = await gateway.session(3, lifetime_s=60)
    anna, *_ = await _trio(gateway, session_id)
    await anna.move(place())
    await anna.positions()
    gateway.writer.flush()
    await anna.do("session:set", {"op_id": "1", "extend_s": 3600})
    gateway.writer.flush()
    (left,) = await gateway.live._pipeline([("PTTL", f"cavalcade:{{{session_id}}}:positions")])
    assert isinstance(left, int)
    assert left > 3_000_000
