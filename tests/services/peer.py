"""A client that does what a test says and nothing by itself, unlike `cavalcade.client`."""

import asyncio
import itertools
import json
import socket
from collections.abc import Callable
from typing import Any, Protocol, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from cavalcade.domain.fix import Position
from cavalcade.server.processes.clock import now_ms
from cavalcade.wire.frame import Message, decode_server_binary, decode_text, encode_client_push
from cavalcade.wire.positions import pack_fix, unpack_positions

PATIENCE_S = 10
HELSINKI = Position(0, 601_700_000, 249_400_000)


def place(fix_time: int | None = None, lat: int = HELSINKI.lat, lon: int = HELSINKI.lon) -> Position:
    """A position, now by default."""
    return Position(now_ms() if fix_time is None else fix_time, lat, lon)


def offset_of(message: Message) -> int:
    """The offset of an event."""
    assert isinstance(message.payload, dict)
    offset: int = message.payload["offset"]
    return offset


async def eventually(condition: Callable[[], object]) -> None:
    """Waits for what gives no sign of its own, such as a counter in the server."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


class Serving(Protocol):
    """A process that takes connections."""

    port: int
    transports: list[asyncio.Transport]
    """The test's own ends of its connections, cut off afterwards."""

    def address(self, session_id: str) -> str:
        """Where a session's socket is."""

    def token(self, session_id: str, participant: int) -> str:
        """A token that it takes."""


class Peer:
    """One WebSocket connection of one participant; what was received and not asked for yet waits in order."""

    def __init__(self, socket_: ClientConnection, session_id: str) -> None:
        self.socket = socket_
        self.session_id = session_id
        self.topic = f"session:{session_id}"
        self.join_ref: str | None = None
        self.received: list[Message] = []
        self.raw: list[str | bytes] = []
        self._unread: list[Message] = []
        self._refs = itertools.count(1)

    @classmethod
    async def connect(
        cls,
        gateway: Serving,
        session_id: str,
        participant: int,
        *,
        receive_buffer: int | None = None,
        token: str | None = None,
    ) -> Self:
        """Connects with a token; with a receive buffer in bytes it becomes a reader that can be slow."""
        address = f"{gateway.address(session_id)}&token={token or gateway.token(session_id, participant)}"
        options: dict[str, Any] = {"compression": None, "ping_interval": None, "max_size": None, "close_timeout": 1}
        if receive_buffer is not None:
            small = socket.socket()
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            small.setblocking(False)
            await asyncio.get_running_loop().sock_connect(small, ("127.0.0.1", gateway.port))
            options |= {"sock": small, "max_queue": 1}
        connected = await connect(address, **options)
        gateway.transports.append(connected.transport)
        return cls(connected, session_id)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.transport.abort()

    async def join(self, **parameters: Any) -> Any:
        """Joins and returns the response of the ok reply."""
        reply = await self.try_to_join(**parameters)
        assert reply["status"] == "ok", reply
        return reply["response"]

    async def try_to_join(self, topic: str | None = None, **parameters: object) -> Any:
        """Joins and returns the whole reply."""
        ref = await self.send("phx_join", parameters, topic=topic, joins=True)
        return await self.reply(ref)

    async def send(self, event: str, payload: object, *, topic: str | None = None, joins: bool = False) -> str:
        """Sends a text frame and returns its ref."""
        ref = str(next(self._refs))
        if joins:
            self.join_ref = ref
        await self.socket.send(json.dumps([self.join_ref, ref, topic or self.topic, event, payload]))
        return ref

    async def reply(self, ref: str) -> Any:
        """The reply to a ref: status and response."""
        return (await self.next(lambda message: message.event == "phx_reply" and message.ref == ref)).payload

    async def ask(self, event: str, payload: object) -> Any:
        """Sends an operation and returns its reply."""
        return await self.reply(await self.send(event, payload))

    async def do(self, event: str, payload: object) -> Any:
        """Sends an operation that must succeed, and returns its response."""
        reply = await self.ask(event, payload)
        assert reply["status"] == "ok", reply
        return reply["response"]

    async def refused(self, event: str, payload: object) -> Any:
        """Sends an operation that must be refused, and returns why."""
        reply = await self.ask(event, payload)
        assert reply["status"] == "error", reply
        return reply["response"]

    async def move(self, position: Position) -> None:
        """Sends a packed fix."""
        assert self.join_ref is not None
        await self.socket.send(encode_client_push(self.join_ref, "0", self.topic, "position", pack_fix(position)))

    async def receive(self, event: str) -> Any:
        """The payload of the next message of an event; what comes before it stays for later."""
        return (await self.next(lambda message: message.event == event)).payload

    async def positions(self) -> dict[int, Position]:
        """The next packed positions."""
        return dict(unpack_positions(await self.receive("positions"))[1])

    async def next(self, wanted: Any = lambda _: True) -> Message:
        """The next message that is wanted."""
        for place_, message in enumerate(self._unread):
            if wanted(message):
                return self._unread.pop(place_)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self._read()
                if wanted(message):
                    return message
                self._unread.append(message)

    async def round_trip(self) -> None:
        """Waits until the server has read everything sent so far, and what it answered at once has come."""
        ref = str(next(self._refs))
        await self.socket.send(json.dumps([None, ref, "phoenix", "heartbeat", {}]))
        await self.reply(ref)

    async def close_code(self) -> int | None:
        """Reads on until the server closes."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    self._unread.append(await self._read())
        except ConnectionClosed:
            return self.socket.close_code

    def unread(self, event: str) -> list[Any]:
        """The payloads of an event that came and were not asked for."""
        return [message.payload for message in self._unread if message.event == event]

    async def _read(self) -> Message:
        data = await self.socket.recv()
        message = decode_server_binary(data) if isinstance(data, bytes) else decode_text(data)
        self.received.append(message)
        self.raw.append(data)
        return message
