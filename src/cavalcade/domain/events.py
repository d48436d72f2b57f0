"""Durable changes: what happened in a session, in the order of offsets."""

from dataclasses import dataclass
from typing import ClassVar

from cavalcade.domain.model import Participant, Session


@dataclass(frozen=True, slots=True)
class ParticipantJoined:
    """Somebody came in."""

    type: ClassVar[str] = "participant_joined"
    participant: Participant


@dataclass(frozen=True, slots=True)
class ParticipantLeft:
    """Somebody is gone for good; their position is withdrawn with this event."""

    type: ClassVar[str] = "participant_left"
    participant: int
    reason: str


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """Somebody changed how they appear."""

    type: ClassVar[str] = "profile_changed"
    participant: int
    name: str
    initials: str
    color: str


@dataclass(frozen=True, slots=True)
class SharingChanged:
    """Somebody paused or resumed sharing; a pause withdraws their position."""

    type: ClassVar[str] = "sharing_changed"
    participant: int
    on: bool


@dataclass(frozen=True, slots=True)
class HostChanged:
    """Somebody became host; who was host before is a member."""

    type: ClassVar[str] = "host_changed"
    participant: int


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The session's settings changed."""

    type: ClassVar[str] = "session_changed"
    session: Session


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """Somebody asked the host for more time; it stands until the session is extended."""

    type: ClassVar[str] = "time_asked"
    participant: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session is over: `ended` by its host or `expired`."""

    type: ClassVar[str] = "session_ended"
    reason: str


@dataclass(frozen=True, slots=True)
class UnknownChange:
    """A type of event that this version does not know: it moves the offset and nothing else."""

    type: str


Change = (
    ParticipantJoined
    | ParticipantLeft
    | ProfileChanged
    | SharingChanged
    | HostChanged
    | SessionChanged
    | TimeAsked
    | SessionEnded
    | UnknownChange
)


@dataclass(frozen=True, slots=True)
class Event:
    """One change in its place.

    Attributes:
        offset: Its number in the session, from 1, without holes.
        at: When it was decided, ms since the epoch.
        by: The participant who caused it; None for the system (expiry).
        op_id: The operation's id as its client chose it, where it came over a socket.
        change: What happened.
    """

    offset: int
    at: int
    by: int | None
    op_id: str | None
    change: Change
