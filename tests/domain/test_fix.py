from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.fix import DEGREE, MAX_I16, MAX_U16, MIN_I16, Fix, Position, accept, clamp, is_newer
from cavalcade.wire import positions as wire
from tests.domain.strategies import NOW, fixes, positions


def accepted(fix: Fix, now: int = NOW) -> Position:
    position = accept(fix, now)
    assert position is not None
    return position


@given(fixes(), st.integers(0, 2 * NOW))
def test_any_reading_is_accepted_within_the_packed_ranges_or_refused(fix: Fix, now: int) -> None:
    position = accept(fix, now)
    on_earth = -90 <= fix.lat <= 90 and -180 <= fix.lon <= 180
    knows_a_place = on_earth and (abs(fix.lat) > 5e-8 or abs(fix.lon) > 5e-8)
    assert (position is not None) == knows_a_place
    if position is not None:
        assert 0 <= position.fix_time <= now
        assert abs(position.lat) <= 90 * DEGREE
        assert abs(position.lon) <= 180 * DEGREE
        assert all(value is None or isinstance(value, int) for value in position)
        assert wire.unpack_fix(wire.pack_fix(position)) == position
        assert clamp(position, now) == position


@given(positions(NOW))
def test_json_and_packed_carry_the_same_numbers(position: Position) -> None:
    assert accept(position.to_fix(), NOW) == position
    assert clamp(wire.unpack_fix(wire.pack_fix(position)), NOW) == position


@given(st.binary(min_size=25, max_size=25), st.integers(0, 2 * NOW))
def test_any_packed_fix_is_clamped_to_what_accept_would_give(data: bytes, now: int) -> None:
    position = clamp(wire.unpack_fix(data), now)
    if position is not None:
        assert accept(position.to_fix(), now) == position


@pytest.mark.parametrize("lat", [90.000_000_1, -90.000_000_1, math.nan, math.inf, -math.inf, 10**400, -(10**400)])
def test_a_latitude_off_the_earth_is_refused(lat: float) -> None:
    assert accept(Fix(lat, 0), NOW) is None
    assert accept(Fix(0, 2 * lat), NOW) is None


def test_a_truth_value_is_no_place() -> None:
    assert accept(Fix(True, 0), NOW) is None


def test_the_poles_and_the_antimeridian_are_accepted() -> None:
    for lat in (90, -90.0):
        for lon in (180.0, -180):
            assert accepted(Fix(lat, lon))[1:3] == (lat * DEGREE, lon * DEGREE)


def test_minus_zero_is_zero() -> None:
    position = accepted(Fix(-0.0, 1, altitude=-0.0, heading=-0.0))
    assert str(position.to_fix().lat) == "0.0"
    assert (position.heading, position.altitude) == (0, 0)


@pytest.mark.parametrize(
    ("fix_time", "taken"),
    [(None, NOW), (0, 0), (NOW - 1, NOW - 1), (NOW, NOW), (NOW + 1, NOW), (-1, NOW), (2**53, NOW), (2**64, NOW)],
)
def test_a_time_ahead_or_out_of_range_counts_as_now(fix_time: int | None, taken: int) -> None:
    assert accepted(Fix(1, 2, fix_time)).fix_time == taken


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("accuracy", 4.25, 42),
        ("accuracy", 6553.4, MAX_U16 - 1),
        ("accuracy", 6553.5, MAX_U16 - 1),
        ("accuracy", 1e308, MAX_U16 - 1),
        ("accuracy", 10**400, MAX_U16 - 1),
        ("accuracy", 0.04, 1),
        ("accuracy", 0, None),
        ("accuracy", -0.01, None),
        ("accuracy", -1, None),
        ("accuracy", -1e308, None),
        ("accuracy", math.inf, None),
        ("accuracy", True, None),
        ("accuracy", "5", None),
        ("speed", 12.345, 1234),
        ("speed", 1e9, MAX_U16 - 1),
        ("speed", -0.1, None),
        ("heading", 0, 0),
        ("heading", 359.99, 35_999),
        ("heading", 359.999, 0),
        ("heading", 360, 0),
        ("heading", 360.1, None),
        ("heading", 1e308, None),
        ("heading", -1, None),
        ("heading", math.nan, None),
        ("altitude", 8848.6, 8849),
        ("altitude", -1e308, MIN_I16 + 1),
        ("altitude", -32_768, MIN_I16 + 1),
        ("altitude", 1e308, MAX_I16),
        ("battery", 0, 0),
        ("battery", 100, 100),
        ("battery", 101, None),
        ("battery", -1, None),
        ("battery", 255, None),
    ],
)
def test_a_bad_optional_field_is_unknown_and_a_large_one_saturates(
    field: str, value: object, expected: int | None
) -> None:
    position = accepted(Fix(1, 2, NOW, **{field: value}))  # type: ignore[arg-type]  # what comes from a network
    assert getattr(position, field) == expected
    others = {name: value for name, value in position._asdict().items() if name != field and value is not None}
    assert others == {"fix_time": NOW, "lat": DEGREE, "lon": 2 * DEGREE}


@pytest.mark.parametrize(
    ("given_heading", "heading"), [(None, None), (35_999, 35_999), (36_000, 0), (36_001, None), (65_534, None)]
)
def test_a_packed_heading_is_bounded(given_heading: int | None, heading: int | None) -> None:
    position = Position(NOW, 0, 1, heading=given_heading)
    assert clamp(position, NOW) == position._replace(heading=heading)


@pytest.mark.parametrize(("given_battery", "battery"), [(None, None), (100, 100), (101, None), (254, None)])
def test_a_packed_battery_is_bounded(given_battery: int | None, battery: int | None) -> None:
    position = Position(NOW, 0, 1, battery=given_battery)
    assert clamp(position, NOW) == position._replace(battery=battery)


@pytest.mark.parametrize(("fix_time", "taken"), [(0, 0), (NOW, NOW), (NOW + 1, NOW), (2**53, NOW), (2**64 - 1, NOW)])
def test_a_packed_time_ahead_counts_as_now(fix_time: int, taken: int) -> None:
    assert clamp(Position(fix_time, 0, 1), NOW) == Position(taken, 0, 1)


@pytest.mark.parametrize("place", [(900_000_001, 0), (-900_000_001, 0), (0, 1_800_000_001), (0, -1_800_000_001)])
def test_a_packed_place_off_the_earth_is_refused(place: tuple[int, int]) -> None:
    assert clamp(Position(NOW, *place), NOW) is None


def test_0_0_is_no_place_in_either_form() -> None:
    """Receivers say it before they know one."""
    assert accept(Fix(0, 0), NOW) is None
    assert accept(Fix(-0.0, 4e-8), NOW) is None
    assert clamp(Position(NOW, 0, 0), NOW) is None
    assert accepted(Fix(0, 1e-7))[1:3] == (0, 1)


@pytest.mark.parametrize(("given_accuracy", "accuracy"), [(0, None), (1, 1), (None, None)])
def test_a_packed_accuracy_of_0_is_unknown(given_accuracy: int | None, accuracy: int | None) -> None:
    position = Position(NOW, 0, 1, accuracy=given_accuracy)
    assert clamp(position, NOW) == position._replace(accuracy=accuracy)


def test_an_older_fix_is_refused_and_an_equal_one_taken() -> None:
    newest = Position(NOW, 0, 0)
    assert is_newer(newest, None)
    assert is_newer(newest._replace(lat=1), newest)
    assert is_newer(newest._replace(fix_time=NOW + 1), newest)
    assert not is_newer(newest._replace(fix_time=NOW - 1), newest)
