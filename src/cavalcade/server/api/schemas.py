"""What goes over HTTP, as types: the OpenAPI document is generated from these.

Requests are read by `domain.commands`, which names every bad field at once; the tests hold the two together.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from cavalcade.domain import commands
from cavalcade.domain.features.settings import MAX_EXTEND_S
from cavalcade.domain.model import MAX_PARTICIPANT_ID, Role
from cavalcade.domain.names import MAX_RAW_LENGTH

CODE_EXAMPLE = "k3v9x0m2qa.Zk1vT0b8Qd2mXyW4nRc7Lg"

SessionId = Annotated[
    str, Meta(pattern="^[a-z0-9]{10}$", description="Not secret: it stands in addresses.", examples=["k3v9x0m2qa"])
]
Code = Annotated[
    str,
    Meta(
        max_length=commands.MAX_CODE_LENGTH,
        description="What stands behind `#` in the link, up to an `&`. Secret.",
        examples=[CODE_EXAMPLE],
    ),
]
Token = Annotated[str, Meta(description="Opens this session for this participant alone. Secret.")]
ParticipantId = Annotated[
    int, Meta(ge=1, le=MAX_PARTICIPANT_ID, description="From 1, unique in the session and never used again.")
]
Time = Annotated[int, Meta(ge=0, description="Milliseconds since the epoch.", examples=[1_800_000_000_000])]
Name = Annotated[
    str,
    Meta(
        max_length=MAX_RAW_LENGTH,
        description="At most 48 characters once white space is folded and what cannot be seen is left out, without "
        "control characters and text-direction overrides. Left out or blank: a friendly default.",
        examples=["Anna Berg"],
    ),
]
Color = Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$", examples=["#e5484d"])]


class Profile(Struct, forbid_unknown_fields=True):
    """How somebody wants to appear."""

    name: Name | None = None
    color: Color | None = None


class CreateSession(Struct, forbid_unknown_fields=True):
    """What a new session shall be like; everything may be left out."""

    name: Name | None = None
    lifetime_s: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=commands.MAX_LIFETIME_S,
                description="Seconds until the session expires; 5 minutes at least unless the operator allows less.",
                examples=[28_800],
            ),
        ]
        | None
    ) = None
    host: Profile | None = None


class PreviewSession(Struct, forbid_unknown_fields=True):
    """The code of the session to look at."""

    code: Code


class JoinSession(Struct, forbid_unknown_fields=True):
    """The code that lets in, and how to appear."""

    code: Code
    name: Name | None = None
    color: Color | None = None


class ChangeSession(Struct, forbid_unknown_fields=True):
    """What shall change; what is left out stays."""

    name: Name | None = None
    extend_s: (
        Annotated[
            int,
            Meta(ge=1, le=MAX_EXTEND_S, description="Seconds to add to the session's life.", examples=[3600]),
        ]
        | None
    ) = None


class Session(Struct):
    """A sharing group's settings."""

    id: SessionId
    name: Annotated[str, Meta(examples=["Merry Caravan"])]
    created_at: Time
    expires_at: Time
    time_asked_by: Annotated[
        ParticipantId | None, Meta(description="Who of those here asked for more time since it was last extended.")
    ]


class Participant(Struct):
    """A member of a session."""

    id: ParticipantId
    name: Annotated[str, Meta(examples=["Anna Berg"])]
    initials: Annotated[str, Meta(description="One or two user-perceived characters.", examples=["AB"])]
    color: Annotated[str, Meta(pattern="^#[0-9a-f]{6}$", examples=["#e5484d"])]
    role: Role
    sharing: Annotated[bool, Meta(description="Whether their positions are shown to the others.")]
    joined_at: Time


class Snapshot(Struct):
    """A session as it is now; those who left are not in it."""

    session: Session
    participants: list[Participant]


class Position(Struct, omit_defaults=True):
    """Where somebody was last; what is unknown is absent."""

    participant: ParticipantId
    lat: Annotated[float, Meta(ge=-90, le=90, description="Degrees north.")]
    lon: Annotated[float, Meta(ge=-180, le=180, description="Degrees east.")]
    fix_time: Time
    accuracy: Annotated[float, Meta(ge=0, description="Metres, 68 % confidence.")] = 0
    heading: Annotated[float, Meta(ge=0, lt=360, description="Degrees clockwise from north.")] = 0
    speed: Annotated[float, Meta(ge=0, description="Metres a second.")] = 0
    altitude: Annotated[float, Meta(description="Metres.")] = 0
    battery: Annotated[int, Meta(ge=0, le=100, description="Percent.")] = 0


class NearbyPosition(Position, omit_defaults=True, kw_only=True):
    """Where somebody near by was last, and how far off."""

    distance: Annotated[float, Meta(ge=0, description="Metres from one's own position.")]


class Created(Struct):
    """A new session, and its host's way in."""

    session: Session
    code: Code
    link: Annotated[
        str, Meta(description="Lets in members.", examples=[f"https://convoy.example.org/j#{CODE_EXAMPLE}"])
    ]
    viewer_code: Code
    viewer_link: Annotated[str, Meta(description="Lets in viewers, who send no positions.")]
    participant: Participant
    token: Token
    socket: Annotated[
        str,
        Meta(
            description="Where the WebSocket is; Phoenix clients add `/websocket`.",
            examples=["wss://convoy.example.org/socket"],
        ),
    ]


class Joined(Struct):
    """The session, and one's own way in."""

    session: Session
    participant: Participant
    token: Token
    socket: Annotated[str, Meta(description="Where the WebSocket is; Phoenix clients add `/websocket`.")]


class PreviewedSession(Struct):
    """What is shown of a session to somebody who has its link and is not in it."""

    id: SessionId
    name: str
    expires_at: Time


class Preview(Struct):
    """A session before one joins it."""

    session: PreviewedSession
    participants: Annotated[int, Meta(ge=0, description="How many are in it.")]


class View(Struct):
    """Everything about a session at one moment."""

    offset: Annotated[int, Meta(ge=1, description="The number of the newest event that the snapshot contains.")]
    mark: Annotated[str | None, Meta(description="That event's mark: tells histories apart after a restore.")]
    server_time: Time
    me: ParticipantId
    snapshot: Snapshot
    positions: list[Position]


class Nearby(Struct):
    """Who is near by, nearest first; empty where one's own position is not known."""

    positions: list[NearbyPosition]


class Changed(Struct):
    """The session after the change."""

    session: Session


class BadField(Struct):
    """One field that is not valid."""

    pointer: Annotated[str, Meta(description="RFC 6901 pointer to the field.", examples=["/host/color"])]
    detail: Annotated[str, Meta(examples=["must be a colour written as #rrggbb"])]


class Problem(Struct, omit_defaults=True):
    """RFC 9457: what went wrong."""

    type: Annotated[str, Meta(description="Where the code is explained.")]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    code: Annotated[str, Meta(description="For programs; one of those listed at `/api/docs`.")]
    detail: Annotated[str, Meta(description="For people.")] = ""
    errors: Annotated[list[BadField], Meta(description="All bad fields, where the request was not valid.")] = []


class Health(Struct):
    """That this process runs."""

    status: Literal["ok"]
    backend: Annotated[str, Meta(examples=["services"])]
    version: str


class Ready(Struct):
    """That everything this process needs is there."""

    status: Literal["ok"]


class NotReady(Struct):
    """What is missing."""

    status: Literal["unavailable"]
    missing: Annotated[str, Meta(examples=["database"])]
