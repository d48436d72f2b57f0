"""Who is here and what is to be said of them: what the map and the list draw; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cavalcade.app.camera.framing import Point
from cavalcade.app.camera.steering import Sighting
from cavalcade.app.session.formatting import Format
from cavalcade.domain import geo
from cavalcade.domain.features.posts import PersonPost
from cavalcade.domain.features.statuses import PersonStatus
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Participant, Role, SessionState

STALE_MS: Final = 30_000
"""Fixes come each second while moving, and at least every twenty while standing still."""

FORGOTTEN_MS: Final = 15 * 60_000
"""Someone silent for so long no longer holds the camera."""

HEADING_FROM_CM_S: Final = 100

LIGHT_INK, DARK_INK = "#ffffff", "#14181a"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the session.

    Attributes:
        id: The participant's.
        name: As shown.
        initials: In the disc.
        color: The disc's, `#rrggbb`.
        ink: The initials' on it.
        role: What they may do.
        is_me: Oneself.
        is_present: Connected now, as far as is known.
        point: Where; None where nothing is known.
        heading: Degrees clockwise from north; None while standing.
        accuracy: Metres; 0 where unknown.
        fix_time: ms on the server's clock; 0 where nothing is known.
        is_stale: The position is old, and must be shown with its age.
        is_recent: The camera keeps the position in the picture.
        note: Said beneath the name on the map; empty where there is nothing to say.
        status: The second line in the list.
        up: What they said is up with them, and what they do for the group, in words; empty where there is nothing.
        away: How far from oneself, in words; empty where that is not known.
        direction: Which way from oneself, degrees; None where that is not known.
    """

    id: int
    name: str
    initials: str
    color: str
    ink: str
    role: Role
    is_me: bool
    is_present: bool
    point: Point | None
    heading: float | None
    accuracy: float
    fix_time: int
    is_stale: bool
    is_recent: bool
    note: str
    status: str
    up: str
    away: str
    direction: float | None

    @property
    def sighting(self) -> Sighting | None:
        """What the camera takes into account; None for people without a recent position."""
        if self.point is None or not self.is_recent:
            return None
        return Sighting(self.id, self.point, self.fix_time, self.accuracy)


@dataclass(frozen=True, slots=True)
class Known:
    """What a client knows at one moment.

    Attributes:
        state: The session.
        positions: The newest of everybody who shares.
        present: Who is connected, or None while this client is not.
        me: One's own participant id.
        now: ms on the server's clock.
    """

    state: SessionState
    positions: Mapping[int, Position]
    present: frozenset[int] | None
    me: int
    now: int


def people(known: Known, form: Format) -> Sequence[Person]:
    """Everybody: oneself first, then the host, members and viewers, each in the order of joining."""
    order = sorted(known.state.participants.values(), key=lambda one: (_rank(one, known.me), one.joined_at, one.id))
    return [_person(one, known, form) for one in order]


def ink_on(color: str) -> str:
    """Black or white, whichever is easier to read on a colour `#rrggbb`."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    # White letters are favoured a little: they are large and bold, and black ones on a deep colour look dirty.
    return DARK_INK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.36 else LIGHT_INK


def _rank(one: Participant, me: int) -> int:
    if one.id == me:
        return 0
    return {Role.HOST: 1, Role.MEMBER: 2, Role.VIEWER: 3}[one.role]


def _person(one: Participant, known: Known, form: Format) -> Person:
    position = known.positions.get(one.id)
    age = 0 if position is None else known.now - position.fix_time
    is_stale = position is not None and age >= STALE_MS
    fix = None if position is None else position.to_fix()
    moves = position is not None and (position.speed is None or position.speed >= HEADING_FROM_CM_S)
    away, direction = _from_me(known, one.id, form)
    return Person(
        id=one.id,
        name=one.name,
        initials=one.initials,
        color=one.color,
        ink=ink_on(one.color),
        role=one.role,
        is_me=one.id == known.me,
        is_present=one.id == known.me or (known.present is not None and one.id in known.present),
        point=None if fix is None else Point(fix.lat, fix.lon),
        heading=fix.heading if fix is not None and moves and not is_stale else None,
        accuracy=0.0 if fix is None or fix.accuracy is None else fix.accuracy,
        fix_time=0 if position is None else position.fix_time,
        is_stale=is_stale,
        is_recent=position is not None and age < FORGOTTEN_MS,
        note=form.age(age) if is_stale else "",
        status=_status(one, position, known, form, age),
        up=_up(one, form),
        away=away,
        direction=direction,
    )


def _status(one: Participant, position: Position | None, known: Known, form: Format, age: int) -> str:
    say = form.words.say
    is_me = one.id == known.me
    if known.present is None and not is_me:
        # Whether they are connected is not known while this client is not.
        return say("people.away") if position is None else say("people.positionFrom", when=form.age(age))
    if known.present is not None and one.id not in known.present and not is_me:
        return say("people.away") if position is None else say("people.lastSeen", when=form.age(age))
    if one.role is Role.VIEWER:
        return say("people.connected")
    if not one.sharing:
        return say("people.notSharing")
    if position is None:
        return say("people.noPosition")
    if age >= STALE_MS:
        return say("people.positionFrom", when=form.age(age))
    if position.speed is not None and position.speed > HEADING_FROM_CM_S:
        return form.speed(position.speed / 100)
    return say("people.connected")


def _up(one: Participant, form: Format) -> str:
    post, status = one.features.of(PersonPost).post, one.features.of(PersonStatus).status
    words = [form.words.say(f"post.{post}")] if post is not None else []
    words += [form.words.say(f"status.{status}")] if status is not None else []
    return ", ".join(words)


def _from_me(known: Known, other: int, form: Format) -> tuple[str, float | None]:
    mine, theirs = known.positions.get(known.me), known.positions.get(other)
    if mine is None or theirs is None or other == known.me:
        return "", None
    here, there = mine.to_fix(), theirs.to_fix()
    metres = geo.distance_m(here.lat, here.lon, there.lat, there.lon)
    bearing = geo.bearing(here.lat, here.lon, there.lat, there.lon) if metres >= 5 else None
    return form.distance(metres), bearing
