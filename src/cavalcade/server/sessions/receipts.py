"""Receipts as they are remembered, so that the same operation again gets the same answer."""

from collections.abc import Iterable

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.model import SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import effects
from cavalcade.server.sessions.backend import Receipt
from cavalcade.storage.stored import FORGOTTEN, Outcome


def outcome_of(receipt: Receipt, operation: Operation) -> Outcome:
    """What is remembered of an operation that was carried out."""
    fields = {"offset": receipt.offset, "participant": receipt.participant, "accepted": receipt.accepted}
    return Outcome(operation.digest, {name: value for name, value in fields.items() if value is not None})


def recalled(outcome: Outcome, operation: Operation, state: SessionState) -> Receipt:
    """The receipt of an operation that was carried out before, in a session that has this state by now.

    Raises:
        Rejected: `op_id_reused` where other content came under the same id.
    """
    if outcome.digest not in {operation.digest, FORGOTTEN}:
        raise Rejected(ErrorCode.OP_ID_REUSED, "This id was used for another request already.")
    return Receipt(
        offset=_whole(outcome, "offset") or 0,
        state=state,
        participant=_whole(outcome, "participant"),
        accepted=_whole(outcome, "accepted"),
    )


def first_joined(events: Iterable[Event]) -> int | None:
    """Whom these events let in, if anyone."""
    return next((who for event in events if (who := effects(event.change).admits) is not None), None)


def _whole(outcome: Outcome, name: str) -> int | None:
    value = outcome.reply.get(name)
    return value if isinstance(value, int) else None
