"""The time of day for code that must not be fooled when somebody or something sets the clock.

The machine's clock says what time it is, and may be set at any moment: by hand, by a time server, after a sleep. The
monotonic clock says how much time has passed, and is never set. Here the two are compared at each reading. A step of
the first against the second is believed after a minute in which it stayed; until then time goes on by the second.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import structlog

BELIEVED_AFTER_S: Final = 60
"""For how long the clock must have been steady after a step before the step is believed."""

STEP_MS: Final = 1_000
"""Below this it is no step: time servers correct by so much all the time, and are believed at once."""

LOOK_S: Final = 1.0

_NS_PER_MS: Final = 1_000_000
_STEP_NS: Final = STEP_MS * _NS_PER_MS
_BELIEVED_AFTER_NS: Final = BELIEVED_AFTER_S * 1000 * _NS_PER_MS

_log = structlog.get_logger(__name__)


class Step(NamedTuple):
    """A step of the machine's clock that is believed from now on.

    Attributes:
        since: When it was noticed, by the clock as it was before, ms since the epoch.
        by: How far the clock was set, ms; negative where it was set back.
    """

    since: int
    by: int

    def corrected(self, at: int, now: int) -> int:
        """What a time that was noted before the step was believed is after it.

        Args:
            at: The noted time, ms since the epoch.
            now: The time now, with the step believed.

        Returns:
            What was noted while the step was in doubt moves with the clock, and so does what lies in the future after
            it: a clock that was ahead has noted that. Neither becomes younger than it is.
        """
        return min(at + self.by if at >= self.since or at > now else at, now)


class SteadyClock:
    """The time of day, which steps a minute later than the machine's clock, and not at all for a short aberration."""

    def __init__(
        self, time_of_day: Callable[[], int] = time.time_ns, steady: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """Believes what the machine's clock says now.

        Args:
            time_of_day: The machine's clock, ns since the epoch.
            steady: Nanoseconds that are never set; from where they count does not matter.
        """
        self._time_of_day, self._steady = time_of_day, steady
        began = steady()
        self._ahead = time_of_day() - began
        """The time of day less the steady one, as it is believed, ns."""
        self._newest = 0
        self._doubt: _Doubt | None = None
        self._steps: list[Step] = []

    @property
    def is_in_doubt(self) -> bool:
        """Whether the machine's clock said something at the last reading that is not believed yet."""
        return self._doubt is not None

    def now(self) -> int:
        """The time of day, ms since the epoch; it goes back by a step that is believed and by nothing else."""
        steady = self._steady()
        ahead = self._time_of_day() - steady
        if -_STEP_NS < ahead - self._ahead < _STEP_NS:
            self._ahead = ahead
            self._doubt = None
        else:
            self._consider(ahead, steady)
        now = (steady + self._ahead) // _NS_PER_MS
        if now < self._newest:
            return self._newest
        self._newest = now
        return now

    def take_steps(self) -> list[Step]:
        """The steps that have been believed since this was asked last, in their order."""
        steps, self._steps = self._steps, []
        return steps

    async def watch(self, stepped: Callable[[Step], None] = lambda _: None) -> None:
        """Reads the clock once a second, so that steps are noticed when they happen; until cancelled.

        Args:
            stepped: Called with each step that is believed, to correct the times that were noted before.
        """
        was_in_doubt = False
        while True:
            await asyncio.sleep(LOOK_S)
            self.now()
            steps = self.take_steps()
            for step in steps:
                _log.warning("clock_step_believed", seconds=round(step.by / 1000, 1))
                stepped(step)
            if self._doubt is not None and not was_in_doubt:
                apart_s = (self._doubt.ahead - self._ahead) / 1000 / _NS_PER_MS
                _log.warning("clock_step_doubted", seconds=round(apart_s, 1), believed_after_s=BELIEVED_AFTER_S)
            elif was_in_doubt and self._doubt is None and not steps:
                _log.warning("clock_came_back")
            was_in_doubt = self._doubt is not None

    def _consider(self, ahead: int, steady: int) -> None:
        """Takes a reading that does not fit to what is believed."""
        doubt = self._doubt
        if doubt is None:
            self._doubt = _Doubt(ahead, since=steady, began=steady)
        elif not -_STEP_NS < ahead - doubt.ahead < _STEP_NS:
            self._doubt = _Doubt(ahead, since=steady, began=doubt.began)
        elif steady - doubt.since >= _BELIEVED_AFTER_NS:
            self._steps.append(Step((doubt.began + self._ahead) // _NS_PER_MS, (ahead - self._ahead) // _NS_PER_MS))
            self._ahead, self._doubt, self._newest = ahead, None, 0


class _Doubt(NamedTuple):
    """A step that is not believed yet.

    Attributes:
        ahead: The time of day less the steady one since the step, ns.
        since: From when on the clock has been steady again, by the steady clock, ns.
        began: When it last was as it is believed, or a moment later.
    """

    ahead: int
    since: int
    began: int
