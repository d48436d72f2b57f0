"""One WebSocket: the only module that does I/O on sockets."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from cavalcade.client.membership import Membership
from cavalcade.client.replies import retry_after_s

MAX_FRAME: Final = 4 * 1024 * 1024
"""The largest frame read, bytes: a join's answer with a thousand events is about a tenth of it."""

_CLOSE_TIMEOUT_S: Final = 2.0


class LinkOwner(Protocol):
    """Who is told of a link."""

    def on_opened(self, link: "Link") -> None:
        """The WebSocket is open."""

    def on_received(self, link: "Link", frame: str | bytes) -> None:
        """A frame came over it."""

    def on_lost(self, link: "Link", close_code: int | None, problem: str, wait_s: int = 0) -> None:
        """It could not be opened, or is gone; the server may have said how many seconds to wait."""


class Link:
    """One WebSocket from its dialling to its end, in one task for each direction."""

    def __init__(self, owner: LinkOwner, membership: Membership) -> None:
        """Begins to dial.

        Args:
            owner: Whom to tell.
            membership: Where, and with which token.
        """
        self._owner = owner
        self._membership = membership
        self._websocket: ClientConnection | None = None
        self._frames: deque[str | bytes] = deque()
        self._newest_position: str | bytes | None = None
        self._has_frames = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def send(self, frame: str | bytes, *, conflates: bool) -> None:
        """Sends a frame as soon as the socket takes it; of positions that cannot go yet the newest is kept."""
        if conflates:
            self._newest_position = frame
        else:
            self._frames.append(frame)
        self._has_frames.set()

    def withhold(self) -> None:
        """Forgets the position that waits to be sent."""
        self._newest_position = None

    async def close(self, code: int) -> None:
        """Closes it, after what was sent before."""
        websocket = self._websocket
        if websocket is not None:
            with suppress(ConnectionClosed, TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    while self._frames:
                        await websocket.send(self._frames.popleft())
            await websocket.close(code)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        try:
            websocket = await open_websocket(
                self._membership.socket_url,
                subprotocols=[Subprotocol(name) for name in self._membership.subprotocols],
                compression=None,
                ping_interval=None,
                close_timeout=_CLOSE_TIMEOUT_S,
                max_size=MAX_FRAME,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            wait_s = retry_after_s(error.response.headers) if isinstance(error, InvalidStatus) else 0
            self._owner.on_lost(self, None, str(error) or type(error).__name__, wait_s)
            return
        self._websocket = websocket
        writer = asyncio.create_task(self._write(websocket))
        try:
            self._owner.on_opened(self)
            async for frame in websocket:
                self._owner.on_received(self, frame)
        except ConnectionClosed:
            # Its code is asked for below, as after a regular end.
            pass
        finally:
            writer.cancel()
        code = websocket.close_code
        self._owner.on_lost(self, code, f"the server closed the connection with {code}")

    async def _write(self, websocket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await self._has_frames.wait()
                self._has_frames.clear()
                while self._frames or self._newest_position is not None:
                    if self._frames:
                        frame = self._frames.popleft()
                    else:
                        assert self._newest_position is not None
                        frame, self._newest_position = self._newest_position, None
                    await websocket.send(frame)
