"""What HTTP answers around the contract's own forms, as types: the OpenAPI document is generated from these.

Requests are documented by the dataclasses that `domain.commands` reads them into.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from cavalcade.domain import commands
from cavalcade.domain.events import Event
from cavalcade.domain.fields import Number, Text, Whole
from cavalcade.domain.model import Participant, ParticipantId, Session, SessionId, Time
from cavalcade.wire import forms
from cavalcade.wire.schema import Sparse

Code = Annotated[str, commands.CODE]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyPosition(forms.Position):
    """Where somebody near by was last, and how far off.

    Attributes:
        distance: Metres from one's own position.
    """

    distance: Annotated[float, Number(0, 50_000)]


@dataclass(frozen=True, slots=True)
class Created:
    """A new session, and its host's way in.

    Attributes:
        session: The session.
        code: What stands behind `#` in the link. Secret.
        link: Lets in members.
        viewer_code: The same for viewers.
        viewer_link: Lets in viewers, who send no positions.
        participant: Its host.
        token: Opens this session for this participant alone. Secret.
        socket: Where the WebSocket is; Phoenix clients add `/websocket`.
    """

    session: Session
    code: Code
    link: Annotated[str, Text(example=f"https://convoy.example.org/j#{commands.CODE.example}")]
    viewer_code: Code
    viewer_link: str
    participant: Participant
    token: str
    socket: Annotated[str, Text(example="wss://convoy.example.org/socket")]


@dataclass(frozen=True, slots=True)
class Joined:
    """The session, and one's own way in.

    Attributes:
        session: The session.
        participant: Oneself.
        token: Opens this session for this participant alone. Secret.
        socket: Where the WebSocket is; Phoenix clients add `/websocket`.
    """

    session: Session
    participant: Participant
    token: str
    socket: str


@dataclass(frozen=True, slots=True)
class PreviewedSession:
    """What is shown of a session to somebody who has its link and is not in it."""

    id: SessionId
    name: str
    expires_at: Time


@dataclass(frozen=True, slots=True)
class Preview:
    """A session before one joins it.

    Attributes:
        session: What is shown of it.
        participants: How many are in it.
    """

    session: PreviewedSession
    participants: Annotated[int, Whole(0, 1_000_000)]


@dataclass(frozen=True, slots=True)
class View:
    """Everything about a session at one moment.

    Attributes:
        offset: The number of the newest event that the snapshot contains.
        mark: That event's mark: tells histories apart after a restore.
        server_time: ms since the epoch.
        me: One's own participant id.
        snapshot: The session.
        positions: All there are.
    """

    offset: forms.Offset
    mark: str | None
    server_time: Time
    me: ParticipantId
    snapshot: forms.Snapshot
    positions: tuple[forms.Position, ...]


@dataclass(frozen=True, slots=True)
class Nearby:
    """Who is near by, nearest first; empty where one's own position is not known."""

    positions: tuple[NearbyPosition, ...]


@dataclass(frozen=True, slots=True)
class Messages:
    """Messages as the events that sent them, newest first; `data` is null where one may not be read, or was removed."""

    messages: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """The session after the change."""

    session: Session


@dataclass(frozen=True, slots=True)
class Problem(Sparse):
    """RFC 9457: what went wrong.

    Attributes:
        type: Where the code is explained.
        title: For people, the same for every problem of the kind.
        status: Of the answer.
        code: For programs; one of those listed at `/api/docs`.
        detail: For people.
        errors: All bad fields, where the request was not valid.
    """

    type: str
    title: str
    status: Annotated[int, Whole(400, 599)]
    code: str
    detail: str = ""
    errors: tuple[forms.BadField, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """That this process runs."""

    status: Literal["ok"]
    backend: Annotated[str, Text(example="services")]
    version: str


@dataclass(frozen=True, slots=True)
class Ready:
    """That everything this process needs is there."""

    status: Literal["ok"]


@dataclass(frozen=True, slots=True)
class NotReady:
    """What is missing."""

    status: Literal["unavailable"]
    missing: Annotated[str, Text(example="database")]
