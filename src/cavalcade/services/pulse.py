"""Notices that this process stood still for so long that the others have given it up.

A process that was stopped and goes on knows nothing of the time between. What it has gathered by then is old, the
sessions that it hosts may have been purged, and its clients have gone elsewhere. So whoever is about to write or to
publish asks here first, and whoever is the first to ask lets go of everything.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from cavalcade.server.clock import moment
from cavalcade.services.lease import LEASE_S

BEAT_S: Final = 1.0


class Pulse:
    """Says whether this process has run without a long pause."""

    def __init__(self, woken: Callable[[], None]) -> None:
        """Starts to beat.

        Args:
            woken: Called before anything else goes on after a pause as long as a lease.
        """
        self._woken = woken
        self._beat_at = moment()

    async def run(self) -> None:
        """Beats until cancelled."""
        while True:
            self.check()
            self._beat_at = moment()
            await asyncio.sleep(BEAT_S)

    def check(self) -> bool:
        """Whether this process may go on as it is; False where it has just let go of everything."""
        if (now := moment()) - self._beat_at <= LEASE_S:
            return True
        self._beat_at = now
        self._woken()
        return False
