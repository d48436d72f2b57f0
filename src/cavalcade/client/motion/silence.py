"""Who fell silent: nothing heard for 3 minutes, or for 8 where two others fell silent at the same place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from cavalcade.client.motion.riding import SLOW_M_S, UNSEEN_MS, speed_between
from cavalcade.client.motion.scene import Person, Scene, metres_between, time_of
from cavalcade.domain.features.alerts import AlertKind
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.fix import Fix
from cavalcade.domain.model import Role

NO_NEWS_MS: Final = 180_000
NO_COVERAGE_MS: Final = 480_000
FELL_MS: Final = 60_000
"""Who was not heard for so long fell silent."""

SAME_PLACE_M: Final = 500.0
REMEMBERED_MS: Final = 3_600_000
OTHERS: Final = 2
SETTLES_MS: Final = 60_000
"""So long after one is connected again, others come out of the same hole."""

RANKS: Final = 3
RANK_MS: Final = 30_000
"""Where the first who is to tell says nothing, the next does so later."""

EXCUSED: Final = {Status.BREAK, Status.FUEL, Status.GOING_HOME}
"""Who said one of these may be silent."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is remembered of somebody else.

    Attributes:
        at: When they were last heard, by the server's clock, ms.
        fix: Their newest place.
        reports_standing: Their device reports while it stands.
        was_away: They were not connected at some time since then.
        is_told: The others know of their silence.
        asked_at: When one last tried to tell them; None where one did not.
        tries: How often.
    """

    at: int
    fix: Fix
    reports_standing: bool = False
    was_away: bool = False
    is_told: bool = False
    asked_at: int | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Fall:
    """A silence that is over, or one's own.

    Attributes:
        who: Whose.
        place: Where they were last heard.
        at: When, ms.
    """

    who: int
    place: Fix
    at: int


@dataclass(frozen=True, slots=True)
class Silence:
    """What is remembered of who was heard.

    Attributes:
        heard: Others who share a place.
        falls: Silences of the last hour that are over.
        listening_since: Since when one has been connected; None while one is not.
        lost_at: When the connection was lost; None while it stands.
        own: Where one was then.
    """

    heard: Mapping[int, Heard] = field(default_factory=dict)
    falls: tuple[Fall, ...] = ()
    listening_since: int | None = None
    lost_at: int | None = None
    own: Fix | None = None


def look(before: Silence, scene: Scene) -> tuple[Silence, list[int]]:
    """Looks at who is silent.

    Returns:
        What to remember, and of whom it is to be told now that there is no news.
    """
    if not scene.is_listening:
        if before.lost_at is not None:
            return before, []
        me = scene.person(scene.me)
        return replace(before, listening_since=None, lost_at=scene.now, own=None if me is None else me.fix), []
    was_listening = before.listening_since is not None
    falls = [fall for fall in before.falls if scene.now - fall.at <= REMEMBERED_MS]
    falls += _own_fall(before, scene)
    heard: dict[int, Heard] = {}
    for one in scene.people:
        if one.id == scene.me or one.role is Role.VIEWER or one.fix is None:
            continue
        known = before.heard.get(one.id)
        after = heard[one.id] = _hear(known, one, one.fix, scene, was_listening=was_listening)
        if known is not None and known.was_away and was_listening and after.at - known.at >= FELL_MS:
            falls.append(Fall(one.id, known.fix, known.at))
    silence = Silence(heard, tuple(falls), before.listening_since if was_listening else scene.now)
    mine = rank(scene)
    if mine is None:
        return silence, []
    due = [one.id for one in scene.people if one.id in heard and _is_due(silence, one, scene, mine)]
    asked = {who: replace(heard[who], asked_at=scene.now, tries=heard[who].tries + 1) for who in due}
    return replace(silence, heard={**heard, **asked}), due


def is_hole(silence: Silence, scene: Scene, participant: int) -> bool:
    """Whether somebody's silence is that of a place: two others fell silent there within the last hour."""
    known = silence.heard.get(participant)
    if known is None:
        return False
    gone = {one.id for one in scene.people if not one.is_connected}
    silent = [
        Fall(who, other.fix, other.at)
        for who, other in silence.heard.items()
        if who in gone and FELL_MS <= scene.now - other.at <= REMEMBERED_MS
    ]
    there = {
        fall.who for fall in (*silence.falls, *silent) if metres_between(fall.place, known.fix) <= SAME_PLACE_M
    }  # fmt: skip
    return len(there - {participant}) >= OTHERS


def _own_fall(before: Silence, scene: Scene) -> list[Fall]:
    """One's own silence, where it lasted: one fell silent where one was when the connection was lost."""
    if before.lost_at is None or before.own is None or scene.now - before.lost_at < FELL_MS:
        return []
    return [Fall(scene.me, before.own, before.lost_at)]


def _hear(known: Heard | None, one: Person, fix: Fix, scene: Scene, *, was_listening: bool) -> Heard:
    now, alerts = scene.now, scene.alerts
    taken = min(now, time_of(fix))
    if known is None:
        return Heard(taken, fix, was_away=not one.is_connected)
    if time_of(known.fix) == time_of(fix):
        is_told = known.is_told or any(
            alert.kind is AlertKind.NO_NEWS and alert.participant == one.id and alert.at >= known.at for alert in alerts
        )
        return replace(known, was_away=known.was_away or not one.is_connected, is_told=is_told)
    # What comes while one listens was sent now, whatever their clock says; after an absence all comes at once.
    at = now if was_listening else max(known.at, taken)
    stands = _is_slow(known.fix, fix) and time_of(fix) - time_of(known.fix) <= UNSEEN_MS
    return Heard(at, fix, known.reports_standing or stands, was_away=not one.is_connected)


def _is_slow(before: Fix, fix: Fix) -> bool:
    return speed_between(before, fix) < SLOW_M_S and (before.speed is None or before.speed < SLOW_M_S)


def _is_due(silence: Silence, one: Person, scene: Scene, mine: int) -> bool:
    known = silence.heard[one.id]
    if one.is_connected or known.is_told or one.status in EXCUSED:
        return False
    if silence.listening_since is None or scene.now - silence.listening_since < SETTLES_MS:
        return False
    stood = known.fix.speed is not None and known.fix.speed < SLOW_M_S
    if stood and not known.reports_standing:
        # Its device may say nothing while it stands: nothing is guessed from that.
        return False
    if not scene.may_ask(known.asked_at, 2 ** min(known.tries, 8)):
        return False
    patience = NO_COVERAGE_MS if is_hole(silence, scene, one.id) else NO_NEWS_MS
    return scene.now - known.at >= patience + mine * RANK_MS


def rank(scene: Scene) -> int | None:
    """How many come before oneself of those who may tell; None where enough do."""
    ids = sorted(
        one.id for one in scene.people if one.role is not Role.VIEWER and (one.is_connected or one.id == scene.me)
    )
    mine = ids.index(scene.me) if scene.me in ids else RANKS
    return mine if mine < RANKS else None
