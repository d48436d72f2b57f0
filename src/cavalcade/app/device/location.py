"""Where positions come from: the seam between the device's receiver and a ride that is played."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from cavalcade.app.device.policy import Tuning
from cavalcade.domain.fix import Fix


class Obstacle(StrEnum):
    """Why there are no positions."""

    REFUSED = "refused"
    """The permission was refused, and can be asked for again."""

    REFUSED_FOR_GOOD = "refused_for_good"
    """Only the device's own settings change it."""

    SWITCHED_OFF = "switched_off"
    """Location is off for the whole device."""

    INSECURE = "insecure"
    """The browser gives positions to https addresses alone."""

    NO_SIGNAL = "no_signal"
    """The receiver finds none; it goes on trying."""


OnFix = Callable[[Fix], None]
OnObstacle = Callable[[Obstacle | None], None]


class LocationSource(Protocol):
    """Gives fixes from `start` to `stop`. Its calls never raise: what is in the way is said to `on_obstacle`."""

    async def start(self, tuning: Tuning, on_fix: OnFix, on_obstacle: OnObstacle) -> None:
        """Begins, after asking for permission where that is needed.

        Args:
            tuning: How often and how exactly.
            on_fix: Called with each fix.
            on_obstacle: Called with what is in the way, and with None once that is over.
        """

    async def retune(self, tuning: Tuning) -> None:
        """Asks for another rate or exactness."""

    async def stop(self) -> None:
        """Stops listening to the receiver."""

    @property
    def battery(self) -> int | None:
        """The battery's charge in whole percent, where it is known."""
