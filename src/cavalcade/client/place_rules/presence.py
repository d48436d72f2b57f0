"""Who is at a place: by two fixes over 20 s, until 100 m beyond its edge for 60 s. A first fix inside counts."""

from dataclasses import dataclass, replace
from typing import Final

from cavalcade.client.motion.scene import time_of
from cavalcade.client.place_rules.scene import metres_to
from cavalcade.domain.features.places import Place
from cavalcade.domain.fix import Fix

RADIUS_M: Final = 80.0
VAGUE_M: Final = 100.0
"""A fix that may be wrong by more says nothing about being there."""

INSIDE_FOR_MS: Final = 20_000
BEYOND_M: Final = 100.0
BEYOND_FOR_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Presence:
    """What is remembered of somebody at a place. Times are in ms since the epoch on the server's clock.

    Attributes:
        is_here: They are there.
        since: Since when they are; None while they are not.
        last: When the newest fix that counted was taken; None before the first.
        inside_since: When they were first inside; a fix at the edge ends it not, one beyond does.
        beyond_since: Since when they have been beyond without a break; None while they are not.
        was_outside: They were seen outside before.
    """

    is_here: bool = False
    since: int | None = None
    last: int | None = None
    inside_since: int | None = None
    beyond_since: int | None = None
    was_outside: bool = False


def follow(before: Presence, fix: Fix, place: Place) -> Presence:
    """Takes somebody's next fix; one that is vague, or no newer, changes nothing."""
    at = time_of(fix)
    if (fix.accuracy or 0.0) > VAGUE_M or (before.last is not None and at <= before.last):
        return before
    outside = metres_to(place, fix) - (place.radius_m or RADIUS_M)
    if outside <= 0:
        inside_since = at if before.inside_since is None else before.inside_since
        is_new = before.last is None or at - inside_since >= INSIDE_FOR_MS
        after = replace(before, last=at, inside_since=inside_since, beyond_since=None)
        return arrive(after, at) if is_new else after
    if outside <= BEYOND_M:
        # A receiver is often wrong by so much: somebody there stays, and somebody who comes has not left.
        return replace(before, last=at, beyond_since=None, was_outside=True)
    beyond_since = at if before.beyond_since is None else before.beyond_since
    after = replace(before, last=at, inside_since=None, beyond_since=beyond_since, was_outside=True)
    return depart(after) if at - beyond_since >= BEYOND_FOR_MS else after


def arrive(before: Presence, at: int) -> Presence:
    """They are there since a time, unless they were before."""
    return before if before.is_here else replace(before, is_here=True, since=at)


def depart(before: Presence) -> Presence:
    """They are not there any more."""
    return replace(before, is_here=False, since=None)
