"""Convoys: they go forward, keep apart, stop and overtake, and the same luck gives the same ride."""

import itertools
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from cavalcade.simulate.convoy import SHORTEST_GAP_M, Convoy
from cavalcade.simulate.route import Route, RoutePoint, lake_tour

TOUR = lake_tour()
SHORT = Route([RoutePoint(47.0, 9.0), RoutePoint(47.001, 9.0), RoutePoint(47.001, 9.001)])


@settings(deadline=None, max_examples=40)
@given(size=st.integers(1, 30), seed=st.integers(), step=st.floats(0.05, 30), route=st.sampled_from([TOUR, SHORT]))
def test_riders_only_go_forward_and_at_plausible_speeds(size: int, seed: int, step: float, route: Route) -> None:
    convoy = Convoy(route, size, Random(seed))
    before = [rider.distance_m for rider in convoy.riders]
    for _ in range(20):
        convoy.advance(step)
        after = [rider.distance_m for rider in convoy.riders]
        assert all(b >= a for a, b in zip(before, after, strict=True))
        assert all(0 <= rider.speed < 35 for rider in convoy.riders)
        before = after


@settings(deadline=None, max_examples=20)
@given(seed=st.integers())
def test_riders_behind_one_another_keep_apart(seed: int) -> None:
    convoy = Convoy(TOUR, 10, Random(seed))
    for _ in range(300):
        convoy.advance(1.0)
        in_line = sorted(r.distance_m for r in convoy.riders if not any(o.overtakes for o in convoy.riders))
        gaps = [ahead - behind for behind, ahead in itertools.pairwise(in_line)]
        assert all(gap > SHORTEST_GAP_M / 6 for gap in gaps)


def test_the_same_luck_gives_the_same_ride() -> None:
    rides = []
    for _ in range(2):
        convoy = Convoy(TOUR, 8, Random(7))
        convoy.advance(900)
        rides.append([convoy.motion(rider) for rider in convoy.riders])
    assert rides[0] == rides[1]


def test_an_hour_has_stops_overtakes_and_a_good_way() -> None:
    convoy = Convoy(TOUR, 8, Random(1))
    start = [rider.distance_m for rider in convoy.riders]
    stopped = orders = 0
    order = sorted(range(8), key=lambda n: convoy.riders[n].distance_m)
    for _ in range(3600):
        convoy.advance(1.0)
        stopped += any(rider.speed < 0.5 for rider in convoy.riders)
        now = sorted(range(8), key=lambda n: convoy.riders[n].distance_m)
        orders += now != order
        order = now
    assert 60 < stopped < 1200
    assert orders > 5
    assert all(30_000 < rider.distance_m - begin < 90_000 for rider, begin in zip(convoy.riders, start, strict=True))
    spread = max(r.distance_m for r in convoy.riders) - min(r.distance_m for r in convoy.riders)
    assert spread < 2_000


def test_riders_share_the_lane() -> None:
    convoy = Convoy(TOUR, 2, Random(1))
    convoy.advance(30)
    sides = {rider.side_m for rider in convoy.riders}
    assert len(sides) == 2
