"""What a live session tells those who watch it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position
from cavalcade.domain.model import SessionState


class ConnectionState(StrEnum):
    """How a live session stands with its server."""

    CONNECTING = "connecting"
    JOINED = "joined"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class EventReceived:
    """A durable event was folded into the state."""

    event: Event


@dataclass(frozen=True, slots=True)
class StateReplaced:
    """A snapshot took the place of the state: the first join, or a rejoin after too long an absence."""

    state: SessionState


@dataclass(frozen=True, slots=True)
class PositionsReceived:
    """Newest positions of some participants.

    Attributes:
        server_time: The server's clock when they were sent, ms since the epoch.
        positions: By participant; only of those who are in the session and share.
    """

    server_time: int
    positions: Mapping[int, Position]


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Other people are connected now.

    Attributes:
        present: The ids of everybody connected.
    """

    present: frozenset[int]


@dataclass(frozen=True, slots=True)
class ReachedChanged:
    """The chat has come further on somebody's screen.

    Attributes:
        reached: Up to which event, by participant; only of those of whom it is known.
    """

    reached: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The connection was made, lost, or waits to be tried again."""

    state: ConnectionState


@dataclass(frozen=True, slots=True)
class Closed:
    """The session object has ended and does not connect again.

    Attributes:
        reason: `left`, `ended` or `expired` for a session that is over for this participant; a refusal's code such as
            `unauthorized` or `session_not_found`; `replaced` where newer connections took this one's place;
            `protocol_error`; or `disconnected` where this side closed it.
    """

    reason: str


Change = (
    EventReceived | StateReplaced | PositionsReceived | PresenceChanged | ReachedChanged | ConnectionChanged | Closed
)
