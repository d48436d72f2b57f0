"""The two lanes of a client's operations: an SOS waits behind nothing else. Pure, without I/O."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cavalcade.client.backoff import Backoff
from cavalcade.client.pending_operations import PendingOperation, PendingOperations
from cavalcade.client.timing import Timer
from cavalcade.domain.session import URGENT


@dataclass(frozen=True, slots=True)
class Lane:
    """Operations that wait for each other, and for no others.

    Attributes:
        pending: Them.
        answer: Runs while the answer to one is awaited.
        retry: Runs until the first one is sent once more.
        retries: How long that is.
    """

    pending: PendingOperations
    answer: Timer
    retry: Timer
    retries: Backoff


@dataclass(frozen=True, slots=True)
class Lanes:
    """Both.

    Attributes:
        urgent: For an SOS.
        ordinary: For everything else.
    """

    urgent: Lane
    ordinary: Lane

    @classmethod
    def starting_with(cls, waiting: Iterable[PendingOperation], random: Callable[[], float]) -> "Lanes":
        """The lanes with what an earlier run could not send."""
        waiting = tuple(waiting)
        urgent = PendingOperations(one for one in waiting if one.event in URGENT)
        ordinary = PendingOperations(one for one in waiting if one.event not in URGENT)
        return cls(
            Lane(urgent, Timer.URGENT_ANSWER, Timer.URGENT_RETRY, Backoff(random)),
            Lane(ordinary, Timer.OPERATION_ANSWER, Timer.OPERATION_RETRY, Backoff(random)),
        )

    @property
    def both(self) -> tuple[Lane, Lane]:
        """The urgent one first."""
        return self.urgent, self.ordinary

    def of(self, event: str) -> Lane:
        """The lane of an operation, by its name."""
        return self.urgent if event in URGENT else self.ordinary
