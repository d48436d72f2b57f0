"""A location source without a receiver: a rider on a route, from a GPX file or built in, seen by a simulated phone."""

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from cavalcade.app.device.location import OnFix, OnObstacle
from cavalcade.app.device.policy import Tuning
from cavalcade.client.clock import epoch_ms
from cavalcade.simulate.convoy import Convoy
from cavalcade.simulate.gpx import read_route
from cavalcade.simulate.receiver import Receiver
from cavalcade.simulate.route import Route, lake_tour

STEP_S: Final = 1.0
"""Receivers give a fix a second at most; how many of them are wanted is the tuning's matter."""


class RideSource:
    """Rides along a route for as long as it is asked to."""

    def __init__(self, route: Route | None = None, *, random: Random | None = None, step_s: float = STEP_S) -> None:
        """Stands at the start of a route.

        Args:
            route: The way; None for the built-in road around Lake Constance.
            random: Where the rider's temper and the receiver's luck come from.
            step_s: Real seconds between two fixes.
        """
        random = random or Random()  # noqa: S311 - a ride holds no secrets
        self._convoy = Convoy(route or lake_tour(), 1, random)
        self._receiver = Receiver(random)
        self._step_s = step_s
        self._interval_s = step_s
        self._riding: asyncio.Task[None] | None = None
        self._battery: int | None = None

    @classmethod
    def of_file(cls, path: Path) -> "RideSource":
        """Rides the way in a GPX file.

        Raises:
            GpxError: No route can be made of it.
        """
        return cls(read_route(path))

    @property
    def battery(self) -> int | None:
        """The simulated phone's."""
        return self._battery

    async def start(self, tuning: Tuning, on_fix: OnFix, on_obstacle: OnObstacle) -> None:
        """Sets out."""
        await self.stop()
        await self.retune(tuning)
        on_obstacle(None)
        self._riding = asyncio.create_task(self._ride(on_fix))

    async def retune(self, tuning: Tuning) -> None:
        """Gives fixes more or less often; the distance filter is left to the receivers of real phones."""
        self._interval_s = max(self._step_s, tuning.interval_ms / 1000 * self._step_s / STEP_S)

    async def stop(self) -> None:
        """Stops where it is, and goes on from there."""
        riding, self._riding = self._riding, None
        if riding is not None:
            riding.cancel()
            with suppress(asyncio.CancelledError):
                await riding

    async def _ride(self, on_fix: OnFix) -> None:
        rider = self._convoy.riders[0]
        while True:
            elapsed_s = self._interval_s / self._step_s * STEP_S
            self._convoy.advance(elapsed_s)
            fix = self._receiver.observe(self._convoy.motion(rider), epoch_ms(), elapsed_s)
            if fix is not None:
                self._battery = fix.battery
                on_fix(fix)
            await asyncio.sleep(self._interval_s)
