"""The times of one's own fixes, on the server's clock; pure."""

from dataclasses import replace
from typing import Final

from cavalcade.client.server_clock import ServerClock
from cavalcade.domain.fix import Fix
from cavalcade.domain.reading_time import ReadingClock

MOST: Final = 512
"""Fixes that are remembered because their times may be wrong: more than anybody keeps while offline."""


class Stamps:
    """Says when fixes were taken, and corrects that once the server's clock is known."""

    def __init__(self, *, steady: int, wall: int) -> None:
        """Begins with the device's clock; see `ServerClock`."""
        self._clock = ServerClock(steady=steady, wall=wall)
        self._readings = ReadingClock()
        self._told: dict[Fix, None] = {}
        self._corrected: dict[Fix, Fix] = {}

    def now(self, steady: int) -> int:
        """The server's time as far as it is known, ms since the epoch."""
        return self._clock.now(steady)

    def stamp(self, fix: Fix, *, steady: int, wall: int) -> Fix:
        """The fix with its time on the server's clock; one without a time was taken now."""
        self._clock.look(steady=steady, wall=wall)
        now = self._clock.now(steady)
        taken = (
            now if fix.fix_time is None else self._readings.time_of(fix.fix_time, steady=steady, wall=wall, server=now)
        )
        stamped = replace(fix, fix_time=taken)
        if self._clock.is_unsure:
            self._told[stamped] = None
            if len(self._told) > MOST:
                del self._told[next(iter(self._told))]
        return stamped

    def look(self, *, steady: int, wall: int) -> None:
        """Compares the device's two clocks, before the server is heard."""
        self._clock.look(steady=steady, wall=wall)

    def hear(self, server_time: int, steady: int) -> None:
        """Takes what the server says its time is."""
        by = self._clock.hear(server_time, steady)
        if self._told:
            self._corrected = {fix: replace(fix, fix_time=max(0, (fix.fix_time or 0) + by)) for fix in self._told}
            self._told.clear()

    def settled(self, fix: Fix) -> Fix:
        """A fix that `stamp` gave, with the time that it has by what is known now."""
        return self._corrected.get(fix, fix)
