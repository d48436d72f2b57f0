"""Smooth motion between fixes that were received: a marker glides to the newest one and stops there. Pure.

Nothing is ever drawn beyond the newest fix: where a rider has gone since then is not known. Times are milliseconds of a
clock that never goes back.
"""

from typing import Final

from cavalcade.app.camera.framing import Point
from cavalcade.domain.geo import distance_m

SHORTEST_MS: Final = 200
LONGEST_MS: Final = 1_600
JUMP_M: Final = 3_000.0
"""Farther than this is not riding but a first fix after a gap: the marker jumps."""

MOVES_PER_S: Final = 80
FASTEST_HZ, SLOWEST_HZ = 8.0, 1.0
"""Each step of each marker is a message to Flutter: many people share this budget."""


class Glide:
    """One marker's way."""

    def __init__(self, at: Point, now: int) -> None:
        self._from = self._to = at
        self._started = self._arrived = now
        self._lasts = 0

    def move_to(self, target: Point, now: int) -> None:
        """Heads for a new fix, taking about as long as fixes are apart."""
        if target == self._to:
            return
        here = self.at(now)
        apart, self._arrived = now - self._arrived, now
        self._from, self._to, self._started = here, target, now
        jumps = distance_m(*here, *target) > JUMP_M
        self._lasts = 0 if jumps else max(SHORTEST_MS, min(LONGEST_MS, apart))

    def at(self, now: int) -> Point:
        """Where the marker stands now."""
        if not self.is_moving(now):
            return self._to
        part = max(0.0, (now - self._started) / self._lasts)
        d_lon = self._to.lon - self._from.lon
        short_way = d_lon - 360 * round(d_lon / 360)
        lon = self._from.lon + short_way * part
        return Point(self._from.lat + (self._to.lat - self._from.lat) * part, (lon + 180) % 360 - 180)

    @property
    def target(self) -> Point:
        """The newest fix, where the marker is or is going."""
        return self._to

    def is_moving(self, now: int) -> bool:
        """Whether the marker is still under way."""
        return now - self._started < self._lasts


def step_s(moving: int) -> float:
    """Seconds between two steps while so many markers move."""
    return 1 / max(SLOWEST_HZ, min(FASTEST_HZ, MOVES_PER_S / max(1, moving)))
