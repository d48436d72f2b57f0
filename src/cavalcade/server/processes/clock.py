"""Time as the servers need it: of day for the domain, and the flush window, which widens when the loop is late."""

import asyncio
import time
from typing import Final

from cavalcade.server.processes.steady_clock import SteadyClock

MAX_WINDOW_S: Final = 1.0
LATE_S: Final = 0.05
_PROBE_S: Final = 0.1

TIME_OF_DAY: Final = SteadyClock()
"""The one clock of this process: everything that asks for the time of day asks this one."""

now_ms: Final = TIME_OF_DAY.now
"""The time of day, ms since the epoch; steps of the machine's clock are believed late, see `SteadyClock`."""

_SINCE_BOOT: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def moment() -> float:
    """Seconds that also pass while the process is stopped and, where the system can tell, while the machine sleeps."""
    return time.clock_gettime(_SINCE_BOOT)


class AdaptiveClock:
    """The time of day and the window for which positions are gathered.

    The window doubles, up to a second, while the event loop runs more than 50 ms late, and halves again afterwards: an
    overloaded process sends fewer, fuller frames rather than late ones.
    """

    def __init__(self, window_ms: int) -> None:
        """Starts with the window that the operator set, in ms."""
        self.lag_s = 0.0
        """How late the event loop ran when it was last looked at, seconds."""
        self._base_s = self._window_s = window_ms / 1000

    def now(self) -> int:
        """The time of day, ms since the epoch."""
        return now_ms()

    def window_s(self) -> float:
        """How long positions are gathered now, seconds."""
        return self._window_s

    async def run(self) -> None:
        """Watches the loop until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _PROBE_S
            await asyncio.sleep(_PROBE_S)
            self.observe(loop.time() - due)

    def observe(self, lag_s: float) -> None:
        """Takes one reading of how late the loop ran, seconds."""
        self.lag_s = max(0.0, lag_s)
        if lag_s > LATE_S:
            self._window_s = min(max(MAX_WINDOW_S, self._base_s), self._window_s * 2)
        else:
            self._window_s = max(self._base_s, self._window_s / 2)
