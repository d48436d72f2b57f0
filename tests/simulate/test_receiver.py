"""Receivers: fixes that a server accepts, with the faults that real ones have."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain import geo
from cavalcade.domain.fix import Fix, accept
from cavalcade.simulate.receiver import Motion, Receiver

NOW = 1_800_000_000_000
HERE = Motion(47.66, 9.18, 45.0, 22.0, 400.0)

motions = st.builds(
    Motion,
    st.floats(-89, 89),
    st.floats(-180, 180),
    st.floats(0, 360, exclude_max=True),
    st.floats(0, 300),
    st.none() | st.floats(-400, 9000),
)


def observe(seconds: int, seed: int = 1, truth: Motion = HERE) -> list[Fix | None]:
    receiver = Receiver(Random(seed))
    return [receiver.observe(truth, NOW + second * 1000, 1.0) for second in range(seconds)]


def error_m(fix: Fix) -> float:
    return geo.distance_m(HERE.lat, HERE.lon, fix.lat, fix.lon)


@given(motion=motions, seed=st.integers())
def test_every_fix_is_accepted(motion: Motion, seed: int) -> None:
    for fix in observe(20, seed, motion):
        assert fix is None or accept(fix, NOW + 60_000) is not None


def test_the_same_luck_gives_the_same_fixes() -> None:
    assert observe(600) == observe(600)


def test_most_fixes_are_near_and_say_so() -> None:
    fixes = [fix for seed in range(20) for fix in observe(600, seed) if fix is not None]
    errors = sorted(error_m(fix) for fix in fixes)
    assert errors[len(errors) // 2] < 10
    within = sum(error_m(fix) <= (fix.accuracy or 0) for fix in fixes) / len(fixes)
    assert 0.5 < within < 0.95


def test_now_and_then_one_is_far_off_and_reports_a_worse_accuracy() -> None:
    fixes = [fix for seed in range(20) for fix in observe(600, seed) if fix is not None]
    outliers = [fix for fix in fixes if error_m(fix) > 90]
    assert 0 < len(outliers) < len(fixes) / 50
    assert all((fix.accuracy or 0) >= 40 for fix in outliers)
    assert all(error_m(fix) < 310 for fix in outliers)


def test_errors_wander_and_do_not_jump() -> None:
    steps = [
        geo.distance_m(a.lat, a.lon, b.lat, b.lon)
        for seed in range(20)
        for a, b in pairwise(observe(300, seed))
        if a is not None and b is not None and error_m(a) < 90 and error_m(b) < 90
    ]
    assert sorted(steps)[len(steps) // 2] < 2.5


def test_there_are_gaps_of_several_seconds() -> None:
    fixes = [observe(600, seed) for seed in range(20)]
    missing = sum(fix is None for series in fixes for fix in series)
    assert 0.005 < missing / (20 * 600) < 0.1


def test_a_receiver_that_stands_still_knows_no_heading() -> None:
    still = observe(10, truth=Motion(47.0, 9.0, 90.0, 0.0))
    assert all(fix is None or (fix.heading is None and fix.speed == 0.0) for fix in still)


def test_the_battery_drains() -> None:
    batteries = [fix.battery for fix in observe(7200) if fix is not None and fix.battery is not None]
    assert batteries == sorted(batteries, reverse=True)
    assert batteries[0] > batteries[-1] >= 1
