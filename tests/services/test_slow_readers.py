"""Readers that are slow, or stop: they get fewer, newer positions and every event, and nobody else notices."""

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.operations import Operation
from cavalcade.server.live import send_queue
from cavalcade.server.live.send_queue import MAX_QUEUED_BYTES, MAX_QUEUED_FRAMES
from cavalcade.server.sockets.connection import Connection

from .conftest import Gateway
from .peer import Peer, eventually, offset_of, place

MEMBERS = 50


async def _stopped_reader(gateway: Gateway, session_id: str, who: int) -> tuple[Peer, Connection]:
    """Somebody who joined and has stopped reading, and the server's side of it."""
    known = set(gateway.sockets._connections)
    slow = await Peer.connect(gateway, session_id, who, receive_buffer=2048)
    await slow.join(mode="binary")
    (connection,) = set(gateway.sockets._connections) - known
    slow.socket.transport.pause_reading()
    return slow, connection


async def test_a_reader_that_stops_costs_nobody_anything_and_comes_back_to_the_newest(gateway: Gateway) -> None:
    session_id = await gateway.session(MEMBERS + 1)
    fast = await Peer.connect(gateway, session_id, 1)
    await fast.join(mode="binary")
    slow, connection = await _stopped_reader(gateway, session_id, MEMBERS + 1)
    backend = gateway.backend
    fanout = gateway.hub.hosted[session_id].fanout

    async def move_all(step: int) -> None:
        for who in range(1, MEMBERS + 1):
            backend.report(session_id, who, place(lat=step, lon=who))
        seen: dict[int, int] = {}
        while any(seen.get(who) != step for who in range(1, MEMBERS + 1)):
            seen |= {who: position.lat for who, position in (await fast.positions()).items()}

    step = 0
    while not connection._paused:  # the kernel's buffers take some
        step += 1
        fanout._flushed_at.clear()  # as if a quarter of a second had passed
        await move_all(step)
    assert connection._send_queue is not None
    transport = connection._transport
    assert transport is not None
    for number in range(20):
        step += 1
        fanout._flushed_at.clear()
        await move_all(step)
        await backend.submit(session_id, Operation(1, SetProfile(name=f"Anna {number}")))
        assert transport.underlying_transport.get_write_buffer_size() < 20_000
        assert len(connection._send_queue._queue) == number + 1  # events wait, positions do not
    slow.socket.transport.resume_reading()
    events = [await slow.next(lambda m: m.event == "event") for _ in range(20)]
    assert [offset_of(event) for event in events] == list(range(MEMBERS + 2, MEMBERS + 22))
    newest: dict[int, int] = {}
    while any(newest.get(who) != step for who in range(1, MEMBERS + 1)):
        newest |= {who: position.lat for who, position in (await slow.positions()).items()}
    await fast.round_trip()
    assert [offset_of(m) for m in fast.received if m.event == "event"] == [offset_of(event) for event in events]


async def test_who_is_present_is_told_again_to_a_reader_that_was_behind(gateway: Gateway) -> None:
    session_id = await gateway.session(3)
    anna = await Peer.connect(gateway, session_id, 1)
    await anna.join()
    slow, connection = await _stopped_reader(gateway, session_id, 2)
    while not connection._paused:
        connection.write_text(b'[null,null,"x","noise",{}]' * 100)
    cleo = await Peer.connect(gateway, session_id, 3)
    await cleo.join()
    await anna.socket.close()
    await cleo.next(lambda m: m.event == "presence_diff" and m.payload["leaves"])
    slow.socket.transport.abort()
    # The frames of noise are no frames of the protocol; what counts is what the send queue writes next.
    written: list[bytes] = []
    assert connection._send_queue is not None
    box = connection._send_queue
    box._wire = type("Wire", (), {"write_text": lambda _, frame: written.append(frame)})()
    box.resume()
    assert len(written) == 1
    assert b'"presence_state",{"2":' in written[0]
    assert b'"3":' in written[0]
    assert b'"1":' not in written[0]


async def test_a_reader_too_slow_for_events_gets_1011(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (MAX_QUEUED_FRAMES, MAX_QUEUED_BYTES) == (512, 256 * 1024)
    monkeypatch.setattr(send_queue, "MAX_QUEUED_FRAMES", 8)
    session_id = await gateway.session(2)
    fast = await Peer.connect(gateway, session_id, 1)
    await fast.join()
    slow, connection = await _stopped_reader(gateway, session_id, 2)
    number = 0
    while not connection._closing:
        number += 1
        await fast.do("profile:set", {"op_id": str(number), "name": f"{number} " + "x" * 30})
    assert 2 not in gateway.hub.hosted[session_id].fanout.present
    slow.socket.transport.resume_reading()
    assert await slow.close_code() == 1011
    offsets = [offset_of(m) for m in slow.received if m.event == "event"]
    assert offsets == list(range(3, 3 + len(offsets)))
    assert len(offsets) < number
    # It comes back with its offset, and has missed nothing.
    async with await Peer.connect(gateway, session_id, 2) as again:
        response = await again.join(offset=offsets[-1])
        assert [event["offset"] for event in response["events"]] == list(range(offsets[-1] + 1, number + 3))


async def test_replies_that_nobody_reads_are_bounded_too(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_queue, "MAX_QUEUED_FRAMES", 16)
    session_id = await gateway.session(1)
    slow, connection = await _stopped_reader(gateway, session_id, 1)
    with contextlib.suppress(ConnectionClosed):
        while not connection._closing:
            connection._second = 0  # a new second for the count of frames
            await slow.send("x" * 2000, {"op_id": "1"})
            await asyncio.sleep(0)
    await eventually(lambda: not gateway.hub.hosted[session_id].fanout)


async def test_before_the_join_a_peer_that_asks_and_never_reads_is_closed(gateway: Gateway) -> None:
    session_id = await gateway.session(1)
    slow = await Peer.connect(gateway, session_id, 1, receive_buffer=2048)
    (connection,) = gateway.sockets._connections
    slow.socket.transport.pause_reading()
    with contextlib.suppress(ConnectionClosed):
        while not connection._closing:
            connection._second = 0
            await slow.send("heartbeat", {}, topic="phoenix")
            await asyncio.sleep(0)
    await eventually(lambda: len(gateway.sockets) == 0)


async def test_the_end_of_a_session_reaches_a_slow_reader_in_order(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    fast = await Peer.connect(gateway, session_id, 1)
    await fast.join()
    slow, connection = await _stopped_reader(gateway, session_id, 2)
    number = 0
    while not connection._paused:
        number += 1
        await fast.do("profile:set", {"op_id": str(number), "name": f"{number} " + "x" * 30})
    await fast.do("profile:set", {"op_id": "last", "name": "Anna"})
    await fast.do("session:end", {"op_id": "end"})
    slow.socket.transport.resume_reading()
    await slow.receive("phx_close")
    order = [m.payload["type"] if m.event == "event" else m.event for m in slow.received][-3:]  # type: ignore[index]
    assert order == ["profile_changed", "session_ended", "phx_close"]
