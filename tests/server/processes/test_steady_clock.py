"""The steady clock: what it believes, what it does not, and that it only ever goes back by a step that it believes."""

import asyncio
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from cavalcade.server.processes.clock import TIME_OF_DAY, now_ms
from cavalcade.server.processes.steady_clock import BELIEVED_AFTER_S, STEP_MS, SteadyClock, Step

MINUTE, HOUR = 60_000, 3_600_000
START = 1_800_000_000_000


@dataclass
class Machine:
    """A machine whose two clocks a test moves; ms."""

    steady: int = 5_000
    ahead: int = START - 5_000

    def clock(self) -> SteadyClock:
        """The clock of a process that starts now."""
        return SteadyClock(lambda: self.day * 1_000_000, lambda: self.steady * 1_000_000)

    @property
    def day(self) -> int:
        """What the machine's clock says."""
        return self.steady + self.ahead

    def passes(self, clock: SteadyClock, ms: int) -> None:
        """Lets time pass, with a look at the clock each second at least."""
        end = self.steady + ms
        while self.steady < end:
            self.steady = min(end, self.steady + 1_000)
            clock.now()


def test_a_clock_that_nobody_sets_is_the_time_of_day() -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(10):
        assert clock.now() == machine.day
        machine.steady += 12_345
    assert not clock.take_steps()


def test_what_is_set_and_set_back_within_a_minute_is_never_seen() -> None:
    for step in (HOUR, -HOUR, 9 * HOUR):
        machine = Machine()
        clock = machine.clock()
        machine.ahead += step
        for _ in range(BELIEVED_AFTER_S):
            assert clock.now() == machine.day - step
            machine.steady += 999
        assert clock.is_in_doubt
        machine.ahead -= step
        machine.passes(clock, 1)
        assert clock.now() == machine.day
        assert not clock.take_steps()


def test_a_step_is_believed_after_a_minute_in_which_it_stayed() -> None:
    for step in (HOUR, -HOUR):
        machine = Machine()
        clock = machine.clock()
        machine.passes(clock, 10_000)
        machine.ahead += step
        noticed_at = clock.now()
        assert noticed_at == START + 10_000
        machine.passes(clock, MINUTE - 1)
        assert clock.now() == START + 10_000 + MINUTE - 1
        machine.passes(clock, 1)
        assert clock.now() == machine.day
        assert clock.take_steps() == [Step(noticed_at, step)]
        assert not clock.take_steps()


def test_the_minute_begins_again_with_each_step() -> None:
    machine = Machine()
    clock = machine.clock()
    noticed_at = clock.now()
    for _ in range(20):
        machine.ahead += HOUR
        clock.now()
        machine.passes(clock, MINUTE // 2)
    assert clock.now() == START + 10 * MINUTE
    assert not clock.take_steps()
    machine.passes(clock, MINUTE // 2)
    assert clock.now() == machine.day
    assert clock.take_steps() == [Step(noticed_at, 20 * HOUR)]


def test_a_machine_that_slept_is_believed_a_minute_after_it_woke() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passes(clock, 10_000)
    machine.ahead += 2 * HOUR  # the steady clock stood still
    assert clock.now() == START + 10_000
    machine.passes(clock, MINUTE)
    assert clock.now() == machine.day == START + 10_000 + 2 * HOUR + MINUTE


def test_small_corrections_are_believed_at_once_and_never_turn_time_back() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.ahead += STEP_MS - 1
    assert clock.now() == machine.day
    before = clock.now()
    machine.ahead -= STEP_MS - 1
    assert clock.now() == before
    machine.steady += STEP_MS - 1
    assert clock.now() == machine.day
    assert not clock.take_steps()


def test_times_that_were_noted_before_a_step_are_corrected() -> None:
    forward = Step(since=START, by=HOUR)
    now = START + MINUTE + HOUR
    assert forward.corrected(START - 5_000, now) == START - 5_000
    assert forward.corrected(START + 5_000, now) == START + 5_000 + HOUR
    back = Step(since=START, by=-HOUR)
    now = START + MINUTE - HOUR
    assert back.corrected(START + 5_000, now) == START + 5_000 - HOUR
    assert back.corrected(START - 5_000, now) == START - 5_000 - HOUR, (
        "a clock that was ahead has noted what lies ahead"
    )
    assert back.corrected(now + 2 * HOUR, now) == now
    assert back.corrected(START - 2 * HOUR, now) == START - 2 * HOUR


steps = st.one_of(st.just(0), st.integers(-10 * 86_400_000, 10 * 86_400_000), st.integers(-2 * STEP_MS, 2 * STEP_MS))


@given(st.lists(st.tuples(st.integers(0, 90_000), steps), max_size=60))
def test_time_goes_on_whatever_the_machine_says(readings: list[tuple[int, int]]) -> None:
    machine = Machine()
    clock = machine.clock()
    shown = clock.now()
    for elapsed, step in readings:
        machine.steady += elapsed
        machine.ahead += step
        before, shown = shown, clock.now()
        believed = clock.take_steps()
        assert len(believed) <= 1
        if believed:
            assert abs(believed[0].by) >= STEP_MS
            assert shown == machine.day, "what is believed is what the machine says"
        else:
            assert shown >= before
            assert abs(shown - before - elapsed) < 2 * STEP_MS, "as much time as has passed"
        if not clock.is_in_doubt:
            assert abs(shown - machine.day) < STEP_MS


@given(steps, st.integers(1, 1_000))
def test_whatever_the_step_a_minute_later_the_machine_is_right(step: int, every: int) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.ahead += step
    for _ in range(MINUTE // every + 2):
        clock.now()
        machine.steady += every
    assert abs(clock.now() - machine.day) < STEP_MS
    assert not clock.is_in_doubt


async def test_the_watch_tells_of_each_step_once_and_of_no_aberration() -> None:
    machine = Machine()
    clock = machine.clock()
    told: list[Step] = []
    come = asyncio.Event()

    def stepped(step: Step) -> None:
        told.append(step)
        come.set()

    machine.ahead += HOUR
    machine.passes(clock, MINUTE // 2)
    machine.ahead -= HOUR
    machine.passes(clock, MINUTE)
    machine.ahead -= HOUR
    machine.passes(clock, 2 * MINUTE)
    watching = asyncio.create_task(clock.watch(stepped))
    await asyncio.wait_for(come.wait(), 30)
    watching.cancel()
    assert [step.by for step in told] == [-HOUR]


def test_this_process_has_one_clock() -> None:
    assert now_ms == TIME_OF_DAY.now
