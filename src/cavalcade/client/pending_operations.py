"""Operations of one lane that were asked for and not acknowledged yet, in order. Pure, without I/O."""

from collections import deque
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
    """Keeps operations until they are acknowledged and sends them one at a time, so that none overtakes another."""

    def __init__(self, waiting: Iterable[PendingOperation] = ()) -> None:
        """Begins with what an earlier run could not send."""
        self._waiting: deque[PendingOperation] = deque(waiting)
        self._ref: str | None = None

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

    def to_send(self) -> PendingOperation | None:
        """The next operation, unless one is on its way."""
        return self._waiting[0] if self._waiting and self._ref is None else None

    def sent(self, ref: str) -> None:
        """Notes under which ref the next one was sent."""
        self._ref = ref

    def answered(self, ref: str) -> PendingOperation | None:
        """Which operation a reply belongs to; it stays until `settle`. None for a reply nobody waits for."""
        if ref != self._ref:
            return None
        self._ref = None
        return self._waiting[0]

    def settle(self) -> None:
        """Removes the first one: its answer is final."""
        self._waiting.popleft()

    def interrupted(self) -> None:
        """The answer will not come: the first one is sent again under the same id."""
        self._ref = None

    def withdraw(self, is_meant: Callable[[PendingOperation], bool]) -> list[PendingOperation]:
        """Removes those that are meant and not on their way; returns them."""
        on_the_way = 0 if self._ref is None else 1
        gone = [operation for operation in list(self._waiting)[on_the_way:] if is_meant(operation)]
        for operation in gone:
            self._waiting.remove(operation)
        return gone

    def take(self, op_id: str) -> PendingOperation | None:
        """Removes one that is not on its way; None where there is none."""
        on_the_way = 0 if self._ref is None else 1
        found = next((one for one in list(self._waiting)[on_the_way:] if one.op_id == op_id), None)
        if found is not None:
            self._waiting.remove(found)
        return found

    def drain(self) -> list[PendingOperation]:
        """Removes all, because there will be no answers any more; returns them."""
        drained = list(self._waiting)
        self._waiting.clear()
        self._ref = None
        return drained

    def sharing(self) -> bool | None:
        """What the newest waiting operation says about sharing; None where none does."""
        for operation in reversed(self._waiting):
            if operation.event == "sharing:set":
                return operation.payload.get("on") is True
        return None
