"""The whole way of a position and of an operation through one gateway, over real sockets."""

import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from cavalcade.domain.fix import Position
from cavalcade.server.processes.clock import now_ms
from cavalcade.wire.frame import decode_server_binary, encode_client_push
from cavalcade.wire.positions import pack_fix, unpack_positions

from .conftest import Gateway


async def _receive(socket: ClientConnection, event: str) -> Any:
    """The payload of the next frame of an event; others are passed over."""
    while True:
        data = await socket.recv()
        if isinstance(data, bytes):
            message = decode_server_binary(data)
            if message.event == event:
                return message.payload
        else:
            frame = json.loads(data)
            if frame[3] == event:
                return frame[4]


async def _join(socket: ClientConnection, session_id: str, **parameters: object) -> Any:
    await socket.send(json.dumps(["1", "1", f"session:{session_id}", "phx_join", parameters]))
    return await _receive(socket, "phx_reply")


async def test_two_members_see_each_other_move_in_json_and_packed(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    address = gateway.address(session_id)
    async with (
        connect(f"{address}&token={gateway.token(session_id, 1)}") as anna,
        connect(f"{address}&token={gateway.token(session_id, 2)}") as ben,
    ):
        assert (await _join(anna, session_id, mode="binary"))["response"]["me"] == 1
        reply = await _join(ben, session_id)
        assert reply["status"] == "ok"
        assert [person["id"] for person in reply["response"]["snapshot"]["participants"]] == [1, 2]
        now = now_ms()
        sent = Position(now, 601_700_000, 249_400_000, 50, 1234, 9000, 12, 80)
        await anna.send(encode_client_push("1", "2", f"session:{session_id}", "position", pack_fix(sent)))
        (seen,) = (await _receive(ben, "positions"))["positions"]
        assert seen == {
            "participant": 1, "lat": 60.17, "lon": 24.94, "accuracy": 5.0, "heading": 90.0, "speed": 12.34,
            "altitude": 12, "battery": 80, "fix_time": now,
        }  # fmt: skip
        _, positions = unpack_positions(await _receive(anna, "positions"))
        assert positions == [(1, sent)]


async def test_an_operation_is_answered_and_seen_by_all(gateway: Gateway) -> None:
    session_id = await gateway.session(members=2)
    address = gateway.address(session_id)
    async with (
        connect(f"{address}&token={gateway.token(session_id, 1)}") as anna,
        connect(f"{address}&token={gateway.token(session_id, 2)}") as ben,
    ):
        await _join(anna, session_id)
        await _join(ben, session_id)
        topic = f"session:{session_id}"
        await anna.send(json.dumps(["1", "9", topic, "profile:set", {"op_id": "a1", "name": "Anna"}]))
        event = await _receive(ben, "event")
        assert (event["offset"], event["by"], event["op_id"]) == (3, 1, "a1")
        assert event["data"] == {"participant": 1, "name": "Anna", "initials": "AN", "color": "#e5484d"}
        assert await _receive(anna, "phx_reply") == {"status": "ok", "response": {"offset": 3}}
