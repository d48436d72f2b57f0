"""The two lanes of a client's operations: an SOS waits behind nothing else. Pure, without I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cavalcade.client.actions import Settle
from cavalcade.client.backoff import Backoff
from cavalcade.client.errors import Withdrawn
from cavalcade.client.pending_operations import PendingOperation, PendingOperations
from cavalcade.client.replies import asked_to_wait_ms
from cavalcade.domain.errors import Rejected
from cavalcade.domain.session import URGENT

RAISE: Final = "sos:raise"
"""The operation that starts sharing at the server."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What waits after a refusal, and until when.

    Attributes:
        until: By the channel's clock, ms.
        refused: What was refused.
        same: The fields in which an operation of the same name is like it, and waits too; None where all wait.
    """

    until: int
    refused: PendingOperation
    same: tuple[str, ...] | None

    def holds(self, operation: PendingOperation) -> bool:
        """Whether an operation has to wait."""
        if self.same is None:
            return True
        mine, its = operation.payload, self.refused.payload
        return operation.event == self.refused.event and all(mine.get(name) == its.get(name) for name in self.same)


class Lane:
    """Operations that wait for each other, and for no others."""

    def __init__(self, waiting: Iterable[PendingOperation], random: Callable[[], float]) -> None:
        """Begins with what an earlier run could not send."""
        self.pending = PendingOperations(waiting)
        self._retries = Backoff(random)
        self._pauses: list[Pause] = []
        self._answer_by: int | None = None

    @property
    def deadline(self) -> int | None:
        """When `tick` is due; None where nothing is timed."""
        times = [pause.until for pause in self._pauses]
        return min(times if self._answer_by is None else [*times, self._answer_by], default=None)

    def tick(self, now: int) -> None:
        """Ends the pauses that are over, and gives up on an answer that does not come."""
        self._pauses = [pause for pause in self._pauses if pause.until > now]
        if self._answer_by is not None and self._answer_by <= now:
            self.interrupted()

    def to_send(self) -> PendingOperation | None:
        """The next operation that need not wait, unless one is on its way."""
        return self.pending.to_send(lambda one: not any(pause.holds(one) for pause in self._pauses))

    def sent(self, operation: PendingOperation, ref: str, answer_by: int) -> None:
        """Notes under which ref an operation was sent, and until when its answer is awaited."""
        self.pending.sent(operation, ref)
        self._answer_by = answer_by

    def answered(self, ref: str) -> PendingOperation | None:
        """Which operation a reply belongs to; it stays until `settle`. None for a reply nobody waits for."""
        operation = self.pending.answered(ref)
        if operation is not None:
            self._answer_by = None
        return operation

    def refused_for_a_while(self, operation: PendingOperation, response: Mapping[str, object], now: int) -> None:
        """It is to be sent again later: until then it waits, and with it what is bound alike."""
        same = response.get("same")
        names = tuple(name for name in same if isinstance(name, str)) if isinstance(same, list) else None
        until = now + asked_to_wait_ms(response) + self._retries.next_wait_ms()
        self._pauses.append(Pause(until, operation, names))

    def settle(self, operation: PendingOperation) -> None:
        """Its answer is final."""
        self._retries.reset()
        self.pending.settle(operation)

    def interrupted(self) -> None:
        """The answer to what is on its way will not come."""
        self.pending.interrupted()
        self._answer_by = None

    def drain(self) -> list[PendingOperation]:
        """Removes all, because there will be no answers any more; returns them."""
        self._pauses, self._answer_by = [], None
        return self.pending.drain()


class Lanes:
    """Both, and what operations that wait mean for each other."""

    def __init__(self, waiting: Iterable[PendingOperation], random: Callable[[], float]) -> None:
        """Begins with what an earlier run could not send."""
        waiting = tuple(waiting)
        self._urgent = Lane((one for one in waiting if one.event in URGENT), random)
        self._ordinary = Lane((one for one in waiting if one.event not in URGENT), random)

    @property
    def both(self) -> tuple[Lane, Lane]:
        """The urgent one first."""
        return self._urgent, self._ordinary

    @property
    def waiting(self) -> Sequence[PendingOperation]:
        """The operations without a final answer, in the order of each lane, an SOS first."""
        return [operation for lane in self.both for operation in lane.pending.waiting]

    @property
    def sharing(self) -> bool | None:
        """What the newest operation that waits says about sharing; None where none does."""
        return self._ordinary.pending.sharing()

    @property
    def deadline(self) -> int | None:
        """When `tick` is due; None where nothing is timed."""
        return min((lane.deadline for lane in self.both if lane.deadline is not None), default=None)

    def tick(self, now: int) -> list[Settle]:
        """Ends what is over; what is due now can be sent afterwards."""
        for lane in self.both:
            lane.tick(now)
        return self._without_fixes()

    def submit(self, operation: PendingOperation, me: int) -> list[Settle]:
        """Keeps an operation; returns what became of those that it replaces.

        Args:
            operation: What is asked for.
            me: One's own participant id.

        Raises:
            Rejected: `too_many_requests` where too many operations wait already.
        """
        pending = (self._urgent if operation.event in URGENT else self._ordinary).pending
        older = pending.withdraw(lambda one: one.is_replaced_by(operation))
        pending.add(operation)
        is_own_sos = operation.event == RAISE and operation.payload.get("participant") in {None, me}
        if is_own_sos and self.sharing is False:
            # It starts sharing at the server: a pause that waits here must not come after it.
            resume = _sharing_with(operation.op_id)
            with suppress(Rejected):  # however many wait, the SOS goes
                self._ordinary.pending.add(PendingOperation(resume, "sharing:set", {"op_id": resume, "on": True}))
        newer = Withdrawn("a newer status was asked for before it was sent")
        return [*(Settle(one.op_id, newer) for one in older), *self._without_fixes()]

    def withdraw(self, op_id: str) -> list[Settle]:
        """Takes back what is not on its way, and with one's own SOS that it starts sharing."""
        gone = [each for each in (op_id, _sharing_with(op_id)) for lane in self.both if lane.pending.take(each)]
        return [Settle(each, Withdrawn("taken back before it was sent")) for each in gone]

    def interrupted(self) -> list[Settle]:
        """The answers to what is on its way will not come."""
        for lane in self.both:
            lane.interrupted()
        return self._without_fixes()

    def drain(self) -> list[PendingOperation]:
        """Removes all, because there will be no answers any more; returns them."""
        return [operation for lane in self.both for operation in lane.drain()]

    def _without_fixes(self) -> list[Settle]:
        """Fixes that were kept do not go out once a pause was asked for."""
        if self.sharing is not False:
            return []
        gone = self._ordinary.pending.withdraw(lambda one: one.event == "fixes:send")
        return [Settle(one.op_id, {"accepted": 0}) for one in gone]


def _sharing_with(op_id: str) -> str:
    """The id of the operation that resumes sharing with one's own SOS."""
    return f"{op_id}.sharing"
