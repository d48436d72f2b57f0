"""Who is behind, by the straight distance, for a minute: behind the sweep, or where nobody sweeps behind the next.

Without a route there are no minutes, and what lies ahead is where the sweep, or the group on the whole, is heading.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from cavalcade.client.motion.riding import SLOW_M_S
from cavalcade.client.motion.scene import Person, Scene, metres_between
from cavalcade.client.motion.stops import EXPLAINED
from cavalcade.domain.features.posts import Post
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import bearing
from cavalcade.domain.model import Role

BEHIND_FOR_MS: Final = 60_000
TIMES_THE_OTHERS: Final = 3
BACK: Final = 0.8
"""Who was told to be behind must be so much nearer before it can be told again."""

AHEAD: Final = 8
"""Who is nearest ahead is among so many; more cost time with 200 people."""

AGREEMENT: Final = 0.5
"""How far the headings of a group must agree, from 0 for none to 1, before it has one."""


@dataclass(frozen=True, slots=True)
class Straggling:
    """What is remembered of one's own gap.

    Attributes:
        was_near: It was small enough once: who comes from home is not behind.
        since: Since when it has been too large; None while it is not.
        is_told: The others were told.
    """

    was_near: bool = False
    since: int | None = None
    is_told: bool = False


def look(before: Straggling, scene: Scene, *, stands: bool) -> tuple[Straggling, bool]:
    """Looks at one's own gap.

    Args:
        before: What was remembered.
        scene: What is to be seen.
        stands: One has stopped, which is asked about by a rule of its own.

    Returns:
        What to remember, and whether the others are to be told now that one is behind.
    """
    me = scene.person(scene.me)
    place = None if me is None else scene.place(me)
    if me is None or place is None or me.role is Role.VIEWER or me.post is Post.SWEEP:
        return Straggling(before.was_near), False
    if stands or me.status in EXPLAINED:
        return Straggling(before.was_near), False
    excess = _excess(me, place, scene)
    if excess is None or excess <= (BACK if before.is_told else 1.0):
        return Straggling(before.was_near or excess is not None), False
    since = scene.now if before.since is None else before.since
    is_due = before.was_near and not before.is_told and scene.is_listening
    tells = is_due and scene.now - since >= BEHIND_FOR_MS
    return Straggling(before.was_near, since, before.is_told or tells), tells


def last_rider(scene: Scene) -> int | None:
    """Who rides last on the group's way; None while it has none."""
    order = _order(scene)
    return order[0][0].id if len(order) > 1 else None


def _excess(me: Person, mine: Fix, scene: Scene) -> float | None:
    """How many times too large one's gap is; None for nobody ahead, or no way to tell what lies ahead."""
    sweeps = [one for one in scene.people if one.post is Post.SWEEP and scene.place(one) is not None]
    if sweeps:
        gaps = [_behind(mine, place, scene) for one in sweeps if (place := scene.place(one)) is not None]
        known = [gap for gap in gaps if gap is not None]
        return min(known) / scene.sensitivity.behind_m if known else None
    order = _order(scene)
    gaps_ahead: dict[int, float] = {}
    for index, (one, place) in enumerate(order[:-1]):
        gaps_ahead[one.id] = min(metres_between(place, ahead) for _, ahead in order[index + 1 : index + 1 + AHEAD])
    if me.id not in gaps_ahead:
        return None
    others = [gap for who, gap in gaps_ahead.items() if who != me.id]
    return gaps_ahead[me.id] / max(scene.sensitivity.gap_m, TIMES_THE_OTHERS * median(others) if others else 0.0)


def _behind(mine: Fix, sweep: Fix, scene: Scene) -> float | None:
    """How far one is behind a sweep, m; 0 for who is not behind, None where the sweep's way is not known."""
    ahead = _way_of(sweep, scene)
    if ahead is None:
        return None
    towards_me = bearing(sweep.lat, sweep.lon, mine.lat, mine.lon)
    is_behind = math.cos(math.radians(towards_me - ahead)) < 0
    return metres_between(mine, sweep) if is_behind else 0.0


def _way_of(sweep: Fix, scene: Scene) -> float | None:
    """Where a sweep is heading: by their motion, or else towards the lead."""
    if sweep.heading is not None and (sweep.speed is None or sweep.speed >= SLOW_M_S):
        return sweep.heading
    leads = [place for one in scene.people if one.post is Post.LEAD and (place := scene.place(one)) is not None]
    return bearing(sweep.lat, sweep.lon, leads[0].lat, leads[0].lon) if leads else None


def _order(scene: Scene) -> Sequence[tuple[Person, Fix]]:
    """Everybody whose place is known, the last one first; nobody while the group has no heading."""
    placed = [(one, place) for one in scene.people if one.role is not Role.VIEWER and (place := scene.place(one))]
    moving = [
        math.radians(place.heading)
        for _, place in placed
        if place.heading is not None and (place.speed is None or place.speed >= SLOW_M_S)
    ]
    north, east = sum(map(math.cos, moving)), sum(map(math.sin, moving))
    if not moving or math.hypot(north, east) < AGREEMENT * len(moving):
        return []
    origin = placed[0][1]
    shrink = math.cos(math.radians(origin.lat))

    def ahead(pair: tuple[Person, Fix]) -> float:
        place = pair[1]
        return (place.lat - origin.lat) * north + (place.lon - origin.lon) * shrink * east

    return sorted(placed, key=ahead)
