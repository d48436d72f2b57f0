from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cavalcade.domain.geo import EARTH_RADIUS_M, bearing, destination, distance_m

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
HALF_WAY_ROUND = math.pi * EARTH_RADIUS_M


@given(LATITUDES, LONGITUDES, st.floats(0, 360), st.floats(0, HALF_WAY_ROUND))
def test_a_destination_is_as_far_off_as_asked(lat: float, lon: float, heading: float, metres: float) -> None:
    there = destination(lat, lon, heading, metres)
    assert -90 <= there[0] <= 90
    assert -180 <= there[1] < 180
    # The haversine loses half its digits towards the antipode, the arc sine towards the poles.
    assert distance_m(lat, lon, *there) == pytest.approx(metres, rel=1e-6, abs=1.0)


@given(st.floats(-85, 85), LONGITUDES, st.floats(0, 360), st.floats(10, 1e6))
def test_the_bearing_leads_to_where_the_destination_was(lat: float, lon: float, heading: float, metres: float) -> None:
    there = destination(lat, lon, heading, metres)
    turned = (bearing(lat, lon, *there) - heading + 180) % 360 - 180
    assert abs(turned) < 0.01


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_distance_is_a_distance_and_bearing_a_bearing(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    metres = distance_m(lat1, lon1, lat2, lon2)
    assert 0 <= metres <= HALF_WAY_ROUND * (1 + 1e-12)
    assert metres == pytest.approx(distance_m(lat2, lon2, lat1, lon1), rel=1e-9, abs=1e-6)
    assert distance_m(lat1, lon1, lat1, lon1) == 0
    assert 0 <= bearing(lat1, lon1, lat2, lon2) < 360


@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_a_full_turn_of_longitude_is_no_distance(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    assume(abs(lat1 + lat2) > 1e-3)  # near the antipode a rounding of 1e-14 moves the distance by metres
    turned = distance_m(lat1, lon1 + 360, lat2, lon2)
    assert turned == pytest.approx(distance_m(lat1, lon1, lat2, lon2), rel=1e-6, abs=1e-3)


def test_known_distances() -> None:
    assert distance_m(0, 0, 0, 1) == pytest.approx(math.radians(1) * EARTH_RADIUS_M)
    assert distance_m(90, 0, -90, 123) == pytest.approx(HALF_WAY_ROUND)
    # Berlin to Munich: 504 km on any map.
    assert distance_m(52.5200, 13.4050, 48.1351, 11.5820) == pytest.approx(504_000, rel=0.005)


def test_across_the_antimeridian_is_the_short_way() -> None:
    assert distance_m(0, 179.9, 0, -179.9) == pytest.approx(distance_m(0, 0, 0, 0.2))
    assert bearing(0, 179.9, 0, -179.9) == pytest.approx(90)
    assert destination(0, 179.9, 90, distance_m(0, 0, 0, 0.2)) == pytest.approx((0, -179.9))


def test_over_a_pole_one_comes_down_the_other_side() -> None:
    assert destination(89, 10, 0, distance_m(89, 0, 90, 0) * 2) == pytest.approx((89, -170))


@pytest.mark.parametrize(
    ("there", "direction"), [((1, 0), 0), ((0, 1), 90), ((-1, 0), 180), ((0, -1), 270), ((0.1, -1e-20), 0)]
)
def test_the_four_directions(there: tuple[float, float], direction: float) -> None:
    assert bearing(0, 0, *there) == pytest.approx(direction)
