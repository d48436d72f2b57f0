"""When the loop waits for more positions, by a clock of the test's own."""

from collections.abc import Callable

import pytest

from cavalcade.server.processes.clock import LATE_S
from cavalcade.server.sockets.read_coalescing import MAX_GATHER_S, ReadCoalescing

WAIT_S = 0.01


class Loop:
    """A loop whose time passes where the test says so."""

    def __init__(self, window_s: float = 0.1) -> None:
        self.moment = 100.0
        self.slept: list[float] = []
        self.ready: list[Callable[[], None]] = []
        self.read_coalescing = ReadCoalescing(self.ready.append, window_s, lambda: self.moment, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(self.moment)
        self.moment += seconds

    def turn(self, *, positions: int, work_s: float) -> None:
        """Reads positions, which takes a while, then runs what is ready."""
        for _ in range(positions):
            self.read_coalescing.expect_more()
        self.moment += work_s
        while self.ready:
            self.ready.pop(0)()


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_positions_in_quick_succession_are_gathered(loop: Loop) -> None:
    for _ in range(10):
        loop.turn(positions=5, work_s=0.0005)
    assert len(loop.slept) == 9  # all but the first, of which nobody could know that more would come
    assert loop.moment == pytest.approx(100 + 10 * 0.0005 + 9 * WAIT_S)


def test_the_loop_waits_once_for_all_that_was_read_together(loop: Loop) -> None:
    loop.read_coalescing.expect_more()
    loop.read_coalescing.expect_more()
    assert len(loop.ready) == 1


def test_whoever_was_handed_a_position_takes_it_in_before_the_loop_waits(loop: Loop) -> None:
    loop.turn(positions=1, work_s=0)
    taken_in: list[float] = []
    loop.read_coalescing.expect_more()
    loop.ready.append(lambda: taken_in.append(loop.moment))
    loop.turn(positions=1, work_s=0)
    assert taken_in == loop.slept == [100.0]


def test_nothing_waits_for_positions_that_are_few(loop: Loop) -> None:
    for _ in range(10):
        loop.turn(positions=1, work_s=0.0001)
        loop.moment += WAIT_S  # until the next one
    assert not loop.slept


def test_a_busy_loop_does_not_wait(loop: Loop) -> None:
    for _ in range(10):
        loop.turn(positions=50, work_s=WAIT_S)
    assert not loop.slept


def test_without_positions_it_never_waits(loop: Loop) -> None:
    loop.turn(positions=0, work_s=0.0)
    assert not loop.ready
    assert not loop.slept


@pytest.mark.parametrize(("window_s", "wait_s"), [(0.02, 0.002), (0.1, 0.01), (0.25, 0.025), (0.5, 0.03), (1.0, 0.03)])
def test_it_waits_for_a_tenth_of_the_window_and_never_long(window_s: float, wait_s: float) -> None:
    assert Loop(window_s).read_coalescing.wait_s == pytest.approx(wait_s)


def test_waiting_is_not_taken_for_overload() -> None:
    """A loop that works for just less than half of a wait waits again; what came at its start is that late."""
    loop = Loop(1.0)
    loop.turn(positions=1, work_s=0)
    began = loop.moment
    loop.turn(positions=1, work_s=0.49 * MAX_GATHER_S)
    assert loop.slept
    assert loop.moment - began < LATE_S
