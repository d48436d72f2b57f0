"""How fast somebody rides when they ride, and whether they stand: what minutes are made of."""

from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from cavalcade.client.motion.riding import SLOW_M_S, UNSEEN_MS, is_clear, speed_between
from cavalcade.client.motion.scene import time_of
from cavalcade.domain.fix import Fix

EACH_MS: Final = 5_000
KEPT: Final = 60
"""Speeds of the last 5 minutes of riding, one in 5 s."""

STANDS_AFTER_MS: Final = 60_000
"""A red light is shorter."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What is remembered of somebody's riding. Times are in ms since the epoch on the server's clock.

    Attributes:
        last: The newest fix that counts.
        speeds: Of the last minutes in which they moved, m/s.
        noted_at: When the newest of them was.
        slow_since: Since when they have been slow; None while they are not.
    """

    last: Fix | None = None
    speeds: tuple[float, ...] = ()
    noted_at: int | None = None
    slow_since: int | None = None

    @property
    def usual(self) -> float | None:
        """How fast they usually ride, m/s; None where they have not ridden yet."""
        return median(self.speeds) if self.speeds else None

    def stands(self, now: int) -> bool:
        """Whether they have stood for a minute."""
        return self.slow_since is not None and now - self.slow_since >= STANDS_AFTER_MS


def follow(before: Pace, fix: Fix) -> Pace:
    """Takes somebody's next fix; one that is vague, or no newer, changes nothing."""
    at = time_of(fix)
    if not is_clear(fix) or (before.last is not None and at <= time_of(before.last)):
        return before
    was_seen = before.last is not None and at - time_of(before.last) <= UNSEEN_MS
    speed = speed_between(before.last if was_seen else None, fix)
    if speed < SLOW_M_S:
        slow_since = before.slow_since if was_seen and before.slow_since is not None else at
        return replace(before, last=fix, slow_since=slow_since)
    after = replace(before, last=fix, slow_since=None)
    if before.noted_at is not None and at - before.noted_at < EACH_MS:
        return after
    return replace(after, speeds=(*before.speeds, speed)[-KEPT:], noted_at=at)
