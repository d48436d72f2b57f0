"""The ways that come with Cavalcade."""

from random import Random

import pytest

from cavalcade.domain import geo
from cavalcade.simulate.convoy import Convoy
from cavalcade.simulate.tours import TOURS, helsinki_tour

WEST, SOUTH, EAST, NORTH = 24.9310, 60.1620, 24.9576, 60.1813
"""What the page's own street map covers."""


@pytest.mark.parametrize("name", TOURS)
def test_a_tour_leads_back_to_its_start(name: str) -> None:
    tour = TOURS[name]()
    start, end = tour.at(0), tour.at(tour.length_m)
    assert geo.distance_m(start.lat, start.lon, end.lat, end.lon) < 1


def test_the_streets_of_helsinki_are_ridden_where_the_page_has_a_map_of_them() -> None:
    tour = helsinki_tour()
    assert 6_000 < tour.length_m < 9_000
    for metres in range(0, int(tour.length_m), 10):
        place = tour.at(metres)
        assert WEST < place.lon < EAST
        assert SOUTH < place.lat < NORTH


def test_nobody_rides_through_a_city_as_on_a_country_road() -> None:
    convoy = Convoy(helsinki_tour(), 6, Random(3))
    fastest = 0.0
    for _ in range(600):
        convoy.advance(0.5)
        fastest = max(fastest, *(rider.speed for rider in convoy.riders if rider.overtakes is None))
    assert 8 < fastest < 14
