"""What the receiver is asked for, over rides that are simulated and over ones that nobody would ride."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.device.policy import HEARTBEAT_MS, Pace, Pacing, take, tuning
from cavalcade.domain import geo
from cavalcade.domain.fix import Fix
from cavalcade.simulate.receiver import Motion, Receiver


def ride(speed: float, seconds: int, start: Pacing | None = None, at: int = 0) -> tuple[Pacing, list[int]]:
    """Rides straight on with a fix a second from a receiver that wanders, and says when fixes were sent."""
    receiver, pacing, sent = Receiver(Random(1)), start or Pacing(), []
    lat = pacing.last.lat if pacing.last else 47.6
    for second in range(at, at + seconds):
        lat, lon = geo.destination(lat, 9.18, 0, speed)
        fix = receiver.observe(Motion(lat, lon, 0.0, speed), second * 1000, 1.0)
        if fix is None or (fix.accuracy or 0) > 60:
            continue
        pacing, sends = take(pacing, fix, second * 1000)
        if sends:
            sent.append(second)
    return pacing, sent


def test_a_ride_is_sent_each_second() -> None:
    pacing, sent = ride(25, 60)
    assert pacing.pace is Pace.FAST
    assert len(sent) > 45


def test_a_walk_is_sent_every_few_seconds() -> None:
    pacing, sent = ride(1.4, 120, ride(25, 5)[0], at=10)
    assert pacing.pace is Pace.SLOW
    assert 20 < len(sent) < 60


def test_a_stop_is_sent_now_and_then_and_never_looks_old() -> None:
    moving, _ = ride(25, 10)
    pacing, sent = ride(0, 300, moving, at=10)
    assert pacing.pace is Pace.STANDING
    late = [second for second in sent if second > 40]
    gaps = [b - a for a, b in pairwise(late)]
    assert max(gaps) < 30
    assert len(late) < 50


def test_a_crossing_is_no_stop_and_moving_off_is_seen_at_once() -> None:
    moving, _ = ride(25, 10)
    assert ride(0, 10, moving, at=10)[0].pace is Pace.FAST
    standing, _ = ride(0, 60, moving, at=10)
    assert ride(12, 2, standing, at=70)[0].pace is Pace.FAST


def test_a_low_battery_asks_for_half_and_for_less_exact_fixes() -> None:
    for pace in Pace:
        assert tuning(pace, 15).interval_ms == 2 * tuning(pace, 80).interval_ms
        assert not tuning(pace, 20).is_exact
        assert tuning(pace, None).is_exact


def test_a_coarse_fix_waits_for_a_better_one() -> None:
    pacing, _ = take(Pacing(), Fix(47.6, 9.18, accuracy=10, speed=20), 0)
    assert not take(pacing, Fix(47.7, 9.18, accuracy=1_500), 15_000)[1]
    assert take(pacing, Fix(47.7, 9.18, accuracy=1_500), 30_000)[1]


fixes = st.builds(
    Fix,
    st.floats(-90, 90),
    st.floats(-180, 180),
    accuracy=st.none() | st.floats(0, 5_000),
    speed=st.none() | st.floats(0, 90),
)


@pytest.mark.parametrize("battery", [None, 5, 80])
@given(st.lists(st.tuples(fixes, st.integers(0, 10_000)), min_size=1, max_size=60))
def test_nobody_is_silent_for_long_while_the_receiver_speaks(
    battery: int | None, readings: list[tuple[Fix, int]]
) -> None:
    pacing, now, last_sent = Pacing(), 0, None
    for fix, later in readings:
        now += later
        pacing, sends = take(pacing, fix, now, battery)
        if sends:
            last_sent = now
        assert last_sent is not None
        assert now - last_sent < HEARTBEAT_MS
