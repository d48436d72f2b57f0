"""Supervision as OTP knows it: children that are started again when they fail, so often and no more.

A process is a coroutine that runs as an asyncio task. A supervisor starts children in order, restarts the one that
failed (one_for_one), gives up when they fail too often (then it fails itself, and its own supervisor decides), and
stops them in reverse order with a time limit each. The terms are those of Erlang's `supervisor` documentation.
"""

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

_log = structlog.get_logger(__name__)

KILL_S: Final = 1.0
"""How long a child that was cancelled has before it is left behind."""


class Restart(StrEnum):
    """When a child is started again."""

    PERMANENT = "permanent"
    """Always, also when it ended by itself."""

    TRANSIENT = "transient"
    """Only when it failed."""

    TEMPORARY = "temporary"
    """Never."""


@dataclass(frozen=True, slots=True)
class Intensity:
    """How many restarts within how many seconds are still taken for accidents."""

    restarts: int = 3
    seconds: float = 5.0


class IntensityReached(Exception):
    """Children failed more often than their supervisor's intensity allows."""


@dataclass(frozen=True, slots=True)
class Child:
    """What a supervisor needs to know of a child.

    Attributes:
        name: Unique among its siblings.
        start: Makes the coroutine that the child is; called again for each restart.
        restart: When it is started again.
        shutdown_s: How long it may take to stop once it is cancelled.
        about: One line for people who look at the tree.
    """

    name: str
    start: Callable[[], Coroutine[object, object, None]]
    restart: Restart = Restart.PERMANENT
    shutdown_s: float = 5.0
    about: str = ""


class RestartBudget:
    """Counts restarts within a sliding time."""

    __slots__ = ("_intensity", "_moments")

    def __init__(self, intensity: Intensity) -> None:
        """Starts with nothing counted."""
        self._intensity = intensity
        self._moments: deque[float] | None = None

    def spend(self, moment: float) -> bool:
        """Counts a restart at a moment (seconds, monotonic); False where it is one too many."""
        if self._moments is None:
            self._moments = deque()
        self._moments.append(moment)
        while self._moments[0] <= moment - self._intensity.seconds:
            self._moments.popleft()
        return len(self._moments) <= self._intensity.restarts


@dataclass(slots=True, eq=False)
class Running:
    """A child as it is now."""

    child: Child
    task: asyncio.Task[None] | None = None
    restarts: int = 0
    last_failure: str = ""
    reported: asyncio.Task[None] | None = None
    """The last of its tasks whose failure was reported."""


class Supervisor:
    """One level of the tree, one_for_one."""

    def __init__(self, name: str, children: Sequence[Child], intensity: Intensity | None = None) -> None:
        """Prepares a supervisor; `run` starts the children.

        Args:
            name: For reports.
            children: In the order of their start.
            intensity: How many restarts are too many.
        """
        self.name = name
        self.children = [Running(child) for child in children]
        self._budget = RestartBudget(intensity or Intensity())
        self._ended: asyncio.Queue[Running]

    async def run(self) -> None:
        """Runs the children until cancelled, or until they fail too often.

        Raises:
            IntensityReached: When they do; the children are stopped first.
        """
        self._ended = asyncio.Queue()  # what ended in an earlier life of this supervisor is no news
        try:
            for running in self.children:
                self._start(running)
            while True:
                running = await self._ended.get()
                if self._wants_restart(running):
                    if not self._budget.spend(asyncio.get_running_loop().time()):
                        _log.error("restart_intensity_reached", supervisor=self.name, child=running.child.name)
                        raise IntensityReached(f"{self.name}: {running.child.name} failed too often")
                    running.restarts += 1
                    self._start(running)
        finally:
            await self._stop()

    def _start(self, running: Running) -> None:
        ended = self._ended
        task = asyncio.create_task(_life(running.child), name=f"{self.name}/{running.child.name}")
        running.task = task
        task.add_done_callback(lambda _: ended.put_nowait(running))

    def _wants_restart(self, running: Running) -> bool:
        task = running.task
        if task is None or task.cancelled():
            return running.child.restart is Restart.PERMANENT
        failure = task.exception()
        if failure is not None:
            running.last_failure, running.reported = type(failure).__name__, task
            report_crash(f"{self.name}/{running.child.name}", failure)
        if running.child.restart is Restart.PERMANENT:
            return True
        return running.child.restart is Restart.TRANSIENT and failure is not None

    async def _stop(self) -> None:
        """Stops the children in reverse order of their start."""
        try:
            for running in reversed(self.children):
                await self._stop_one(running)
        except asyncio.CancelledError:
            # Out of patience: the children that are left are cancelled as well, but not waited for.
            for running in self.children:
                if running.task is not None:
                    running.task.cancel()
            raise

    async def _stop_one(self, running: Running) -> None:
        task, name = running.task, f"{self.name}/{running.child.name}"
        if task is None:
            return
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=running.child.shutdown_s)
        if not task.done():
            _log.error("shutdown_overdue", supervisor=self.name, child=running.child.name)
            task.cancel()
            await asyncio.wait({task}, timeout=KILL_S)
        if task.cancelled() or not task.done() or running.reported is task:
            return
        if (failure := task.exception()) is not None:
            report_crash(name, failure)


async def _life(child: Child) -> None:
    """One life of a child; in here, so that one that cannot even start fails like any other."""
    await child.start()


def report_crash(process: str, failure: BaseException, message: str = "") -> None:
    """Logs a crash with its stack and the kind of the last message.

    The exception's own text stays out: it may quote what was sent. So do local variables.
    """
    frames = [
        f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
        for frame in traceback.extract_tb(failure.__traceback__)
    ]
    _log.error("process_crashed", process=process, failure=type(failure).__name__, last_message=message, frames=frames)
