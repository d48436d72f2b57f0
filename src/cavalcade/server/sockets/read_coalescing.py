"""Lets positions that come one by one be read together, as a network card gathers packets before it interrupts.

A process that wakes for each of a thousand positions a second finds its caches cold each time, and what takes 4 us in
company takes several times that. No position is shown before its window is over, so a moment more costs nobody much.
"""

import time
from collections.abc import Callable
from typing import Final

MAX_GATHER_S: Final = 0.03
"""The longest that the whole loop waits for more positions, seconds.

With the half of it that a loop may have worked in between, it stays below `clock.LATE_S`: waiting is not taken for
overload.
"""

_OF_A_WINDOW: Final = 0.1


class ReadCoalescing:
    """Decides whether an event loop that has just read a position waits before it reads on."""

    def __init__(
        self,
        soon: Callable[[Callable[[], None]], object],
        window_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begins with a loop that has read nothing.

        Args:
            soon: Runs something after whatever has been read already, such as `loop.call_soon`.
            window_s: For how long positions are gathered before members are sent them, seconds. The loop waits for a
                tenth of it: a longer window is set to save work, at the price of waiting.
            clock: Seconds that never go back.
            sleep: Stops this thread for so many seconds.
        """
        self._soon, self._clock, self._sleep = soon, clock, sleep
        self.wait_s = min(_OF_A_WINDOW * window_s, MAX_GATHER_S)
        """How long the loop waits, seconds; everything else waits as long, at worst."""
        self._is_due = False
        self._went_on_at = float("-inf")

    def expect_more(self) -> None:
        """Notes that a position was read; called for each of them."""
        if not self._is_due:
            self._is_due = True
            self._soon(self._let_others_go_first)

    def _let_others_go_first(self) -> None:
        """Tasks that were handed what was read, such as a session's process, take it in before the loop waits."""
        self._soon(self._wait)

    def _wait(self) -> None:
        """Waits, unless positions are few or the loop is busy: either way it was long since it last went on."""
        self._is_due = False
        moment = self._clock()
        if moment - self._went_on_at < self.wait_s / 2:
            self._sleep(self.wait_s)
            moment = self._clock()
        self._went_on_at = moment
