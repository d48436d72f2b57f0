"""Two backends side by side."""

import math

import pytest

from evaluation.comparison import Comparison, compare
from evaluation.plan import Step
from evaluation.results import Sample


def load(backend: str, number: int, flaw: str | None = None, **values: float) -> Sample:
    return Sample(Step("load", backend, number, 10, 20), values, {}, flaw)


def test_less_is_better_but_of_what_is_held() -> None:
    samples = [
        load("services", 1, latency_p99_ms=100, held_positions_per_s=100),
        load("monolith", 1, latency_p99_ms=200, held_positions_per_s=200),
    ]
    assert {each.measure: each.ratio for each in compare(samples)} == {
        "latency_p99_ms": 2.0,
        "held_positions_per_s": 0.5,
    }


def test_rounds_are_compared_each_within_itself() -> None:
    samples = [
        load("services", 1, latency_p99_ms=100),
        load("monolith", 1, latency_p99_ms=110),
        load("services", 2, latency_p99_ms=1000),
        load("monolith", 2, latency_p99_ms=1200),
    ]
    [compared] = compare(samples)
    assert compared.ratios == pytest.approx([1.1, 1.2])
    assert compared.leader == "services"


def test_what_does_not_count_or_has_no_partner_is_left_out() -> None:
    samples = [
        load("services", 1, latency_p99_ms=100),
        load("monolith", 1, flaw="busy", latency_p99_ms=1),
        load("services", 2, latency_p99_ms=math.nan),
        load("monolith", 2, latency_p99_ms=1),
    ]
    assert compare(samples) == []


@pytest.mark.parametrize(
    ("services", "monolith", "leader"),
    [
        ([100, 100], [104, 104], None),
        ([100, 100], [150, 90], None),
        ([100, 100], [80, 90], "monolith"),
        ([0], [0], None),
    ],
)
def test_who_leads_does_so_in_every_round_and_beyond_noise(
    services: list[float], monolith: list[float], leader: str | None
) -> None:
    compared = Comparison("latency_p99_ms", "", "load latency_p99_ms", {"services": services, "monolith": monolith})
    assert compared.leader == leader
