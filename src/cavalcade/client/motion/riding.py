"""Who rides: 4 m/s for 5 s, until slower than 1.5 m/s for 15 s. Without fixes nobody counts as riding."""

from dataclasses import dataclass, replace
from typing import Final

from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import distance_m

FAST_M_S: Final = 4.0
FAST_FOR_MS: Final = 5_000
SLOW_M_S: Final = 1.5
SLOW_FOR_MS: Final = 15_000
VAGUE_M: Final = 50.0
"""A fix that may be wrong by more says nothing about motion."""

UNSEEN_MS: Final = 30_000
"""Fixes come at least every 20 s while one stands: after so long without any, nothing is known."""

PASSENGER_FOR_MS: Final = 600_000


@dataclass(frozen=True, slots=True)
class Riding:
    """What is remembered of one's own motion. Times are in ms since the epoch on the server's clock.

    Attributes:
        last: The newest fix that counts.
        speed: Of that fix, m/s.
        fast_since: Since when one has been fast without a break; None while one is not.
        slow_since: The same for slow.
        is_on: One began to ride, and did not stop by the fixes that came.
        rode_at: When one last counted as riding; None for never.
        passenger_since: When one said that somebody else rides; None while nobody said so.
    """

    last: Fix | None = None
    speed: float = 0.0
    fast_since: int | None = None
    slow_since: int | None = None
    is_on: bool = False
    rode_at: int | None = None
    passenger_since: int | None = None


def is_clear(fix: Fix) -> bool:
    """Whether a fix says enough about a place to judge by it."""
    return fix.fix_time is not None and (fix.accuracy is None or fix.accuracy <= VAGUE_M)


def follow(before: Riding, fix: Fix) -> Riding:
    """Takes one's next fix, whose time is on the server's clock; one that is vague, or no newer, changes nothing."""
    at, last = fix.fix_time, before.last
    if at is None or not is_clear(fix) or (last is not None and at <= _time(last)):
        return before
    if last is not None and at - _time(last) > UNSEEN_MS:
        before = replace(before, fast_since=None, slow_since=None, is_on=False, last=None)
    speed = speed_between(before.last, fix)
    fast_since = None if speed < FAST_M_S else at if before.fast_since is None else before.fast_since
    slow_since = None if speed >= SLOW_M_S else at if before.slow_since is None else before.slow_since
    is_on = before.is_on
    if fast_since is not None and at - fast_since >= FAST_FOR_MS:
        is_on = True
    if slow_since is not None and at - slow_since >= SLOW_FOR_MS:
        is_on = False
    return Riding(fix, speed, fast_since, slow_since, is_on, at if is_on else before.rode_at, before.passenger_since)


def speed_between(last: Fix | None, fix: Fix) -> float:
    """As the receiver says, or from the way since the last fix, less what both may be wrong by; m/s."""
    if fix.speed is not None:
        return fix.speed
    if last is None or _time(fix) <= _time(last):
        return 0.0
    way = distance_m(last.lat, last.lon, fix.lat, fix.lon)
    certain = way - (fix.accuracy or 0.0) - (last.accuracy or 0.0)
    return max(0.0, certain) / ((_time(fix) - _time(last)) / 1000)


def is_riding(riding: Riding, now: int) -> bool:
    """Whether one rides now.

    Args:
        riding: What is remembered.
        now: The server's time, ms since the epoch.
    """
    return (
        riding.is_on and riding.last is not None and now - _time(riding.last) <= UNSEEN_MS and not _is_over(riding, now)
    )


def say_passenger(riding: Riding, now: int) -> Riding:
    """One says that somebody else rides, so that one may write."""
    return replace(riding, passenger_since=now)


def is_passenger(riding: Riding, now: int) -> bool:
    """Whether what one said about being a passenger still holds: until one has not ridden for 10 minutes."""
    if riding.passenger_since is None:
        return False
    return now - max(riding.passenger_since, riding.rode_at or 0) < PASSENGER_FOR_MS


def _is_over(riding: Riding, now: int) -> bool:
    return riding.slow_since is not None and now - riding.slow_since >= SLOW_FOR_MS


def _time(fix: Fix) -> int:
    assert fix.fix_time is not None, "only fixes with a time are remembered"
    return fix.fix_time
