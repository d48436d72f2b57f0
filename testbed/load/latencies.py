"""Latencies as HDR histograms: three digits everywhere, the rare slow ones as exact as the many quick ones.

The encoding is HdrHistogram's own (V2, compressed, base64), so that its other tools read the raw samples.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from hdrh.histogram import HdrHistogram

TICK_MS: Final = 0.1
"""What a histogram counts in, milliseconds."""

_MOST_TICKS: Final = 600_000
_DIGITS: Final = 3

POINTS: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
"""The percentiles that are told, by name."""


def histogram(latencies_ms: Iterable[float]) -> HdrHistogram:
    """Counts latencies; one below a tick counts as a tick, one beyond a minute as a minute."""
    counted = HdrHistogram(1, _MOST_TICKS, _DIGITS)
    for latency in latencies_ms:
        counted.record_value(min(_MOST_TICKS, max(1, round(latency / TICK_MS))))
    return counted


def merged(encodings: Iterable[str]) -> HdrHistogram:
    """One histogram over several."""
    together = HdrHistogram(1, _MOST_TICKS, _DIGITS)
    for encoding in encodings:
        together.decode_and_add(encoding)
    return together


def encoded(counted: HdrHistogram) -> str:
    """A histogram as text."""
    text: bytes = counted.encode()
    return text.decode("ascii")


def percentiles(counted: HdrHistogram) -> dict[str, float]:
    """The points of a histogram, milliseconds; NaN where nothing was counted."""
    if not counted.get_total_count():
        return dict.fromkeys(POINTS, float("nan"))
    return {name: counted.get_value_at_percentile(point) * TICK_MS for name, point in POINTS.items()}


def nearest_rank(ordered: Sequence[float], share: float) -> float:
    """The least of some values that so many of them stay within, such as 0.99; they are in order. NaN of none."""
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else math.nan
