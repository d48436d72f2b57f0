"""Calls to regroup among simulated riders: who comes, who is missing for what reason, and that all come after all."""

from __future__ import annotations

from random import Random

import pytest

from cavalcade.domain.geo import distance_m
from cavalcade.simulate.convoy import Convoy, Manner
from cavalcade.simulate.regrouping import RADIUS_M, Reason, Regrouping, Times
from cavalcade.simulate.tours import helsinki_tour

TIMES = Times(ride_s=30, missing_s=120, ahead_m=300)


def called(seed: int, riders: int = 12) -> tuple[Convoy, Regrouping, tuple[float, float]]:
    convoy = Convoy(helsinki_tour(), riders, Random(seed))
    regrouping = Regrouping(convoy, Random(seed), TIMES)
    while (where := regrouping.advance(1.0)) is None:
        convoy.advance(1.0)
    return convoy, regrouping, where


def passes(convoy: Convoy, regrouping: Regrouping, seconds: int) -> None:
    for _ in range(seconds):
        convoy.advance(1.0)
        assert regrouping.advance(1.0) is None


def there(convoy: Convoy, where: tuple[float, float]) -> set[int]:
    motions = [convoy.motion(rider) for rider in convoy.riders]
    return {who for who, one in enumerate(motions) if distance_m(*where, one.lat, one.lon) < RADIUS_M}


@pytest.mark.parametrize("seed", range(8))
def test_all_but_three_come_and_then_those_three(seed: int) -> None:
    convoy, regrouping, where = called(seed)
    missing = {why: who for who, why in regrouping.missing.items()}
    assert set(missing) == set(Reason)
    assert 0 not in missing.values()
    before = {who: rider.distance_m for who, rider in enumerate(convoy.riders)}
    passes(convoy, regrouping, 115)
    stopped, turned = convoy.riders[missing[Reason.STOPPED]], convoy.riders[missing[Reason.TURNED_BACK]]
    assert stopped.speed == 0
    assert not stopped.rides_back
    assert turned.distance_m < before[missing[Reason.TURNED_BACK]] - 300
    assert [who for who, rider in enumerate(convoy.riders) if regrouping.is_silent(rider)] == [missing[Reason.SILENT]]
    assert there(convoy, where) == set(range(12)) - {missing[Reason.STOPPED], missing[Reason.TURNED_BACK]}
    passes(convoy, regrouping, 400)
    assert regrouping.missing == {}
    assert there(convoy, where) == set(range(12))
    regrouping.end()
    convoy.advance(60)
    assert convoy.first.speed > 3
    assert all(rider.manner is Manner.RIDES for rider in convoy.riders)


def test_few_riders_all_come() -> None:
    convoy, regrouping, where = called(1, riders=3)
    assert regrouping.missing == {}
    passes(convoy, regrouping, 90)
    assert there(convoy, where) == {0, 1, 2}


def test_there_is_one_call_after_another() -> None:
    convoy, regrouping, _ = called(1)
    regrouping.end()
    called_at = []
    for second in range(1, 61):
        convoy.advance(1.0)
        if regrouping.advance(1.0) is not None:
            called_at.append(second)
            regrouping.end()
    assert called_at == [30, 60]


def test_who_turns_back_brakes_first_and_rides_back_the_way_they_came() -> None:
    convoy = Convoy(helsinki_tour(), 2, Random(1))
    convoy.advance(30)
    rider = convoy.riders[1]
    rider.manner = Manner.TURNED
    speeds = []
    for _ in range(60):
        convoy.advance(0.5)
        speeds.append(rider.speed)
    assert min(speeds) == 0 < speeds[-1]
    back, rider.rides_back = convoy.motion(rider), False
    assert (back.heading - convoy.motion(rider).heading) % 360 == pytest.approx(180)
    rider.rides_back = True
    rider.manner = Manner.RIDES
    lowest = rider.distance_m
    convoy.advance(60)
    assert rider.distance_m > lowest
    assert not rider.rides_back
