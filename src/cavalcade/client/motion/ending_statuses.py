"""Break, fuel and problem end by themselves: 300 m from where they were said, or after 20 s above 5 m/s."""

from dataclasses import dataclass, replace
from typing import Final

from cavalcade.client.motion.riding import UNSEEN_MS, Riding
from cavalcade.client.motion.scene import Scene, metres_between, time_of
from cavalcade.domain.features.statuses import Status
from cavalcade.domain.fix import Fix

ENDING: Final = {Status.BREAK, Status.FUEL, Status.PROBLEM}
AWAY_M: Final = 300.0
FAST_M_S: Final = 5.0
FAST_FOR_MS: Final = 20_000
TWICE: Final = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """One's status that ends by motion.

    Attributes:
        since: When it was said, by which it is known again; ms.
        place: Where; None until there is a fix.
        away: How many fixes in a row were far from there.
        fast_since: Since when one has been fast; None while one is not.
        is_over: One has ridden on.
        asked_at: When its end was asked for.
    """

    since: int
    place: Fix | None = None
    away: int = 0
    fast_since: int | None = None
    is_over: bool = False
    asked_at: int | None = None


def look(before: Standing | None, riding: Riding, scene: Scene, *, last: Fix | None) -> tuple[Standing | None, bool]:
    """Looks at one's own status.

    Args:
        before: What was remembered.
        riding: One's motion, with the newest fix that counts.
        scene: What is to be seen.
        last: The fix that counted before; the same where there is no newer one.

    Returns:
        What to remember, and whether the status is to be taken back now.
    """
    me = scene.person(scene.me)
    if me is None or me.status not in ENDING or me.status_since is None:
        return None, False
    standing = before if before is not None and before.since == me.status_since else Standing(me.status_since)
    if me.fix is None:
        # Sharing is paused: where one goes is nobody's business.
        return replace(standing, place=None, away=0, fast_since=None), False
    if riding.last is not None and (riding.last is not last or standing.place is None):
        standing = _moved(standing, riding, riding.last, last)
    if not (standing.is_over and scene.is_listening and scene.may_ask(standing.asked_at)):
        return standing, False
    return replace(standing, asked_at=scene.now), True


def _moved(standing: Standing, riding: Riding, fix: Fix, last: Fix | None) -> Standing:
    at, place = time_of(fix), standing.place or fix
    was_unseen = last is not None and at - time_of(last) > UNSEEN_MS
    fast_since = None if was_unseen else standing.fast_since
    fast_since = None if riding.speed <= FAST_M_S else at if fast_since is None else fast_since
    away = standing.away + 1 if metres_between(place, fix) > AWAY_M else 0
    is_over = standing.is_over or away >= TWICE or (fast_since is not None and at - fast_since >= FAST_FOR_MS)
    return replace(standing, place=place, away=away, fast_since=fast_since, is_over=is_over)
