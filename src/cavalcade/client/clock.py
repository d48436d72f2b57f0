"""The wall clock, read in one place."""

import time


def epoch_ms() -> int:
    """Now, ms since the epoch."""
    return time.time_ns() // 1_000_000
