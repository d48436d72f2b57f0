"""Roads: measured along, smooth, and without an end."""

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cavalcade.domain import geo
from cavalcade.simulate.route import Route, RoutePoint, lake_tour, road_through

TOUR = lake_tour()

places = st.builds(RoutePoint, st.floats(-80, 80), st.floats(-180, 180), st.none() | st.floats(-100, 4000))
distances = st.floats(0, 1_000_000)


def apart(route: Route, one: float, other: float) -> float:
    here, there = route.at(one), route.at(other)
    return geo.distance_m(here.lat, here.lon, there.lat, there.lon)


@given(distance=distances, step=st.floats(0, 200))
def test_going_on_leads_no_farther_than_the_way_gone(distance: float, step: float) -> None:
    assert apart(TOUR, distance, distance + step) <= step * 1.001 + 0.01


@given(distance=distances)
def test_a_loop_comes_round(distance: float) -> None:
    assert apart(TOUR, distance, distance + TOUR.length_m) < 0.1


@given(points=st.lists(places, min_size=2, max_size=8), distance=distances)
def test_other_ways_are_ridden_there_and_back(points: list[RoutePoint], distance: float) -> None:
    try:
        route = Route(points)
    except ValueError:
        assume(False)
    assume(route.length_m > 1)
    assert apart(route, distance, 2 * route.length_m - distance % (2 * route.length_m)) < 1.0


@given(points=st.lists(places, min_size=2, max_size=8), distance=distances)
def test_every_place_lies_on_the_earth(points: list[RoutePoint], distance: float) -> None:
    try:
        place = Route(points).at(distance)
    except ValueError:
        assume(False)
    assert -90 <= place.lat <= 90
    assert -180 <= place.lon <= 180
    assert 0 <= place.heading < 360


def test_a_way_across_the_date_line_does_not_go_round_the_earth() -> None:
    route = Route([RoutePoint(0, 179.99), RoutePoint(0, -179.99)])
    assert route.length_m < 2300
    assert abs(route.at(route.length_m / 2).lon) > 179.98


@pytest.mark.parametrize("points", [[], [RoutePoint(1, 2)], [RoutePoint(1, 2), RoutePoint(1, 2)]])
def test_a_way_that_leads_nowhere_is_refused(points: list[RoutePoint]) -> None:
    with pytest.raises(ValueError, match="lead somewhere"):
        Route(points)


def test_the_tour_is_a_smooth_road_with_bends() -> None:
    assert 100_000 < TOUR.length_m < 200_000
    headings = [TOUR.at(metres).heading for metres in range(0, int(TOUR.length_m), 40)]
    turns = [abs((b - a + 180) % 360 - 180) for a, b in itertools.pairwise(headings)]
    assert max(turns) < 45
    assert sum(turn > 1 for turn in turns) > len(turns) / 3


def test_a_road_passes_near_its_waypoints() -> None:
    waypoints = [RoutePoint(47.0, 9.0, 400), RoutePoint(47.05, 9.1, 500), RoutePoint(47.0, 9.2, 450)]
    road = road_through(waypoints)
    for waypoint in waypoints:
        nearest = min(
            geo.distance_m(waypoint.lat, waypoint.lon, place.lat, place.lon)
            for place in map(road.at, range(0, int(road.length_m), 20))
        )
        assert nearest < 80


def test_bends_are_ridden_more_slowly_than_straights() -> None:
    straight = Route([RoutePoint(47, 9), RoutePoint(47.1, 9)])
    corner = Route([RoutePoint(47, 9), RoutePoint(47.001, 9), RoutePoint(47.001, 9.01)])
    assert straight.comfortable_speed(100) == math.inf
    assert corner.comfortable_speed(100) < 10


def test_altitude_is_interpolated_and_unknown_where_the_route_does_not_say() -> None:
    climb = Route([RoutePoint(47, 9, 400), RoutePoint(47.01, 9, 500)])
    assert climb.at(climb.length_m / 2).altitude == pytest.approx(450)
    assert Route([RoutePoint(47, 9), RoutePoint(47.01, 9, 500)]).at(5).altitude is None
