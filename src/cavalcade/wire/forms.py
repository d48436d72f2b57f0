"""What goes over the wire around the domain's own dataclasses: positions, a join's reply, and what a refusal says.

The documents of the contract are made of these; the frequent ones are written by hand, in `wire.positions` and
`wire.messages`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.events import Event
from cavalcade.domain.fields import Text, Whole
from cavalcade.domain.fix import MAX_FIX_TIME, Fix
from cavalcade.domain.kept import NOTHING_KEPT, Features
from cavalcade.domain.model import Participant, ParticipantId, Session, Time
from cavalcade.wire.schema import Sparse

Offset = Annotated[int, Whole(0, MAX_FIX_TIME)]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A session as it is now; those who left are not in it.

    Attributes:
        session: Its settings.
        participants: Those present, by id.
        features: What features keep for the session; absent where that is nothing.
    """

    session: Session
    participants: tuple[Participant, ...]
    features: Features = NOTHING_KEPT


@dataclass(frozen=True, slots=True)
class Reading(Fix, Sparse):
    """A reading of one's own receiver; what is unknown is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position(Fix, Sparse):
    """Where somebody was last; what is unknown is absent.

    Attributes:
        participant: Whose it is.
        fix_time: When it was taken, ms since the epoch, on the server's clock.
    """

    participant: ParticipantId
    fix_time: Time


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions that changed since the last flush.

    Attributes:
        server_time: ms since the epoch.
        positions: The newest of each who moved.
    """

    server_time: Time
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class JoinRequest(Sparse):
    """What `phx_join` takes.

    Attributes:
        offset: The newest event that one has; without it the answer has a snapshot.
        mark: That event's mark, by which another history is noticed.
        mode: How positions are to come.
    """

    offset: Offset | None = None
    mark: Annotated[str | None, Text(longest=64)] = None
    mode: Literal["json", "binary"] = "json"


@dataclass(frozen=True, slots=True)
class JoinReply(Sparse):
    """The ok reply to a join: with a snapshot, or with the events since the offset that was given.

    Attributes:
        offset: The number of the newest event that it contains.
        mark: That event's mark; null where an older version appended it.
        server_time: ms since the epoch.
        me: One's own participant id.
        mode: How positions come.
        positions: All there are.
        snapshot: The session at that offset.
        events: What happened since the offset that was given.
    """

    offset: Offset
    mark: str | None
    server_time: Time
    me: ParticipantId
    mode: Literal["json", "binary"]
    positions: tuple[Position, ...]
    snapshot: Snapshot | None = None
    events: tuple[Event, ...] | None = None


@dataclass(frozen=True, slots=True)
class Done(Sparse):
    """The ok reply to an operation: it is stored.

    Attributes:
        offset: The number of the newest event that it led to or, where it changed nothing, of the newest there was.
            Where it names something, such as an SOS, it is that of the event that began it.
        accepted: Of `fixes:send`, how many were valid.
    """

    offset: Offset
    accepted: int | None = None


@dataclass(frozen=True, slots=True)
class BadField:
    """One field that is not valid.

    Attributes:
        pointer: RFC 6901 pointer to the field.
        detail: What is allowed, for people.
    """

    pointer: Annotated[str, Text(example="/host/color")]
    detail: Annotated[str, Text(example="must be a colour written as #rrggbb")]


@dataclass(frozen=True, slots=True)
class Refusal(Sparse):
    """The error reply to a join or an operation.

    Attributes:
        reason: One of the contract's codes.
        retry: Whether the same may succeed later.
        retry_after_s: After how many seconds, where a quota is used up.
        same: Where other operations need not wait for that: the fields in which one of the same name is bound alike.
        detail: For people.
        errors: All bad fields, where the request was not valid.
    """

    reason: ErrorCode
    retry: bool
    retry_after_s: int | None = None
    same: tuple[str, ...] | None = None
    detail: str = ""
    errors: tuple[BadField, ...] = ()


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of a participant.

    Attributes:
        phx_ref: Its own.
    """

    phx_ref: str


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody who is connected.

    Attributes:
        metas: Their connections.
    """

    metas: tuple[Connection, ...]


@dataclass(frozen=True, slots=True)
class PresenceDiff:
    """Who came and who went, keyed by the participant's id.

    Attributes:
        joins: New connections.
        leaves: Connections that are gone.
    """

    joins: Mapping[str, Presence]
    leaves: Mapping[str, Presence]
