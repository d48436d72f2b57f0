"""Keeps the services of the stack running: starts them together, again after they die, and stops them in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING

from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Process, Service

if TYPE_CHECKING:
    from cavalcade.stack.progress import Progress

MOST_RESTARTS = 5
"""A service that dies more often than this within ``RESTART_WINDOW_S`` is given up, and the stack with it."""
RESTART_WINDOW_S = 60.0
FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
FULL_DISK_DELAY_S = 1.0


class ServiceSupervisor:
    """The running services, in the order in which they were started.

    Args:
        progress: Told about every start, end and restart.
        held: File descriptors that each service's watchdog keeps open, such as the data directory's lock.
    """

    def __init__(self, progress: Progress, held: tuple[int, ...] = ()) -> None:
        self._progress = progress
        self._held = held
        self._children: list[_Child] = []
        self._failure: asyncio.Future[StackError] = asyncio.get_running_loop().create_future()

    async def start(self, *services: Service) -> None:
        """Start services at the same time, wait until all can serve, and keep them running from then on.

        Raises:
            StackError: One of them could not start. What was started stays so until :meth:`stop`.
        """
        children = [_Child(service) for service in services]
        self._children += children
        with self._progress.starting([service.name for service in services]):
            # Spawning takes its time too, so the slowest to get ready is not kept waiting for the others' spawning.
            tasks = [asyncio.create_task(self._first_start(child)) for child in children]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        for child in children:
            child.keeper = asyncio.create_task(self._keep(child))

    def run_once(self, process: Process) -> None:
        """Take charge of a process that is stopped with the others but not started again."""
        self._children.append(_Child(process.service, process))

    def watchdogs(self) -> list[tuple[str, int]]:
        """The names of the services that run, and the process ids of their watchdogs."""
        return [(child.service.name, child.process.watchdog_pid) for child in self._children if child.process]

    async def failure(self) -> StackError:
        """Wait until a service has been given up, and return why."""
        return await asyncio.shield(self._failure)

    async def stop(self) -> None:
        """Stop every service, the last started first, each before the next."""
        for child in self._children:
            if child.keeper:
                child.keeper.cancel()
        for child in reversed(self._children):
            if child.keeper:
                with contextlib.suppress(asyncio.CancelledError):
                    await child.keeper
            if child.process:
                self._progress.say(f"Stopping {child.service.name}")
                await child.process.stop()
        self._children.clear()

    async def _first_start(self, child: _Child) -> None:
        began = time.monotonic()
        child.process = await Process.start(child.service, self._held)
        await child.process.until_ready()
        self._progress.started(child.service.name, time.monotonic() - began)

    async def _keep(self, child: _Child) -> None:
        """Start the service again whenever it ends, later each time, until it has died too often, of itself."""
        deaths: deque[float] = deque(maxlen=MOST_RESTARTS)
        while child.process:
            code = await child.process.wait()
            if child.process.met_full_disk():
                # Once somebody frees space it starts by itself; until then the other services go on.
                self._progress.warn(f"{child.service.name} ended: the disk is full; free some space")
                await self._start_again(child, FULL_DISK_DELAY_S)
                continue
            now = time.monotonic()
            while deaths and now - deaths[0] > RESTART_WINDOW_S:
                deaths.popleft()
            if len(deaths) == MOST_RESTARTS:
                problem = f"{child.service.name} ended {MOST_RESTARTS + 1} times within {RESTART_WINDOW_S:.0f} s."
                if not self._failure.done():
                    self._failure.set_result(child.process.failed(problem))
                return
            delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** len(deaths))
            deaths.append(now)
            self._progress.warn(f"{child.service.name} ended (exit code {code}); starting it again in {delay:.1f} s")
            await self._start_again(child, delay)

    async def _start_again(self, child: _Child, delay: float) -> None:
        await asyncio.sleep(delay)
        try:
            child.process = await Process.start(child.service, self._held)
            await child.process.until_ready()
        except StackError as error:
            # One that hangs is ended, and counts as one that died.
            self._progress.warn(error.problem)
            if child.process:
                await child.process.stop()
        else:
            self._progress.say(f"{child.service.name} serves again")


class _Child:
    """A service, its process once it has one, and the task that starts it again."""

    def __init__(self, service: Service, process: Process | None = None) -> None:
        self.service = service
        self.process = process
        self.keeper: asyncio.Task[None] | None = None
