"""How often and how exactly the receiver is asked, and which of its fixes are worth sending. Pure.

Why these numbers:

- A rider at 25 m/s is 25 m further after a second; the others see a smooth line with one fix a second, and the contract
  shows four a second at most. Faster than that only costs battery.
- In slow traffic and on foot a fix every three seconds is at most 15 m old, which is a receiver's own error.
- Standing still nothing changes, but silence for 30 s shows as an old position, so one fix every 20 s is sent.
  Receivers wander by some metres; a distance filter of 15 m keeps most of that from waking the program.
- To begin to move again after a stop, a single fix that is farther off than receivers wander is enough.
- With little battery the phone matters more to its owner than smooth motion does to the others: half the fixes, and
  none of the highest accuracy, which alone keeps the receiver's radio always on.
- Fixes with an error of more than 500 m come from masts rather than from satellites. They are better than nothing
  where nothing better came for a while.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from cavalcade.domain.fix import Fix
from cavalcade.domain.geo import distance_m

FAST_FROM_M_S: Final = 7.0
MOVING_FROM_M_S: Final = 0.9
SLOWER_BY: Final = 0.7
"""A pace is left downwards only below this share of where it begins, so that it does not flicker."""

STANDS_AFTER_MS: Final = 15_000
"""Slow for so long before the receiver is asked less often: a crossing is no stop."""

LOW_BATTERY: Final = 20
HEARTBEAT_MS: Final = 20_000
COARSE_M: Final = 500.0
COARSE_AFTER_MS: Final = 30_000


class Pace(StrEnum):
    """How somebody moves."""

    FAST = "fast"
    SLOW = "slow"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the receiver is asked for.

    Attributes:
        interval_ms: Between fixes.
        distance_filter_m: It stays silent until it has moved so far.
        is_exact: Satellites always on; else a hundred metres will do between fixes.
    """

    interval_ms: int
    distance_filter_m: int
    is_exact: bool = True


TUNINGS: Final = {
    Pace.FAST: Tuning(1_000, 0),
    Pace.SLOW: Tuning(3_000, 3),
    Pace.STANDING: Tuning(5_000, 15),
}


@dataclass(frozen=True, slots=True)
class Pacing:
    """What is remembered of how somebody moves.

    Attributes:
        pace: The one that holds.
        slow_since: ms, since when the speed has been that of somebody standing.
        last: The newest fix that was sent.
        last_at: When, ms.
    """

    pace: Pace = Pace.FAST
    slow_since: int | None = None
    last: Fix | None = None
    last_at: int = 0


def tuning(pace: Pace, battery: int | None) -> Tuning:
    """What to ask the receiver for.

    Args:
        pace: How its owner moves.
        battery: Whole percent, or None where unknown.
    """
    wanted = TUNINGS[pace]
    if battery is None or battery > LOW_BATTERY:
        return wanted
    return Tuning(wanted.interval_ms * 2, max(10, wanted.distance_filter_m), is_exact=False)


def take(before: Pacing, fix: Fix, now: int, battery: int | None = None) -> tuple[Pacing, bool]:
    """Takes a fix into account.

    Args:
        before: What was remembered.
        fix: The reading.
        now: ms.
        battery: Whole percent, or None where unknown.

    Returns:
        What to remember, and whether the fix is to be sent.
    """
    speed = _speed(before, fix, now)
    pace, slow_since = _pace(before, speed, now)
    sends = _is_worth_sending(before, fix, now, tuning(pace, battery))
    after = Pacing(pace, slow_since, before.last, before.last_at)
    return (replace(after, last=fix, last_at=now) if sends else after), sends


def _speed(before: Pacing, fix: Fix, now: int) -> float:
    """As the receiver says, or from the way since the last fix, less what both may be wrong by; m/s."""
    if fix.speed is not None:
        return fix.speed
    if before.last is None or now <= before.last_at:
        return 0.0
    way = distance_m(before.last.lat, before.last.lon, fix.lat, fix.lon)
    certain = way - (fix.accuracy or 0.0) - (before.last.accuracy or 0.0)
    return max(0.0, certain) / ((now - before.last_at) / 1000)


def _pace(before: Pacing, speed: float, now: int) -> tuple[Pace, int | None]:
    fast_from = FAST_FROM_M_S * (SLOWER_BY if before.pace is Pace.FAST else 1)
    moving_from = MOVING_FROM_M_S * (1 if before.pace is Pace.STANDING else SLOWER_BY)
    if speed >= fast_from:
        return Pace.FAST, None
    if speed >= moving_from:
        return Pace.SLOW, None
    slow_since = now if before.slow_since is None else before.slow_since
    if before.pace is Pace.STANDING or now - slow_since >= STANDS_AFTER_MS:
        return Pace.STANDING, slow_since
    return before.pace, slow_since


def _is_worth_sending(before: Pacing, fix: Fix, now: int, wanted: Tuning) -> bool:
    if before.last is None:
        return True
    waited = now - before.last_at
    if waited < 0 or waited >= max(HEARTBEAT_MS, wanted.interval_ms):
        return True
    if (fix.accuracy or 0.0) > COARSE_M and (before.last.accuracy or 0.0) <= COARSE_M:
        return waited >= COARSE_AFTER_MS
    # Receivers are not punctual: a fix that comes a little early is the one that was asked for.
    if waited < 0.8 * wanted.interval_ms:
        return False
    return distance_m(before.last.lat, before.last.lon, fix.lat, fix.lon) >= wanted.distance_filter_m
