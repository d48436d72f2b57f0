"""Where one was a moment ago: a hazard is seen before it can be marked."""

from collections.abc import Sequence
from typing import Final

from cavalcade.client.motion.riding import UNSEEN_MS
from cavalcade.client.motion.scene import time_of
from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import bearing, destination, distance_m

BEFORE_MS: Final = 3_000
"""So long ago one passed what one marks now."""

KEPT_MS: Final = 10_000
VAGUE_M: Final = 100.0
"""A fix that may be wrong by more marks nothing."""


def keep(before: Sequence[Fix], fix: Fix) -> tuple[Fix, ...]:
    """One's recent fixes with the next one, whose time is on the server's clock; the oldest first."""
    at = time_of(fix)
    if fix.fix_time is None or (fix.accuracy or 0.0) > VAGUE_M or (before and at <= time_of(before[-1])):
        return tuple(before)
    return (*(one for one in before if at - time_of(one) <= KEPT_MS), fix)


def where_one_was(fixes: Sequence[Fix], now: int) -> tuple[float, float] | None:
    """Where one was 3 s ago, between the fixes around that time.

    Args:
        fixes: As `keep` gives them.
        now: The server's time, ms since the epoch.

    Returns:
        Degrees north and east; None where one's place is not known.
    """
    if not fixes or now - time_of(fixes[-1]) > UNSEEN_MS:
        return None
    at = now - BEFORE_MS
    before = [one for one in fixes if time_of(one) <= at]
    after = next((one for one in fixes if time_of(one) > at), None)
    first = before[-1] if before else None
    if first is None or after is None:
        only = first or fixes[0]
        return only.lat, only.lon
    part = (at - time_of(first)) / (time_of(after) - time_of(first))
    way = distance_m(first.lat, first.lon, after.lat, after.lon)
    return destination(first.lat, first.lon, bearing(first.lat, first.lon, after.lat, after.lon), way * part)
