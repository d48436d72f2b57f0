"""Notices that this process stood still for so long that the others have given it up.

A process that was stopped and goes on knows nothing of the time between. What it has gathered by then is old, the
sessions that it hosts may have been purged, and its clients have gone elsewhere. So code that is about to write or to
publish asks here first, and the first question after such a pause drops all sessions.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from cavalcade.server.processes.clock import moment
from cavalcade.services.gateway_lease import LEASE_S

BEAT_S: Final = 1.0

STALL_S: Final = 3.0
"""A pause that is no pause of a busy machine. Shorter ones give nobody time to take a renewed lease for over."""


class PauseDetector:
    """Says whether this process has run without a pause in which its lease went by."""

    def __init__(self, woken: Callable[[], None], stands_until: Callable[[], float]) -> None:
        """Starts to beat.

        Args:
            woken: Called before anything else goes on after such a pause.
            stands_until: Until when the lease stands, by `clock.moment`.
        """
        self._woken, self._stands_until = woken, stands_until
        self._beat_at = moment()

    async def run(self) -> None:
        """Beats until cancelled."""
        while True:
            self.check()
            self._beat_at = moment()
            await asyncio.sleep(BEAT_S)

    def check(self) -> bool:
        """Whether this process may go on as it is; False where it has just dropped all sessions."""
        now = moment()
        pause_s = now - self._beat_at
        # A lease that was over before the pause says nothing: Redis was away, and nobody could judge anybody.
        went_by = self._beat_at < self._stands_until() <= now
        if pause_s <= STALL_S or (pause_s <= LEASE_S and not went_by):
            return True
        self._beat_at = now
        self._woken()
        return False
