"""What the client hides: single frames, and a reader that does not read."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.typing import Subprotocol

from cavalcade.client import Membership
from cavalcade.wire.frame import Message, decode_server_binary, decode_text, encode_client_push, encode_text

WITHIN_S = 5.0


class RawSocket:
    """One connection of one participant, frame by frame."""

    def __init__(self, websocket: ClientConnection, topic: str) -> None:
        self.websocket = websocket
        self.topic = topic
        self.unread: list[Message] = []
        self.sent: list[Message] = []
        self.received: list[Message] = []
        self._refs = itertools.count(1)
        self._join_ref: str | None = None

    async def send(self, event: str, payload: object) -> str:
        """Sends a push; its ref."""
        ref = str(next(self._refs))
        join_ref = ref if event == "phx_join" else self._join_ref
        if isinstance(payload, bytes):
            await self.websocket.send(encode_client_push(join_ref or "", ref, self.topic, event, payload))
        else:
            message = Message(join_ref, ref, self.topic, event, payload)
            self.sent.append(message)
            await self.websocket.send(encode_text(message).decode())
        return ref

    async def receive(self) -> Message:
        """The next frame."""
        async with asyncio.timeout(WITHIN_S):
            frame = await self.websocket.recv()
        message = decode_text(frame) if isinstance(frame, str) else decode_server_binary(frame)
        self.received.append(message)
        return message

    async def closed(self) -> int | None:
        """Reads on until the server has closed the connection; with which code."""
        async with asyncio.timeout(WITHIN_S):
            await self.websocket.wait_closed()
        return self.websocket.close_code

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        """The next frame that fits; those before it are put by in `unread`."""
        while not wanted(message := await self.receive()):
            self.unread.append(message)
        return message

    async def reply(self, ref: str) -> tuple[str, Mapping[str, object]]:
        """The status and the response of the answer to a push."""
        message = await self.until(lambda m: m.event == "phx_reply" and m.ref == ref)
        assert isinstance(message.payload, dict)
        return message.payload["status"], message.payload["response"]

    async def ask(self, event: str, payload: object) -> tuple[str, Mapping[str, object]]:
        """Sends a push and waits for its answer."""
        return await self.reply(await self.send(event, payload))

    async def join(self, **parameters: object) -> Mapping[str, object]:
        """Joins; the response."""
        ref = await self.send("phx_join", parameters)
        status, response = await self.reply(ref)
        assert status == "ok", response
        self._join_ref = ref
        return response


@asynccontextmanager
async def open_socket(membership: Membership, *, receive_buffer: int | None = None) -> AsyncIterator[RawSocket]:
    """Opens a socket that nobody reads unless the test does.

    Args:
        membership: Whose.
        receive_buffer: The size of the kernel's buffer in bytes: a small one is soon full.
    """
    address = urlsplit(membership.socket_url)
    assert address.port is not None
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", address.port))
    async with open_websocket(
        membership.socket_url,
        sock=sock,
        subprotocols=[Subprotocol(name) for name in membership.subprotocols],
        compression=None,
        ping_interval=None,
        max_queue=4,
        close_timeout=0.5,
    ) as websocket:
        yield RawSocket(websocket, f"session:{membership.session_id}")
