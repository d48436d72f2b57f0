"""What a client sees of a session when it judges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cavalcade.client.motion.riding import UNSEEN_MS
from cavalcade.domain.features.alerts import Alert
from cavalcade.domain.features.posts import Post
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import distance_m
from cavalcade.domain.model import Role


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How soon one is asked, and told to be behind.

    Attributes:
        stopped_ms: How long one stands while the others ride on.
        alone_ms: How long one stands in any case.
        behind_m: How far one is behind the sweep.
        gap_m: How far one is behind the next one ahead, where nobody sweeps.
    """

    stopped_ms: int
    alone_ms: int
    behind_m: float
    gap_m: float


ASK_AGAIN_MS: Final = 30_000
"""So long one waits for what one asked for to come back, before asking again."""

TIGHT: Final = Sensitivity(60_000, 180_000, 300.0, 500.0)
NORMAL: Final = Sensitivity(90_000, 240_000, 500.0, 1_000.0)
LOOSE: Final = Sensitivity(150_000, 480_000, 1_000.0, 2_000.0)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the session.

    Attributes:
        id: The participant.
        role: What they may.
        post: What they do for the group.
        status: What they said is up with them.
        status_since: When, ms since the epoch.
        is_connected: They are connected now, as far as is known.
        fix: Their newest place, with its time; None for those who do not share one.
        is_sharing: They share one, also where there is none yet.
    """

    id: int
    role: Role = Role.MEMBER
    post: Post | None = None
    status: Status | None = None
    status_since: int | None = None
    is_connected: bool = True
    fix: Fix | None = None
    is_sharing: bool = True


@dataclass(frozen=True, slots=True)
class Scene:
    """A session at one moment, as one of its clients sees it.

    Attributes:
        now: The server's time, ms since the epoch.
        me: The participant who looks.
        people: Everybody, oneself included.
        is_listening: The connection stands, and who else is connected is known.
        alerts: Those that were told lately.
        sensitivity: What one chose.
    """

    now: int
    me: int
    people: Sequence[Person]
    is_listening: bool = True
    alerts: Sequence[Alert] = ()
    sensitivity: Sensitivity = NORMAL

    def person(self, participant: int) -> Person | None:
        """Somebody by id."""
        return next((one for one in self.people if one.id == participant), None)

    def place(self, person: Person) -> Fix | None:
        """Where somebody is now; None where the newest place is too old to say so."""
        fix = person.fix
        return None if fix is None or self.now - time_of(fix) > UNSEEN_MS else fix

    def may_ask(self, asked_at: int | None, times: int = 1) -> bool:
        """Whether to ask for something that was asked for at a time, or never, and has not come.

        Args:
            asked_at: When it was, ms since the epoch; None for never.
            times: How many times the usual wait.
        """
        return asked_at is None or self.now - asked_at >= ASK_AGAIN_MS * times


def time_of(fix: Fix) -> int:
    """When a fix was taken, ms since the epoch; those of others always say so."""
    return fix.fix_time or 0


def metres_between(one: Fix, other: Fix) -> float:
    """The straight distance."""
    return distance_m(one.lat, one.lon, other.lat, other.lon)
