"""Those who watch a live session: readers of every change, and waiters for a condition."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from cavalcade.client.changes import Change, Closed, PositionsReceived, PresenceChanged
from cavalcade.client.errors import ChangesMissed

MAX_UNREAD: Final = 4_096


class Reader:
    """One reader's unread changes, an async iterator that ends after `Closed`.

    Of positions and presence a slow reader gets the newest; of everything else all, up to a bound.
    """

    def __init__(self) -> None:
        self._unread: deque[Change] = deque()
        self._missed = False
        self._ended = False
        self._wake = asyncio.Event()

    def put(self, change: Change) -> None:
        """Adds a change."""
        last = self._unread[-1] if self._unread else None
        if isinstance(change, PositionsReceived) and isinstance(last, PositionsReceived):
            self._unread[-1] = PositionsReceived(change.server_time, {**last.positions, **change.positions})
        elif isinstance(change, PresenceChanged) and isinstance(last, PresenceChanged):
            self._unread[-1] = change
        else:
            if len(self._unread) >= MAX_UNREAD:
                self._missed = True
                self._unread.clear()
            self._unread.append(change)
        self._wake.set()

    def __aiter__(self) -> "Reader":
        return self

    async def __anext__(self) -> Change:
        """The next change.

        Raises:
            ChangesMissed: The reader was so slow that changes were dropped; the next call goes on with newer ones.
        """
        if self._ended:
            raise StopAsyncIteration
        while not self._unread and not self._missed:
            self._wake.clear()
            await self._wake.wait()
        if self._missed:
            self._missed = False
            raise ChangesMissed(f"more than {MAX_UNREAD} changes were left unread")
        change = self._unread.popleft()
        self._ended = isinstance(change, Closed)
        return change


class Waiter:
    """Waits until a condition holds."""

    def __init__(self, condition: Callable[[], bool]) -> None:
        self._condition = condition
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def check(self) -> bool:
        """Looks again; True where waiting is over."""
        if self.future.done():
            return True
        try:
            if not self._condition():
                return False
        except Exception as error:  # noqa: BLE001 - the condition is the caller's, and so is its error
            self.future.set_exception(error)
        else:
            self.future.set_result(None)
        return True
