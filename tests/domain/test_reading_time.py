"""When readings were taken, and what their fields mean: by the same vectors as the page."""

import json
import math
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.fix import Fix, readable
from cavalcade.domain.reading_time import OLDEST_MS, ReadingClock, plausible_time
from tests.domain.strategies import NOW

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "readings.json").read_text())


def named(kind: str) -> list[Any]:
    return [pytest.param(one, id=one["name"]) for one in VECTORS[kind]]


@pytest.mark.parametrize("vector", named("times"))
def test_when_a_reading_was_taken(vector: dict[str, Any]) -> None:
    clock = ReadingClock()
    told = [
        clock.time_of(one["stamp"], steady=one["steady"], wall=one["wall"], server=one["server"])
        for one in vector["readings"]
    ]
    assert told == [one["time"] for one in vector["readings"]]


@pytest.mark.parametrize("stamp", [math.nan, math.inf, True, "1", 10**400, -(10**400)])
def test_what_is_no_time_means_nothing(stamp: object) -> None:
    assert plausible_time(stamp, NOW) is None


@given(st.lists(st.tuples(st.floats() | st.integers(), st.integers(0, 100_000))))
def test_any_stamps_give_a_time_that_is_not_ahead_nor_older_than_the_longest_session(
    readings: list[tuple[float, int]],
) -> None:
    clock = ReadingClock()
    moments = accumulate(passed for _, passed in readings)
    for (stamp, _), steady in zip(readings, moments, strict=True):
        server = NOW + steady
        time = clock.time_of(stamp, steady=steady, wall=server - 7_200_000, server=server)
        assert -1_000 <= server - time <= OLDEST_MS


@pytest.mark.parametrize("vector", named("fields"))
def test_what_the_fields_of_a_reading_mean(vector: dict[str, Any]) -> None:
    coords = dict(vector["coords"])
    fix = readable(Fix(coords.pop("latitude"), coords.pop("longitude"), **coords))
    assert fix == (None if vector["fix"] is None else Fix(**vector["fix"]))
