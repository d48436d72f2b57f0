"""What a phone's receiver makes of where its owner really is."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final

from cavalcade.domain import geo
from cavalcade.domain.fix import Fix

CORRELATION_S: Final = 40.0
"""How long an error lasts: receivers wander, they do not jump about."""

GAPS_PER_S: Final = 1 / 240
LONGEST_GAP_S: Final = 15.0
OUTLIERS_PER_S: Final = 1 / 180
NEAREST_OUTLIER_M, FARTHEST_OUTLIER_M = 100.0, 300.0
STANDSTILL: Final = 0.8
"""Below this speed, in m/s, receivers know no heading."""


@dataclass(frozen=True, slots=True)
class Motion:
    """The truth about one rider.

    Attributes:
        lat: Degrees north.
        lon: Degrees east.
        heading: Degrees clockwise from north.
        speed: m/s.
        altitude: Metres, or None.
    """

    lat: float
    lon: float
    heading: float
    speed: float
    altitude: float | None = None


class Receiver:
    """One phone: errors that wander, gaps, now and then a place far off, and a battery that drains."""

    def __init__(self, random: Random) -> None:
        """Makes a phone of its own quality, from good to poor.

        Args:
            random: Where its luck comes from.
        """
        self._random = random
        self._sigma_m = random.uniform(2.0, 6.0)
        self._east_m = random.gauss(0, self._sigma_m)
        self._north_m = random.gauss(0, self._sigma_m)
        self._gap_left_s = 0.0
        self._battery = random.uniform(35, 100)
        self._drain_per_s = random.uniform(6, 18) / 3600

    def observe(self, truth: Motion, fix_time: int, elapsed_s: float) -> Fix | None:
        """Takes a reading.

        Args:
            truth: Where the rider really is.
            fix_time: Now, ms since the epoch.
            elapsed_s: Seconds since the reading before.

        Returns:
            The fix, or None in a gap (under a bridge, between houses).
        """
        random = self._random
        self._battery = max(1.0, self._battery - self._drain_per_s * elapsed_s)
        self._wander(elapsed_s)
        if self._gap_left_s > 0:
            self._gap_left_s -= elapsed_s
            return None
        if random.random() < GAPS_PER_S * elapsed_s:
            self._gap_left_s = random.uniform(2.0, LONGEST_GAP_S)
            return None
        east, north = self._east_m, self._north_m
        # What receivers call accuracy is a guess of their own, and rather too good than too bad.
        accuracy = max(2.0, self._sigma_m * random.uniform(1.1, 1.8))
        if random.random() < OUTLIERS_PER_S * elapsed_s:
            off, direction = random.uniform(NEAREST_OUTLIER_M, FARTHEST_OUTLIER_M), random.uniform(0, 2 * math.pi)
            east, north = off * math.sin(direction), off * math.cos(direction)
            accuracy = off * random.uniform(0.4, 1.2)
        heading = math.degrees(math.atan2(east, north))
        lat, lon = geo.destination(truth.lat, truth.lon, heading, math.hypot(east, north))
        moves = truth.speed > STANDSTILL
        return Fix(
            lat=lat,
            lon=lon,
            fix_time=fix_time,
            accuracy=round(accuracy, 1),
            heading=(truth.heading + random.gauss(0, min(20.0, 15 / truth.speed))) % 360 if moves else None,
            speed=max(0.0, truth.speed + random.gauss(0, 0.25)) if moves else 0.0,
            altitude=None if truth.altitude is None else truth.altitude + 1.7 * self._north_m,
            battery=round(self._battery),
        )

    def _wander(self, elapsed_s: float) -> None:
        """A Gauss-Markov process: yesterday's error fades, new error comes, its spread stays the same."""
        kept = math.exp(-elapsed_s / CORRELATION_S)
        fresh = self._sigma_m * math.sqrt(1 - kept * kept)
        self._east_m = kept * self._east_m + self._random.gauss(0, fresh)
        self._north_m = kept * self._north_m + self._random.gauss(0, fresh)
