"""What a ride has come to so far: counts, and how long positions take to come back."""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Final

_REMEMBERED: Final = 5_000


@dataclass(slots=True)
class Statistics:
    """Counts of all riders together.

    Attributes:
        riders: How many there are to be.
        connected: How many are joined now.
        sent: Fixes sent.
        received: Positions received, one's own included.
    """

    riders: int
    connected: int = 0
    sent: int = 0
    received: int = 0
    _echoes: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def echo(self, seconds: float) -> None:
        """Notes how long a rider's own position took to come back."""
        self._echoes.append(seconds)

    def latency_ms(self, part: float) -> float | None:
        """The latency that a part of the newest echoes stayed within, such as 0.99 of them; None before the first."""
        if not self._echoes:
            return None
        ordered = sorted(self._echoes)
        return ordered[max(0, math.ceil(part * len(ordered)) - 1)] * 1000

    def summary(self) -> str:
        """One line for a person."""
        line = f"{self.connected} of {self.riders} riders connected, {self.sent} fixes sent, {self.received} received"
        half, most = self.latency_ms(0.5), self.latency_ms(0.99)
        if half is None or most is None:
            return line
        return f"{line}, back after {half:.0f} ms (p50), {most:.0f} ms (p99)"
