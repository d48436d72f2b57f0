"""When a reading was taken, from what its receiver says of the time; pure.

The page's `reading_time.ts` is the same rule, and `tests/vectors/readings.json` holds both to it. Why it is as it is:
docs/decisions/0032-what-the-time-of-a-reading-means.md.
"""

import math
from collections.abc import Iterator
from typing import Final

DAY_MS: Final = 86_400_000
OLDEST_MS: Final = 31 * DAY_MS
"""A place that a device remembers may be as old as the longest session."""

AHEAD_MS: Final = DAY_MS
"""Clocks that were set to local time are ahead by less than this."""

_UNITS_MS: Final = (1.0, 1_000.0, 0.001, 0.000_001)
"""Milliseconds, seconds, microseconds and nanoseconds."""

_EPOCHS_MS: Final = (0, 978_307_200_000, 315_964_800_000)
"""The beginnings of 1970, 2001 (Apple) and 6 January 1980 (GPS), ms since 1970."""

_ROLLOVER_MS: Final = 1_024 * 7 * DAY_MS
"""Old GPS receivers count weeks up to 1,024 and begin again."""

SLACK_MS: Final = 1_000
"""Two clocks that differ by less agree."""

LAG_MS: Final = 10_000
"""No receiver hands out fixes that are steadily older than this: its clock is wrong."""

_STEP_MS: Final = 500
"""Readings that follow each other faster say nothing of how a clock runs."""


def plausible_time(stamp: object, now: int) -> int | None:
    """What a stamp means, ms since the epoch of 1970; None where it means nothing.

    Args:
        stamp: A number as the receiver gives it, in whatever unit and from whatever epoch.
        now: The time, by a clock that the stamp may have been made by.
    """
    if isinstance(stamp, bool) or not isinstance(stamp, int | float) or not 0 < stamp <= 1e20 or math.isnan(stamp):
        return None
    for time, oldest in _meanings(float(stamp)):
        if now - oldest <= time <= now + AHEAD_MS:
            return round(time)
    return None


def _meanings(stamp: float) -> Iterator[tuple[float, int]]:
    """Times that a stamp may mean, each with how old it may be; the usual one first."""
    yield stamp, OLDEST_MS
    for epoch in _EPOCHS_MS:
        for unit in _UNITS_MS:
            yield epoch + stamp * unit, DAY_MS
    for weeks in (_ROLLOVER_MS, 2 * _ROLLOVER_MS):
        for unit in _UNITS_MS:
            yield stamp * unit + weeks, DAY_MS


class ReadingClock:
    """Tells when the readings of one receiver were taken, on the server's clock."""

    def __init__(self) -> None:
        """Knows nothing of the receiver's clock yet."""
        self._last: tuple[int, int] | None = None
        self._ahead: int | None = None

    def time_of(self, stamp: object, *, steady: int, wall: int, server: int) -> int:
        """When a reading was taken, ms since the epoch on the server's clock.

        Args:
            stamp: What the receiver says of it.
            steady: Now, ms of a clock that nobody sets.
            wall: Now, on the device's clock.
            server: Now, on the server's clock.
        """
        by_server, by_wall = plausible_time(stamp, server), plausible_time(stamp, wall)
        read = by_wall if by_server is None else by_server
        if read is None:
            self._last = None
            return server
        # It was stamped by one of the two clocks. A clock by which it has not been taken yet is not the one.
        ages = [
            max(0, now - time)
            for now, time in ((server, by_server), (wall, by_wall))
            if time is not None and time <= now + SLACK_MS
        ]
        age = min(ages, default=0)
        since_the_newest = self._follow(read, steady)
        if since_the_newest is not None and age - since_the_newest > LAG_MS:
            age = since_the_newest
        if by_server is not None and abs(server - by_server - age) <= SLACK_MS:
            return by_server
        return server - age

    def _follow(self, time: int, steady: int) -> int | None:
        """How old a reading is by the receiver's own clock, once that is known; ms.

        A place that is remembered keeps its stamp. Stamps that go on as time does belong to fresh readings, however
        late the clock is that they were made by.
        """
        last = self._last
        passed = 0 if last is None else steady - last[1]
        if last is None or not 0 <= passed < _STEP_MS:
            self._last = time, steady
        if last is not None and passed >= _STEP_MS:
            goes_on = time > last[0] and abs(time - last[0] - passed) <= max(_STEP_MS, passed // 10)
            if goes_on:
                self._ahead = max(time - steady, last[0] - last[1])
        return None if self._ahead is None else max(0, steady + self._ahead - time)
