"""The device's two clocks, each read in one place."""

import time


def epoch_ms() -> int:
    """Now, ms since the epoch, on the clock that people and networks set."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """Now, ms on a clock that nobody sets. It has no meaning of its own, and may stand still while a device sleeps."""
    return time.monotonic_ns() // 1_000_000
