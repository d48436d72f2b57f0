"""The server's clock as a device can tell it; pure. The page's `server_clock.ts` is the same.

A device's own clock may be set while a session is open, by the network or by hand. So the server's is told from a clock
that nobody sets. That one may stand still while a device sleeps, and the server's may be set as well: each
`server_time` is compared again. `tests/vectors/server_clock.json` holds both to it.
"""

from collections import deque
from typing import Final

WINDOW_MS: Final = 5_000
"""Delay on the way only ever makes the server look behind, so the greatest difference within this time counts."""

STEP_MS: Final = 2_000
"""Clocks that come apart by more than this were set, or slept."""


class ServerClock:
    """Estimates the server's clock from a steady one."""

    def __init__(self, *, steady: int, wall: int) -> None:
        """Believes the device's clock until the server has been heard.

        Args:
            steady: Now, ms of a clock that nobody sets.
            wall: Now, ms since the epoch on the device's clock.
        """
        self._ahead = self._apart = wall - steady
        self._heard: deque[tuple[int, int]] = deque()
        self._is_unsure = True

    @property
    def is_unsure(self) -> bool:
        """The server was not heard yet, or not since the device was set or slept: times told now may be wrong."""
        return self._is_unsure

    def now(self, steady: int) -> int:
        """The server's time, ms since the epoch."""
        return steady + self._ahead

    def look(self, *, steady: int, wall: int) -> None:
        """Compares the device's two clocks; asked before a time is told."""
        apart = wall - steady
        if abs(apart - self._apart) > STEP_MS:
            self._is_unsure = True
        self._apart = apart

    def hear(self, server_time: int, steady: int) -> int:
        """Takes what the server says its time is.

        Returns:
            By how much times were wrong that were told while this was unsure, ms; 0 where it was sure.
        """
        ahead = server_time - steady
        while self._heard and self._heard[-1][1] <= ahead:
            self._heard.pop()
        self._heard.append((steady, ahead))
        while self._heard[0][0] < steady - WINDOW_MS:
            self._heard.popleft()
        before, self._ahead = self._ahead, self._heard[0][1]
        was_unsure, self._is_unsure = self._is_unsure, False
        return self._ahead - before if was_unsure else 0
