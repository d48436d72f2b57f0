"""How measures are called, and how their values are written."""

import math
from typing import Final

TITLES: Final = {
    "cpu_per_position_us": "CPU of its own processes for a delivered position",
    "all_cpu_per_position_us": "CPU of everything (own, Caddy, Valkey, PostgreSQL) for a delivered position",
    "cpu_per_frame_us": "CPU of its own processes for a frame",
    "connection_kb": "memory for a connection",
    "own_memory_mb": "memory of its own processes",
    "own_memory_mb_per_hour": "how much more memory its own processes take after an hour",
    "received_mb_per_member_hour": "bytes that a member receives in an hour",
    "sent_mb_per_member_hour": "bytes that a member sends in an hour",
    "latency_p50_ms": "from due to received, half",
    "latency_p99_ms": "from due to received, slowest of 100",
    "latency_p999_ms": "from due to received, slowest of 1,000",
    "held_positions_per_s": "positions a second that it holds",
    "back_p50_ms": "back after a storm, half",
    "back_p99_ms": "back after a storm, slowest of 100",
    "back_all_ms": "back after a storm, all",
    "join_call_ms": "one call that lets somebody in",
    "healed_ms": "until everybody sees every newest position",
    "dropped": "connections broken",
    "broken_promises": "findings of the checker",
    "lines": "lines of code of its own",
    "files": "modules of its own",
    "functions": "functions of its own",
    "mean_complexity": "branches of a function, on average",
    "worst_complexity": "branches of the worst function",
    "import_depth": "longest chain of imports",
    "position_calls": "functions that a position passes through",
    "operation_calls": "functions that an operation passes through",
    "lines_to_fault": "log lines until the injected fault is named",
}
"""In words, by the name of the measure. Measures that are not here are in the JSON alone."""

_UNITS: Final = {"us": "µs", "ms": "ms", "s": "s", "mb": "MB", "kb": "kB", "hour": "MB"}


def unit(measure: str) -> str:
    """The unit of a measure, by the end of its name; empty for a count."""
    if measure.endswith("_per_s"):
        return "/s"
    if measure.endswith("_mb_per_hour"):
        return "MB/h"
    return _UNITS.get(measure.rpartition("_")[2], "")


def number(value: float) -> str:
    """A value with three digits that count, and no more."""
    if math.isnan(value):
        return "-"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 4)}f}"


def quantity(value: float, measure: str) -> str:
    """A value with its unit."""
    return f"{number(value)} {unit(measure)}".strip().replace(" /s", "/s")
