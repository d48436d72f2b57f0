"""How long to wait before the next attempt: full jitter, so that many clients do not come back at the same moment."""

from collections.abc import Callable

BASE_MS = 100
CAP_MS = 2_000


class Backoff:
    """Waits that grow from a tenth of a second to two seconds with each failure."""

    def __init__(self, random: Callable[[], float], base_ms: int = BASE_MS, cap_ms: int = CAP_MS) -> None:
        """Starts at the shortest wait.

        Args:
            random: A source of numbers from 0 to 1.
            base_ms: The upper end of the first wait.
            cap_ms: The upper end of the longest.
        """
        self._random = random
        self._base_ms = base_ms
        self._cap_ms = cap_ms
        self._failures = 0

    def next_wait_ms(self) -> int:
        """A wait drawn evenly from zero to a limit that doubles with every call up to the cap."""
        # The exponent is bounded because the server may stay away for days.
        limit = min(self._cap_ms, self._base_ms << min(self._failures, 16))
        self._failures += 1
        return int(self._random() * limit)

    def reset(self) -> None:
        """Starts again at the shortest wait, after a success."""
        self._failures = 0
