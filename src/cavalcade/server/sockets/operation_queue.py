"""The operations of one connection that wait for their turn: carried out one after another, within bounds.

They wait as the bytes that came. Decoded, 64 kB of them can become thirty times as much, and most would be refused.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from cavalcade.server.processes.deadline import REPLY_DEADLINE_S
from cavalcade.wire.channel import Pushed

MAX_WAITING: Final = 16
"""Operations of one connection that may wait for their turn."""

MAX_URGENT: Final = 4
"""The same of those that wait behind no others, such as an SOS."""

MAX_WAITING_BYTES: Final = 131_072
"""Bytes of one connection's operations that may wait: two frames of the largest size."""


class OperationQueue:
    """Operations in the order in which they came."""

    def __init__(
        self,
        execute: Callable[[Pushed, float], Awaitable[None]],
        idle: Callable[[], None] = lambda: None,
        most: int = MAX_WAITING,
    ) -> None:
        """Starts empty.

        Args:
            execute: Carries out and answers one, given the seconds that are left for it; none where it waited for
                too long.
            idle: Called when none is left.
            most: How many may wait.
        """
        self._execute, self._idle, self._most = execute, idle, most
        self._waiting: deque[tuple[Pushed, float]] = deque()
        self._bytes = 0
        self._worker: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether one is under way."""
        return self._worker is not None

    @property
    def waiting_bytes(self) -> int:
        """How much waits."""
        return self._bytes

    def add(self, pushed: Pushed) -> bool:
        """Lets an operation wait for its turn; False where too many, or too much, wait already."""
        size = _size(pushed)
        if len(self._waiting) >= self._most or self._bytes + size > MAX_WAITING_BYTES:
            return False
        self._waiting.append((pushed, asyncio.get_running_loop().time() + REPLY_DEADLINE_S))
        self._bytes += size
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return True

    def clear(self) -> None:
        """Forgets what waits; the one that is under way goes on."""
        self._waiting.clear()
        self._bytes = 0

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                pushed, due = self._waiting.popleft()
                self._bytes -= _size(pushed)
                await self._execute(pushed, due - loop.time())
        finally:
            self._worker = None
        self._idle()


def _size(pushed: Pushed) -> int:
    # A ref can be as long as a frame, and a character of it takes up to four bytes.
    return len(pushed.payload) + 4 * len(pushed.ref or "")
