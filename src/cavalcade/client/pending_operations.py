"""Operations of one lane that were asked for and not acknowledged yet, in order. Pure, without I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.statuses import SetStatus

MAX_OPERATIONS: Final = 256
"""More than this and new ones are refused: a client that is offline for long must not fill its memory."""


@dataclass(frozen=True, slots=True)
class PendingOperation:
    """An operation on its way.

    Attributes:
        op_id: Its id, the same at every attempt, so that the server carries it out once.
        event: Its name, such as `profile:set`.
        payload: What it says, with the `op_id` in it.
    """

    op_id: str
    event: str
    payload: Mapping[str, object]

    def is_replaced_by(self, newer: "PendingOperation") -> bool:
        """Whether it means nothing any more once a newer one is asked for: of statuses only the newest counts."""
        is_status = self.event == newer.event == SetStatus.operation
        return is_status and self.payload.get("participant") == newer.payload.get("participant")


class PendingOperations:
    """Keeps operations until they are acknowledged and gives them out one at a time."""

    def __init__(self, waiting: Iterable[PendingOperation] = ()) -> None:
        """Begins with what an earlier run could not send."""
        self._waiting: list[PendingOperation] = list(waiting)
        self._on_the_way: tuple[str, PendingOperation] | None = None

    @property
    def waiting(self) -> Sequence[PendingOperation]:
        """All that have no final answer yet, in order."""
        return tuple(self._waiting)

    def add(self, operation: PendingOperation) -> None:
        """Keeps an operation.

        Raises:
            Rejected: `too_many_requests` where too many wait already.
        """
        if len(self._waiting) >= MAX_OPERATIONS:
            raise Rejected(ErrorCode.TOO_MANY_REQUESTS, f"{MAX_OPERATIONS} operations wait to be sent already.")
        self._waiting.append(operation)

    def to_send(self, may_go: Callable[[PendingOperation], bool]) -> PendingOperation | None:
        """The first operation that may go, unless one is on its way."""
        return next(filter(may_go, self._waiting), None) if self._on_the_way is None else None

    def sent(self, operation: PendingOperation, ref: str) -> None:
        """Notes under which ref an operation was sent."""
        self._on_the_way = ref, operation

    def answered(self, ref: str) -> PendingOperation | None:
        """Which operation a reply belongs to; it stays until `settle`. None for a reply nobody waits for."""
        if self._on_the_way is None or self._on_the_way[0] != ref:
            return None
        _, operation = self._on_the_way
        self._on_the_way = None
        return operation

    def settle(self, operation: PendingOperation) -> None:
        """Removes one: its answer is final."""
        self._waiting.remove(operation)

    def interrupted(self) -> None:
        """The answer will not come: what is on its way is sent again under the same id."""
        self._on_the_way = None

    def withdraw(self, is_meant: Callable[[PendingOperation], bool]) -> list[PendingOperation]:
        """Removes those that are meant and not on their way; returns them."""
        sent = None if self._on_the_way is None else self._on_the_way[1]
        gone = [operation for operation in self._waiting if operation is not sent and is_meant(operation)]
        for operation in gone:
            self._waiting.remove(operation)
        return gone

    def take(self, op_id: str) -> PendingOperation | None:
        """Removes one that is not on its way; None where there is none."""
        return next(iter(self.withdraw(lambda one: one.op_id == op_id)), None)

    def drain(self) -> list[PendingOperation]:
        """Removes all, because there will be no answers any more; returns them."""
        drained = list(self._waiting)
        self._waiting.clear()
        self._on_the_way = None
        return drained

    def sharing(self) -> bool | None:
        """What the newest waiting operation says about sharing; None where none does."""
        for operation in reversed(self._waiting):
            if operation.event == "sharing:set":
                return operation.payload.get("on") is True
        return None
