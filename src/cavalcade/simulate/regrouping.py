"""Now and then the lead calls the riders together; some miss it, each for a reason of their own, and come after all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from random import Random
from typing import Final

from cavalcade.simulate.convoy import SHORTEST_GAP_M, Convoy, Manner, Rider

FEWEST: Final = 6
"""Riders of whom some may be missing."""

RADIUS_M: Final = 100


class Reason(Enum):
    """Why somebody misses the call: they stand somewhere, their phone says nothing, or they rode back."""

    STOPPED = auto()
    SILENT = auto()
    TURNED_BACK = auto()


@dataclass(frozen=True, slots=True)
class Times:
    """When what happens, in seconds; and how far ahead the riders meet.

    Attributes:
        ride_s: How long they ride before a call.
        missing_s: For how long some are missing after it.
        ahead_m: How far ahead of the first they meet.
    """

    ride_s: float = 60.0
    missing_s: float = 150.0
    ahead_m: float = 500.0


class Regrouping:
    """Who is called where, and who is missing; pure."""

    def __init__(self, convoy: Convoy, random: Random, times: Times) -> None:
        """Begins with a ride.

        Args:
            convoy: Who rides; their first rider, who leads, is never missing.
            random: Who is missing, by chance.
            times: When what happens.
        """
        self._convoy = convoy
        self._random = random
        self._times = times
        self._left_s = times.ride_s
        self._is_called = False
        self.missing: Mapping[int, Reason] = {}
        """Why those are missing who are, by their place among the riders."""

    def is_silent(self, rider: Rider) -> bool:
        """Whether a rider's phone says nothing now."""
        return any(self._convoy.riders[who] is rider and why is Reason.SILENT for who, why in self.missing.items())

    def advance(self, seconds: float) -> tuple[float, float] | None:
        """Lets time pass.

        Returns:
            Where the riders are to be called to now, degrees north and east; None for most of the time.
        """
        self._left_s -= seconds
        if self._left_s > 0:
            return None
        if self._is_called:
            self._come_after_all()
            return None
        return self._call()

    def end(self) -> None:
        """The call is over: all ride on."""
        self._come_after_all()
        self._convoy.go_on()
        self._is_called, self._left_s = False, self._times.ride_s

    def _call(self) -> tuple[float, float]:
        self._is_called, self._left_s = True, self._times.missing_s
        riders = self._convoy.riders
        meets_at = self._convoy.first.distance_m + self._times.ahead_m
        self._convoy.gather(meets_at)
        if len(riders) >= FEWEST:
            # Not those in front: they are past the place before they could miss it.
            behind = sorted(range(1, len(riders)), key=lambda who: riders[who].distance_m)[: len(riders) // 2 + 1]
            self.missing = dict(zip(self._random.sample(behind, len(Reason)), Reason, strict=True))
        for who, why in self.missing.items():
            riders[who].manner = _MANNERS[why]
        return self._convoy.place_at(meets_at - len(riders) * SHORTEST_GAP_M / 2)

    def _come_after_all(self) -> None:
        for who in self.missing:
            self._convoy.riders[who].manner = Manner.RIDES
        self.missing = {}


_MANNERS: Final[Mapping[Reason, Manner]] = {
    Reason.STOPPED: Manner.HALTS,
    Reason.SILENT: Manner.RIDES,
    Reason.TURNED_BACK: Manner.TURNED,
}
