"""Histograms of latencies."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed.load.latencies import encoded, histogram, merged, nearest_rank, percentiles

LATENCIES = st.lists(st.floats(-5, 30_000), min_size=1, max_size=200)


@given(LATENCIES)
def test_percentiles_are_within_three_digits(latencies: list[float]) -> None:
    slowest = max(0.1, *latencies)
    assert percentiles(histogram(latencies))["max"] == pytest.approx(slowest, rel=0.002, abs=0.1)


@given(LATENCIES, LATENCIES)
def test_merging_is_the_same_as_counting_together(some: list[float], others: list[float]) -> None:
    apart = merged([encoded(histogram(some)), encoded(histogram(others))])
    assert percentiles(apart) == percentiles(histogram([*some, *others]))


def test_nothing_has_no_percentiles() -> None:
    assert all(math.isnan(value) for value in percentiles(histogram([])).values())


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_rank_is_the_least_that_so_many_stay_within(values: list[float], share: float) -> None:
    rank = nearest_rank(sorted(values), share)
    assert sum(value <= rank for value in values) >= share * len(values) - 1e-9
    assert sum(value < rank for value in values) < share * len(values) + 1e-9
