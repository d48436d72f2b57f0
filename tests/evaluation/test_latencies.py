"""Histograms of latencies."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.evaluation.latencies import encoded, histogram, merged, percentiles

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
