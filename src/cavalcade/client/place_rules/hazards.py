"""Hazards: spoken to who still comes there, and gone once the sweep is 500 m past."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cavalcade.client.motion.riding import SLOW_M_S, UNSEEN_MS, Riding
from cavalcade.client.motion.scene import Scene, time_of
from cavalcade.client.place_rules.scene import PlaceScene, metres_to
from cavalcade.domain.features.places import Place, PlaceKind
from cavalcade.domain.features.posts import Post
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import bearing
from cavalcade.domain.model import Role

AHEAD_M: Final = 300.0
AHEAD_S: Final = 60.0
"""Or so long at one's speed, where that is farther."""

CONE: Final = 45.0
"""How far from where one is heading a hazard may lie, degrees to either side."""

AGAIN_MS: Final = 600_000
"""Who comes there again is told again, so long after the last time at the earliest."""

CAME_BY_M: Final = 100.0
PAST_M: Final = 500.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is remembered of a hazard. Times are in ms since the epoch on the server's clock.

    Attributes:
        told_at: When one was told of it; None where one was not.
        came_by: Who sweeps, and has been there.
        asked_at: When one last told that all have passed.
    """

    told_at: int | None = None
    came_by: frozenset[int] = frozenset()
    asked_at: int | None = None


@dataclass(frozen=True, slots=True)
class Hazards:
    """What is remembered of the hazards that stand, by place."""

    seen: Mapping[int, Sighting] = field(default_factory=dict)


def look(
    before: Hazards, riding: Riding, scene: PlaceScene, *, last: Fix | None
) -> tuple[Hazards, Sequence[int], Sequence[int]]:
    """Looks at the hazards.

    Args:
        before: What was remembered.
        riding: One's motion, with the newest fix that counts.
        scene: What is to be seen.
        last: The fix that counted before; the same where there is no newer one.

    Returns:
        What to remember, the hazards that one is to be told of now, and those that all have passed.
    """
    people = scene.people
    me = people.person(people.me)
    if me is None or me.role is Role.VIEWER:
        return Hazards(), [], []
    seen: dict[int, Sighting] = {}
    ahead: list[int] = []
    passed: list[int] = []
    for one in scene.places:
        if one.kind is not PlaceKind.HAZARD:
            continue
        # Who marked it knows of it.
        fresh = Sighting(told_at=one.at if one.participant == people.me else None)
        known = before.seen.get(one.place, fresh)
        if me.fix is not None and _is_ahead(known, one, riding, last, people.now):
            known = replace(known, told_at=people.now)
            ahead.append(one.place)
        known, is_passed = _pass(known, one, people)
        if is_passed:
            passed.append(one.place)
        seen[one.place] = known
    return Hazards(seen), ahead, passed


def _is_ahead(known: Sighting, hazard: Place, riding: Riding, last: Fix | None, now: int) -> bool:
    """Whether one comes there by a newer fix, and is to be told."""
    fix = riding.last
    if (
        fix is None
        or last is None
        or fix is last
        or riding.speed < SLOW_M_S
        or (known.told_at is not None and now - known.told_at < AGAIN_MS)
    ):
        return False
    metres = metres_to(hazard, fix)
    is_closing = metres < metres_to(hazard, last)
    return is_closing and metres <= max(AHEAD_M, AHEAD_S * riding.speed) and _is_before(hazard, fix, last)


def _is_before(hazard: Place, fix: Fix, last: Fix) -> bool:
    """Whether a hazard lies where one is heading."""
    heading = fix.heading
    if heading is None:
        if time_of(fix) - time_of(last) > UNSEEN_MS:
            return False
        heading = bearing(last.lat, last.lon, fix.lat, fix.lon)
    turn = bearing(fix.lat, fix.lon, hazard.lat, hazard.lon) - heading
    return abs((turn + 540.0) % 360.0 - 180.0) <= CONE


def _pass(known: Sighting, hazard: Place, scene: Scene) -> tuple[Sighting, bool]:
    """Whether one sweeps, and all who do have been there and are well past."""
    sweeps = {one.id: place for one in scene.people if one.post is Post.SWEEP and (place := scene.place(one))}
    metres = {who: metres_to(hazard, place) for who, place in sweeps.items()}
    came_by = known.came_by | {who for who, far in metres.items() if far <= CAME_BY_M}
    after = known if came_by == known.came_by else replace(known, came_by=came_by)
    are_past = all(who in came_by and far >= PAST_M for who, far in metres.items())
    if scene.me not in metres or not are_past or not scene.may_ask(known.asked_at) or not scene.is_listening:
        return after, False
    return replace(after, asked_at=scene.now), True
