"""What a session consists of: its settings, its participants, and the offset of its newest event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, Self

from cavalcade.domain.fields import Text, Whole
from cavalcade.domain.fix import MAX_FIX_TIME
from cavalcade.domain.kept import NOTHING_KEPT, Features

DAY_S = 86_400

MAX_PARTICIPANT_ID = 0xFFFF
"""The greatest id that packed positions can carry; nobody can join after it has been given away."""

ParticipantId = Annotated[int, Whole(1, MAX_PARTICIPANT_ID)]
Somebody = Annotated[int | None, Whole(1, MAX_PARTICIPANT_ID)]
"""The id of a participant, or None."""

Time = Annotated[int, Whole(0, MAX_FIX_TIME, example=1_800_000_000_000)]
"""ms since the epoch."""

EventOffset = Annotated[int, Whole(1, MAX_FIX_TIME, example=17)]
"""The offset of an event, which names what it began, such as an SOS."""

SessionId = Annotated[str, Text(pattern="^[a-z0-9]{10}$", example="k3v9x0m2qa")]


class Role(StrEnum):
    """What a participant may do: a host ends and extends, a member shares, a viewer only watches."""

    HOST = "host"
    MEMBER = "member"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that an operator may set; the defaults are the contract's.

    Attributes:
        max_participants: How many may be in a session at once.
        min_lifetime_s: The shortest lifetime of a session, in seconds.
        max_lifetime_s: How far ahead of now a session's end may lie, in seconds.
        default_lifetime_s: The lifetime of a session that asks for none, in seconds.
        max_age_s: How long a session may exist in all, however often it is extended; tokens live a little longer.
        host_away_s: How long a host, or the holder of a post, must have been away before a member may take over, in
            seconds.
        sos_again_s: After how many seconds an SOS that nobody helps with is alarmed again; after twice as many, the
            group is told to call.
        silent_s: For how many seconds somebody must not have been connected before others may raise an alert about
            them. A connection that says nothing is closed after 90 s, so that who was silent for 3 minutes was away
            for longer than this.
    """

    max_participants: int = 200
    min_lifetime_s: int = 300
    max_lifetime_s: int = 7 * DAY_S
    default_lifetime_s: int = 8 * 3600
    max_age_s: int = 30 * DAY_S
    host_away_s: int = 600
    sos_again_s: int = 60
    silent_s: int = 60


@dataclass(frozen=True, slots=True)
class Session:
    """The settings of a sharing group; times in ms since the epoch.

    Attributes:
        id: Not secret: it stands in addresses.
        name: As shown to everybody.
        created_at: When it was made.
        expires_at: When it ends by itself.
        time_asked_by: Who, of those here, asked for more time since it was last extended, or None.
    """

    id: SessionId
    name: Annotated[str, Text(example="Merry Caravan")]
    created_at: Time
    expires_at: Time
    time_asked_by: ParticipantId | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """A member of a session.

    Attributes:
        id: From 1, unique in the session and never used again.
        name: As shown to the others, at most 48 characters.
        initials: One or two user-perceived characters made from the name.
        color: `#rrggbb`, lower case.
        role: What they may do.
        sharing: Whether their positions are shown to the others.
        joined_at: ms since the epoch.
        features: What features keep for them.
    """

    id: ParticipantId
    name: Annotated[str, Text(example="Anna Berg")]
    initials: Annotated[str, Text(example="AB")]
    color: Annotated[str, Text(pattern="^#[0-9a-f]{6}$", example="#e5484d")]
    role: Role
    sharing: bool
    joined_at: Time
    features: Features = NOTHING_KEPT


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session folded from its events.

    Attributes:
        session: Its settings.
        participants: Those present, by id; who left is not in it. Never mutated.
        offset: The number of the newest event folded in; 0 before the first.
        next_participant: The id that the next to join gets. A client that started from a snapshot knows only a lower
            bound, and does not need it.
        max_participants: How many may be present at once.
        ended: Why the session ended, or None while it lives.
        mark: The mark of the newest event folded in, where it has one.
        features: What features keep for the session.
        unknown: Types of events that were folded in and that this version does not know. What they changed is missing
            here, until the state is read whole again.
    """

    session: Session
    participants: Mapping[int, Participant] = field(default_factory=dict)
    offset: int = 0
    next_participant: int = 1
    max_participants: int = 200
    ended: str | None = None
    mark: str | None = None
    features: Features = NOTHING_KEPT
    unknown: frozenset[str] = frozenset()

    @property
    def host(self) -> Participant | None:
        """Who is host now, if anyone is."""
        return next((p for p in self.participants.values() if p.role is Role.HOST), None)

    def is_over(self, now: int) -> bool:
        """Whether nothing more may happen in it: ended, or past its expiry at `now` (ms since the epoch)."""
        return self.ended is not None or now >= self.session.expires_at

    def with_changed(self, participant: int, change: Callable[[Participant], Participant]) -> Self:
        """The same with one participant changed; who is not in it cannot be."""
        old = self.participants.get(participant)
        if old is None:
            return self
        return replace(self, participants={**self.participants, participant: change(old)})
