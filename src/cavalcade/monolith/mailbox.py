"""A session's mailbox: positions conflate, everything else waits in order and under a bound.

It outlives the process that reads it: what had not been taken out when a process crashed is there for the next one.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from cavalcade.domain.fix import Position, is_newer
from cavalcade.domain.operations import Operation
from cavalcade.server.live.send_queue import Missed, SendQueue
from cavalcade.server.sessions.backend import Attachment, Receipt
from cavalcade.wire.messages import Since

MAX_OPERATIONS: Final = 256
"""Operations that may wait; one more is answered `unavailable, retry`. As many that are urgent may wait before them."""

MAX_MESSAGES: Final = 2_048
"""Other messages that may wait; one more connection that wants in is answered `unavailable, retry`.

Whatever else comes is bounded by the connections that were let in, or waits only once.
"""

MAX_TRIES: Final = 2
"""How many processes may fail while they take one position; then it is dropped."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Attach:
    """A connection wants in."""

    send_queue: SendQueue
    since: Since | None
    answer: asyncio.Future[Attachment]


@dataclass(frozen=True, slots=True, eq=False)
class Detach:
    """A connection is gone; `is_retried` where a process has failed over it before."""

    send_queue: SendQueue
    is_retried: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Submit:
    """An operation wants to be carried out."""

    operation: Operation
    answer: asyncio.Future[Receipt]


@dataclass(frozen=True, slots=True)
class CatchUp:
    """A connection that was behind can take the newest of what it missed."""

    send_queue: SendQueue
    missed: Missed


@dataclass(frozen=True, slots=True)
class Flush:
    """The window is over."""


@dataclass(frozen=True, slots=True)
class Hibernate:
    """Nothing has happened for a while."""


@dataclass(frozen=True, slots=True)
class Operate:
    """The first of the operations has come in; see `Mailbox.take_operation`."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A part of the process that ran beside it has failed, and so has the process."""

    process: object
    """Whose part it was: a later process has nothing to do with it."""
    failure: BaseException


Message = Attach | Detach | Submit | Operate | CatchUp | Flush | Hibernate | Failed


class Mailbox:
    """One session's mailbox, read by one process at a time."""

    __slots__ = ("_in_hand", "_messages", "_operations", "_positions", "_reader", "_tries")

    def __init__(self) -> None:
        """Starts empty."""
        self._messages: list[Message] = []
        self._operations: list[Submit] = []
        self._positions: dict[int, Position] = {}
        self._in_hand: tuple[int, Position] | None = None
        self._tries = 0
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        """How many messages wait; the conflated positions count as one."""
        return len(self._messages) + len(self._operations) + bool(self._positions or self._in_hand)

    @property
    def has_operations(self) -> bool:
        """Whether operations wait."""
        return bool(self._operations)

    def put(self, message: Message) -> bool:
        """Adds a message; False where somebody waits for its answer and too many wait already."""
        if isinstance(message, Submit):
            urgent = message.operation.command.urgent
            before = sum(one.operation.command.urgent for one in self._operations)
            if (before if urgent else len(self._operations) - before) >= MAX_OPERATIONS:
                return False
            self._operations.insert(before if urgent else len(self._operations), message)
            if len(self._operations) > 1:
                return True  # the `Operate` of the first one covers this one as well
            message = Operate()
        elif isinstance(message, Attach) and len(self._messages) >= MAX_MESSAGES:
            return False
        elif isinstance(message, Flush | Hibernate | CatchUp) and message in self._messages:
            return True  # once is enough
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        return True

    def report(self, participant: int, position: Position) -> None:
        """Keeps a position until the next flush, in the place of an older one."""
        if is_newer(position, self._positions.get(participant)):
            self._positions[participant] = position

    def take_position(self) -> tuple[int, Position] | None:
        """Takes one position, with its participant, in hand; None where there are no more.

        It stays here until `position_taken`: if the process fails meanwhile, the next one gets it again, once.
        """
        if self._in_hand is not None and self._tries >= MAX_TRIES:
            _log.error("position_given_up", tries=self._tries)
            self._in_hand = None
        if self._in_hand is None:
            if not self._positions:
                return None
            self._in_hand, self._tries = self._positions.popitem(), 0
        self._tries += 1
        return self._in_hand

    def position_taken(self) -> None:
        """Takes the position in hand out: it is noted elsewhere by now."""
        self._in_hand = None

    def take_operation(self) -> Submit | None:
        """Takes out the operation whose turn it is; None where there are no more."""
        return self._operations.pop(0) if self._operations else None

    async def get(self) -> Message:
        """Waits for the next message and takes it out."""
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._messages.pop(0)

    def drain(self) -> list[Message]:
        """Empties the mailbox, and returns what somebody may be waiting for."""
        taken = [*self._messages, *self._operations]
        self._messages, self._operations, self._positions, self._in_hand = [], [], {}, None
        return taken
