"""Samples made up for tests."""

from evaluation.plan import Plan, Step, plan
from evaluation.results import Sample
from testbed.load.latencies import encoded, histogram

GOOD: dict[str, float] = {
    "cpu_per_position_us": 5.0,
    "Caddy_cpu_per_position_us": 4.0,
    "latency_p99_ms": 100.0,
    "connection_kb": 14.0,
    "join_call_ms": 3.0,
    "received_mb_per_member_hour": 2.0,
}

FAULT: dict[str, float] = {
    "healed_ms": 500.0,
    "broken_promises": 0.0,
    "lost": 0.0,
    "doubled": 0.0,
    "disordered": 0.0,
    "members": 27.0,
    "dropped": 9.0,
    "untouched": 9.0,
    "noticed": 0.0,
    "latest_ms": 900.0,
    "answered_ms": 700.0,
}


def sample(step: Step, times: float = 1.0, flaw: str | None = None) -> Sample:
    """A plausible sample, everything in it so many times as costly."""
    if step.kind == "storm":
        again = [0.1 * times, 0.2 * times]
        return Sample(step, {"back_all_ms": 200.0 * times}, {"first_s": again, "again_s": again}, flaw)
    if step.kind == "saturation":
        levels = [
            {"positions_per_s": 1000.0, "latency_p99_ms": 120.0},
            {"positions_per_s": 2000.0, "latency_p99_ms": 900.0},
        ]
        return Sample(step, {"held_positions_per_s": 2000.0 / times}, {"levels": levels, "limit": "server"}, flaw)
    if step.kind == "fault":
        return Sample(step, {name: value * times for name, value in FAULT.items()}, {"findings": []}, flaw)
    if step.kind == "code":
        return Sample(step, {"lines": 500 * times, "mean_complexity": 3.0, "worst_complexity": 9.0}, {}, flaw)
    if step.kind == "soak":
        return Sample(step, {"own_memory_mb": 100.0 * times}, {"memory_mb": [[0.0, 90.0], [60.0, 100.0 * times]]}, flaw)
    if step.kind == "trace":
        return Sample(step, {"position_calls": 40 * times, "lines_to_fault": 1.0}, {"position": ["a.py:b"]}, flaw)
    raw = {"latencies_hdr": encoded(histogram([10.0, 90.0 * times]))}
    return Sample(step, {name: value * times for name, value in GOOD.items()}, raw, flaw)


def whole(monolith: float, name: str = "quick") -> tuple[Plan, list[Sample]]:
    """All samples of a plan, in which `monolith` costs so many times as much as `services`."""
    chosen = plan(name)  # type: ignore[arg-type]  # tests name it as users do
    return chosen, [sample(step, monolith if step.backend == "monolith" else 1.0) for step in chosen.steps]
