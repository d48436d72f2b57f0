"""Who stopped while the others ride on, or for 4 minutes, is asked; the others are told where no answer comes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cavalcade.client.motion.riding import SLOW_M_S, UNSEEN_MS, Riding, is_riding
from cavalcade.client.motion.scene import Scene, metres_between, time_of
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.fix import Fix
from cavalcade.domain.model import Role

PLACE_M: Final = 50.0
NEAR_M: Final = 300.0
ON_M: Final = 500.0
ANSWER_MS: Final = 60_000
TWICE: Final = 2
"""One fix far off, or fast, may be a receiver's error."""

EXPLAINED: Final = {Status.BREAK, Status.FUEL, Status.PROBLEM, Status.GOING_HOME}
"""Who has said one of these need not be asked."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One standing still after riding.

    Attributes:
        since: When it began, ms.
        place: Where.
        near: Who was near then.
        leaving: How many fixes in a row say that it is over.
        asked_at: When one was asked whether all is well; None while one was not.
        is_settled: One has answered, or nobody needs to know.
        is_told: The others were told.
    """

    since: int
    place: Fix
    near: frozenset[int]
    leaving: int = 0
    asked_at: int | None = None
    is_settled: bool = False
    is_told: bool = False

    @property
    def is_open(self) -> bool:
        """The question stands."""
        return self.asked_at is not None and not self.is_settled


@dataclass(frozen=True, slots=True)
class Stopping:
    """What is remembered of one's stops.

    Attributes:
        has_ridden: One rode since one was last asked.
        stop: The present one.
    """

    has_ridden: bool = False
    stop: Stop | None = None


def answer(stopping: Stopping) -> Stopping:
    """One has answered: the question is gone."""
    stop = stopping.stop
    return stopping if stop is None else replace(stopping, stop=replace(stop, is_settled=True))


def look(before: Stopping, riding: Riding, scene: Scene, *, last: Fix | None) -> tuple[Stopping, bool]:
    """Looks at one's own stop.

    Args:
        before: What was remembered.
        riding: One's motion, with the newest fix that counts.
        scene: What is to be seen.
        last: The fix that counted before; the same where there is no newer one.

    Returns:
        What to remember, and whether the others are to be told now that one stopped.
    """
    me = scene.person(scene.me)
    if me is None or me.role is Role.VIEWER or me.fix is None or riding.last is None:
        return Stopping(), False
    has_ridden, stop = before.has_ridden or is_riding(riding, scene.now), before.stop
    if riding.last is not last:
        stop = _moved(stop, riding, scene, last=last, may_begin=has_ridden)
    if stop is None or stop.is_settled:
        return Stopping(has_ridden, stop), False
    if me.status in EXPLAINED:
        return Stopping(has_ridden, replace(stop, is_settled=True)), False
    if stop.asked_at is None:
        # A receiver that reports nothing while it stands gives nothing to judge by.
        is_seen = scene.now - time_of(riding.last) <= UNSEEN_MS
        if has_ridden and is_seen and _is_remarkable(stop, scene):
            return Stopping(has_ridden=False, stop=replace(stop, asked_at=scene.now)), False
        return Stopping(has_ridden, stop), False
    if stop.is_told or scene.now - stop.asked_at < ANSWER_MS:
        return Stopping(has_ridden, stop), False
    if 2 * _how_many(stop, scene, lambda metres: metres <= NEAR_M) > len(stop.near):
        # Most of those who were near stand here as well, and see for themselves.
        return Stopping(has_ridden, replace(stop, is_settled=True)), False
    return Stopping(has_ridden, replace(stop, is_told=scene.is_listening)), scene.is_listening


def _moved(stop: Stop | None, riding: Riding, scene: Scene, *, last: Fix | None, may_begin: bool) -> Stop | None:
    """The stop after a newer fix: it goes on, another one begins, or there is none."""
    fix = riding.last
    assert fix is not None
    was_unseen = last is not None and time_of(fix) - time_of(last) > UNSEEN_MS
    if stop is not None and not (was_unseen and stop.asked_at is None):
        # Who was asked may walk about: only another place ends it then.
        leaves = metres_between(stop.place, fix) > PLACE_M or (stop.asked_at is None and riding.speed >= SLOW_M_S)
        leaving = stop.leaving + 1 if leaves else 0
        if leaving < TWICE:
            return replace(stop, leaving=leaving)
    if not may_begin or riding.speed >= SLOW_M_S:
        return None
    places = {one.id: scene.place(one) for one in scene.people if one.id != scene.me}
    near = {who for who, place in places.items() if place is not None and metres_between(fix, place) <= NEAR_M}
    return Stop(time_of(fix), fix, frozenset(near))


def _is_remarkable(stop: Stop, scene: Scene) -> bool:
    stands = scene.now - stop.since
    if stands >= scene.sensitivity.alone_ms:
        return True
    has_left = _how_many(stop, scene, lambda metres: metres >= ON_M)
    return stands >= scene.sensitivity.stopped_ms and 0 < len(stop.near) <= 2 * has_left


def _how_many(stop: Stop, scene: Scene, is_there: Callable[[float], bool]) -> int:
    """How many of those who were near are so far away now, by places that are not too old."""
    places = [scene.place(one) for one in scene.people if one.id in stop.near]
    return sum(place is not None and is_there(metres_between(stop.place, place)) for place in places)
