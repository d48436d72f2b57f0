"""Durable changes: what happened in a session, in the order of offsets."""

from dataclasses import dataclass

from cavalcade.domain.feature import Change
from cavalcade.domain.model import SessionState


@dataclass(frozen=True, slots=True)
class UnknownChange(Change):
    """A type of event that this version does not know: it moves the offset and nothing else.

    Attributes:
        data: What it came with, so that it can be passed on whole to those who know it.
    """

    type: str  # type: ignore[misc]  # each one has its own
    data: object = None

    def evolve(self, state: SessionState) -> SessionState:
        """Nothing that this version could know of."""
        return state


@dataclass(frozen=True, slots=True)
class Event:
    """One change in its place.

    Attributes:
        offset: Its number in the session, from 1, without holes.
        at: When it was decided, ms since the epoch.
        by: The participant who caused it; None for the system (expiry).
        op_id: The operation's id as its client chose it, where it came over a socket.
        change: What happened.
        mark: Chosen at random when it was appended: two histories that part, as after a restore from a backup, have
            different marks at the same offset. None where it was appended by a version that knew no marks.
    """

    offset: int
    at: int
    by: int | None
    op_id: str | None
    change: Change
    mark: str | None = None
