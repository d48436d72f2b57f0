"""A session's mailbox: operations wait in order and under a bound, positions conflate.

It outlives the process that reads it: what had not been taken out when a process crashed is there for the next one.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from cavalcade.domain.fix import Position, is_newer
from cavalcade.domain.operations import Operation
from cavalcade.server.backend import Attachment, Receipt
from cavalcade.server.outbox import Outbox

MAX_OPERATIONS: Final = 256
"""Operations that may wait; one more is answered `unavailable, retry`."""


@dataclass(frozen=True, slots=True, eq=False)
class Attach:
    """A connection wants in."""

    outbox: Outbox
    since: int | None
    answer: asyncio.Future[Attachment]


@dataclass(frozen=True, slots=True, eq=False)
class Detach:
    """A connection is gone."""

    outbox: Outbox


@dataclass(frozen=True, slots=True, eq=False)
class Submit:
    """An operation wants to be carried out."""

    operation: Operation
    answer: asyncio.Future[Receipt]


@dataclass(frozen=True, slots=True)
class Flush:
    """The window is over."""


@dataclass(frozen=True, slots=True)
class Hibernate:
    """Nothing has happened for a while."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A part of the process that ran beside it has failed, and so has the process."""

    failure: BaseException


Message = Attach | Detach | Submit | Flush | Hibernate | Failed


class Mailbox:
    """One session's mailbox, read by one process at a time."""

    __slots__ = ("_messages", "_operations", "_positions", "_reader")

    def __init__(self) -> None:
        """Starts empty."""
        self._messages: list[Message] = []
        self._operations = 0
        self._positions: dict[int, Position] = {}
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        """How many messages wait; the conflated positions count as one."""
        return len(self._messages) + bool(self._positions)

    def put(self, message: Message) -> bool:
        """Adds a message; False where it is an operation and too many wait."""
        if isinstance(message, Submit):
            if self._operations >= MAX_OPERATIONS:
                return False
            self._operations += 1
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        return True

    def report(self, participant: int, position: Position) -> None:
        """Keeps a position until the next flush, in the place of an older one."""
        if is_newer(position, self._positions.get(participant)):
            self._positions[participant] = position

    def take_positions(self) -> dict[int, Position]:
        """Takes out the positions."""
        taken, self._positions = self._positions, {}
        return taken

    async def get(self) -> Message:
        """Waits for the next message and takes it out."""
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self.take()

    def take(self) -> Message:
        """Takes out the next message, which must be there."""
        message = self._messages.pop(0)
        if isinstance(message, Submit):
            self._operations -= 1
        return message

    def drain(self) -> list[Message]:
        """Takes out everything but the positions."""
        taken, self._messages = self._messages, []
        self._operations = 0
        return taken
