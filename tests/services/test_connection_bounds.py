"""What bounds a connection: time, silence, sizes, malformed frames, floods; and how a server goes away."""

import asyncio
import contextlib
import json
import struct

import pytest
import structlog.testing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode

from cavalcade.domain.fields import rules_of
from cavalcade.domain.session import OPERATIONS
from cavalcade.server.sockets import connection
from cavalcade.server.sockets.join_backlog import MOST_OF_ONE
from cavalcade.server.sockets.socket_server import JOIN_S, SILENCE_S
from cavalcade.wire.frame import MAX_FRAME

from .conftest import Gateway
from .peer import Peer, eventually, place


def _frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A client's frame with the mask zero, by hand."""
    size = len(payload)
    first = (0x80 if fin else 0) | opcode
    if size < 126:
        head = struct.pack(">BB", first, 0x80 | size)
    elif size < 65536:
        head = struct.pack(">BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack(">BBQ", first, 0x80 | 127, size)
    return head + bytes(4) + payload


def _heartbeat(ref: str, padding: int = 0) -> bytes:
    return json.dumps([None, ref, "phoenix", "heartbeat", {"padding": "x" * padding}]).encode()


async def _joined(gateway: Gateway) -> Peer:
    peer = await Peer.connect(gateway, await gateway.session(), 1)
    await peer.join()
    await peer.receive("presence_state")
    return peer


async def test_a_connection_has_ten_seconds_to_join(gateway: Gateway) -> None:
    assert JOIN_S == 10
    session_id = await gateway.session()
    async with await Peer.connect(gateway, session_id, 1) as idle, await Peer.connect(gateway, session_id, 1) as anna:
        await anna.join()
        now = asyncio.get_running_loop().time()
        gateway.sockets.sweep(now + 9)
        await idle.round_trip()
        gateway.sockets.sweep(now + 11)
        assert await idle.close_code() == 1011
        await anna.round_trip()


async def test_after_leaving_the_channel_there_are_ten_seconds_again(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    await anna.ask("phx_leave", {})
    now = asyncio.get_running_loop().time()
    gateway.sockets.sweep(now + 9)
    await anna.round_trip()
    gateway.sockets.sweep(now + 11)
    assert await anna.close_code() == 1011


async def test_ninety_seconds_of_silence_close(gateway: Gateway) -> None:
    assert SILENCE_S == 90
    anna = await _joined(gateway)
    now = asyncio.get_running_loop().time()
    gateway.sockets.sweep(now + 89)
    await anna.round_trip()
    gateway.sockets.sweep(now + 92)
    assert await anna.close_code() == 1011


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
async def test_any_frame_breaks_the_silence(gateway: Gateway, opcode: Opcode) -> None:
    anna = await _joined(gateway)
    (held,) = gateway.sockets._connections
    held.last_received_at -= 85
    before = held.last_received_at
    anna.socket.transport.write(_frame(opcode, b""))
    await anna.round_trip()
    assert held.last_received_at > before + 80


async def test_frames_up_to_64_kb_are_read(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    padding = MAX_FRAME - len(_heartbeat("big"))
    anna.socket.transport.write(_frame(Opcode.TEXT, _heartbeat("big", padding)))
    assert (await anna.reply("big"))["status"] == "ok"


async def test_a_larger_frame_closes_with_1009(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    anna.socket.transport.write(_frame(Opcode.TEXT, b" " * (MAX_FRAME + 1)))
    assert await anna.close_code() == 1009


async def test_fragments_are_put_together_up_to_the_bound(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    whole = _heartbeat("pieces", MAX_FRAME - len(_heartbeat("pieces")))
    assert len(whole) == MAX_FRAME
    write = anna.socket.transport.write
    write(_frame(Opcode.TEXT, whole[:1000], fin=False))
    for at in range(1000, 60_000, 10_000):
        write(_frame(Opcode.CONT, whole[at : at + 10_000], fin=False))
        write(_frame(Opcode.PING, b"between"))
    write(_frame(Opcode.CONT, whole[61_000:]))
    assert (await anna.reply("pieces"))["status"] == "ok"


async def test_fragments_beyond_the_bound_close_with_1009(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    anna.socket.transport.write(_frame(Opcode.BINARY, bytes(MAX_FRAME), fin=False))
    anna.socket.transport.write(_frame(Opcode.CONT, b"x", fin=False))
    assert await anna.close_code() == 1009


@pytest.mark.parametrize(
    "frames",
    [
        [(Opcode.TEXT, b"{", True)],
        [(Opcode.TEXT, b"{}", True)],
        [(Opcode.TEXT, b"[]", True)],
        [(Opcode.TEXT, b"\xff\xfe", True)],
        [(Opcode.TEXT, b"[" * 60_000, True)],
        [(Opcode.TEXT, b'[null,null,"phoenix","heartbeat",NaN]', True)],
        [(Opcode.TEXT, b"[1,2,3,4,5]", True)],
        [(Opcode.BINARY, b"", True)],
        [(Opcode.BINARY, b"\x01\x00\x00\x00\x00", True)],
        [(Opcode.BINARY, b"\x00\xff\x00\x00\x00short", True)],
        [(Opcode.CONT, b"nothing to continue", True)],
        [(Opcode.TEXT, b"[", False), (Opcode.TEXT, b"[", False)],
    ],
)
async def test_a_malformed_frame_closes_with_1011(gateway: Gateway, frames: list[tuple[int, bytes, bool]]) -> None:
    anna = await _joined(gateway)
    for opcode, payload, fin in frames:
        anna.socket.transport.write(_frame(opcode, payload, fin=fin))
    assert await anna.close_code() == 1011


async def test_a_close_is_answered_once_with_its_code(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    await anna.socket.close(4242, "enough")
    assert anna.socket.protocol.close_rcvd is not None
    assert anna.socket.protocol.close_rcvd.code == 4242
    assert len(gateway.sockets) == 0
    assert not gateway.hub.hosted[anna.session_id].fanout


async def test_pings_are_answered(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    assert await (await anna.socket.ping(b"are you there")) >= 0


async def test_a_peer_that_pings_and_never_reads_does_not_grow_memory(gateway: Gateway) -> None:
    session_id = await gateway.session()
    async with await Peer.connect(gateway, session_id, 1, receive_buffer=2048) as anna:
        await anna.join()
        (held,) = gateway.sockets._connections
        assert held._transport is not None
        transport = held._transport.underlying_transport
        anna.socket.transport.pause_reading()
        pings = _frame(Opcode.PING, b"x" * 125) * 90
        for _ in range(4):
            held._second = 0  # a new second for the count of frames
            anna.socket.transport.write(pings)
            await asyncio.sleep(0.02)
            assert transport.get_write_buffer_size() < 20_000
        anna.socket.transport.abort()


async def test_a_flood_of_frames_is_slowed_down(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    (held,) = gateway.sockets._connections
    assert held._transport is not None
    paused = asyncio.Event()
    transport = held._transport.underlying_transport
    # Positions: nothing is answered, so what arrives is all there is to see.
    for _ in range(4 * connection.MAX_FRAMES_PER_S):
        await anna.move(place())
        await asyncio.sleep(0)
        if not transport.is_reading():
            paused.set()
            break
    assert paused.is_set()
    assert held._frames <= connection.MAX_FRAMES_PER_S + 10
    await anna.round_trip()  # when the second is over it is read again
    assert transport.is_reading()


async def test_a_flood_of_bytes_is_slowed_down(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    (held,) = gateway.sockets._connections
    assert held._transport is not None
    transport = held._transport.underlying_transport
    large = _frame(Opcode.TEXT, _heartbeat("0", padding=60_000))
    anna.socket.transport.write(large * (connection.MAX_BYTES_PER_S // 60_000 + 1))
    await eventually(lambda: not transport.is_reading())
    assert held._bytes <= connection.MAX_BYTES_PER_S + 2 * len(large)
    await anna.round_trip()  # when the second is over it is read again
    assert transport.is_reading()


async def test_a_payload_that_is_no_json_closes_when_its_turn_comes(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    await anna.socket.send(f'["{anna.join_ref}","9","{anna.topic}","profile:set",{{"op_id":}}]')
    assert await anna.close_code() == 1011


async def test_a_position_that_is_far_too_long_is_not_looked_at(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    place_ = {"lat": 60.17, "lon": 24.94}
    await anna.send("position", {**place_, "padding": "x" * connection.MAX_POSITION})
    await anna.round_trip()
    assert gateway.hub.hosted[anna.session_id].fanout.newest == {}
    await anna.send("position", place_)
    await anna.round_trip()
    assert set(gateway.hub.hosted[anna.session_id].fanout.newest) == {1}


async def test_a_drain_closes_everybody_with_1012_and_takes_nobody_any_more(gateway: Gateway) -> None:
    session_id = await gateway.session()
    peers = [await Peer.connect(gateway, session_id, 1) for _ in range(3)]
    await peers[0].join()
    begun = asyncio.get_running_loop().time()
    await gateway.sockets.drain(0.2)
    assert asyncio.get_running_loop().time() - begun >= 0.19  # spread over the drain time
    assert [await peer.close_code() for peer in peers] == [1012] * 3
    with pytest.raises(OSError, match="Connect call failed"):
        await Peer.connect(gateway, session_id, 1)


async def test_a_connection_that_breaks_without_a_close_is_forgotten(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    fanout = gateway.hub.hosted[anna.session_id].fanout
    anna.socket.transport.abort()
    await eventually(lambda: len(gateway.sockets) == 0 and not fanout)


async def test_who_closes_and_never_reads_is_cut_off(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ABORT_S", 0.05)
    session_id = await gateway.session()
    async with await Peer.connect(gateway, session_id, 1, receive_buffer=2048) as anna:
        await anna.join()
        (held,) = gateway.sockets._connections
        anna.socket.transport.pause_reading()
        # Short frames: with long ones asyncio of Python 3.12.0-3.12.8 and 3.13.0-3.13.1 does not say that it is full
        # (CVE-2024-12254). Servers run on uvloop, which does.
        while not held._paused:
            held.write_text(b"x" * 1000)
        anna.socket.transport.write(_frame(Opcode.CLOSE, struct.pack(">H", 1000)))
        await eventually(lambda: len(gateway.sockets) == 0)


FIELDS = sorted({name for command in OPERATIONS.values() for name, _, _ in rules_of(command)})  # type: ignore[arg-type]  # a class is hashable
"""The fields of all operations."""

_MESSAGES = st.one_of(
    st.tuples(st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.CLOSE]), st.binary()),
    st.tuples(
        st.just(Opcode.TEXT),
        st.tuples(
            st.none() | st.sampled_from(["1", "2"]),
            st.none() | st.text(max_size=3),
            st.sampled_from(["phoenix", "session:abcdefghij", "T", "x"]),
            st.sampled_from(["heartbeat", "phx_join", "phx_leave", "position", "x", *OPERATIONS]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["op_id", "offset", "mode", *FIELDS]), inner)
                ),
                max_leaves=8,
            ),
        ),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_MESSAGES, max_size=8), st.booleans(), st.binary(max_size=40))
async def test_any_bytes_are_answered_or_close_the_connection(
    gateway: Gateway, messages: list[tuple[Opcode, object]], joins: bool, tail: bytes
) -> None:
    session_id = await gateway.session()
    with structlog.testing.capture_logs() as logs:
        async with await Peer.connect(gateway, session_id, 1) as peer:
            if joins:
                await peer.join()
            for opcode, content in messages:
                if isinstance(content, tuple):
                    join_ref, ref, topic, event, payload = content
                    frame = [join_ref, ref, peer.topic if topic == "T" else topic, event, payload]
                    content = json.dumps(frame).encode()  # noqa: PLW2901
                assert isinstance(content, bytes)
                peer.socket.transport.write(_frame(opcode, content))
            peer.socket.transport.write(_frame(Opcode.TEXT, _heartbeat("last")) + tail)
            with contextlib.suppress(ConnectionClosed):
                await peer.reply("last")
    assert not [line for line in logs if line.get("exc_info") or line["event"] == "operation_failed"]
    async with await Peer.connect(gateway, session_id, 1) as other:
        await other.round_trip()


async def test_strangers_of_one_address_crowd_out_each_other_and_nobody_else(gateway: Gateway) -> None:
    session_id = await gateway.session()
    known = await Peer.connect(gateway, session_id, 1)
    strangers = [await Peer.connect(gateway, session_id, 1, token="none") for _ in range(MOST_OF_ONE)]
    await strangers[0].round_trip()
    strangers.append(await Peer.connect(gateway, session_id, 1, token="none"))
    assert await strangers[0].close_code() == 1011
    await strangers[1].round_trip()
    await known.join()
    assert len(gateway.sockets) == MOST_OF_ONE + 1


async def test_who_has_joined_waits_no_more(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    for _ in range(MOST_OF_ONE + 1):
        await Peer.connect(gateway, anna.session_id, 1)
    await anna.round_trip()


async def test_who_left_the_channel_waits_again(gateway: Gateway) -> None:
    anna = await _joined(gateway)
    await anna.ask("phx_leave", {})
    for _ in range(MOST_OF_ONE):
        await Peer.connect(gateway, anna.session_id, 1)
    assert await anna.close_code() == 1011


async def test_a_process_that_is_full_says_so(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway.sockets, "_most", 2)
    session_id = await gateway.session()
    first, _ = [await Peer.connect(gateway, session_id, 1) for _ in range(2)]
    with pytest.raises(InvalidStatus, match="503"):
        await Peer.connect(gateway, session_id, 1)
    await first.socket.close()
    await (await Peer.connect(gateway, session_id, 1)).join()
