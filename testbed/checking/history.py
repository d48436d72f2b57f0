"""What the people in one session saw and did, as it crossed the wire, with the moment of each.

Moments are milliseconds of one clock that never goes back, the same for all members and causes of a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Session, SessionState


@dataclass(frozen=True, slots=True)
class Joined:
    """A join was answered.

    Attributes:
        at: When.
        offset: The session's newest event, as the answer says.
        state: The snapshot, or None where the answer has the missed events.
        events: Those that were missed.
        positions: The newest of everybody who shares.
    """

    at: int
    offset: int
    state: SessionState | None
    events: tuple[Event, ...]
    positions: Mapping[int, Position]


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event came."""

    at: int
    event: Event


@dataclass(frozen=True, slots=True)
class Shown:
    """Positions came."""

    at: int
    positions: Mapping[int, Position]


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody came or went; these are connected now."""

    at: int
    participants: frozenset[int]


@dataclass(frozen=True, slots=True)
class Lost:
    """The joined channel is gone, whether the client or the server ended it."""

    at: int


@dataclass(frozen=True, slots=True)
class Strange:
    """A frame of another topic, or one that cannot be read."""

    at: int
    what: str


Record = Joined | Delivered | Shown | Present | Lost | Strange


@dataclass(frozen=True, slots=True)
class Reported:
    """A position was handed to the client, to be sent."""

    at: int
    position: Position


OVER_HTTP: Final = "over HTTP"
"""In place of the `op_id` of what was asked for in a call, which is given up after a while, done or not."""


@dataclass(slots=True)
class Ask:
    """An operation, from the first time it was sent to its final answer.

    Attributes:
        at: When it was sent first.
        op_id: Its id, the same each time.
        operation: Its name, such as `profile:set`.
        payload: What it says.
        times: How often it was sent.
        answered_at: When the final answer came.
        offset: The offset in an ok answer; None where none came, or over HTTP, which has none.
        refusal: The reason in one that refuses for good.
    """

    at: int
    op_id: str
    operation: str
    payload: Mapping[str, object]
    times: int = 1
    answered_at: int | None = None
    offset: int | None = None
    refusal: str | None = None


@dataclass(slots=True)
class MemberHistory:
    """One participant's.

    Attributes:
        participant: Who.
        records: What they saw, in order.
        reports: What they reported, in order.
        asks: What they asked for, in order.
        state: The session as their client shows it at the end; None where it ended before or never began.
    """

    participant: int
    records: list[Record] = field(default_factory=list)
    reports: list[Reported] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    state: SessionState | None = None

    @property
    def is_joined(self) -> bool:
        """Whether they have a joined channel at the end."""
        last = next((record for record in reversed(self.records) if isinstance(record, Joined | Lost)), None)
        return isinstance(last, Joined)


@dataclass(slots=True)
class Admission:
    """A call to join over HTTP, under one `Idempotency-Key` however often it was repeated.

    Attributes:
        name: The name asked for; nobody else in the session asks for the same.
        participant: Who they became; None where no answer came.
    """

    name: str
    participant: int | None = None


@dataclass(slots=True)
class SessionHistory:
    """Everybody's in one session.

    Attributes:
        session: The session as it was made, before its first event.
        admissions: All calls to join, the host's making of the session among them.
        members: All who ever connected.
    """

    session: Session
    admissions: list[Admission] = field(default_factory=list)
    members: list[MemberHistory] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """What PostgreSQL holds of a session: the folded state, and every event from offset 1 on."""

    state: SessionState
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """A fault was there from one moment to another."""

    began: int
    ended: int
