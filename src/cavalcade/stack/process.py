"""One process of the stack: started under a watchdog, awaited until it serves, stopped in good order."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cavalcade.stack import environments, parent_watchdog, private_files
from cavalcade.stack.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

_POLL_S = 0.02
_LAST_LINES = 15
_LEAST_FREE = 64 * 1024
_DISK_FULL = "No space left on device"


@dataclass(frozen=True, slots=True)
class Service:
    """How a process is started, how one knows that it can serve, and how it is stopped."""

    name: str
    """What people call it, as in "PostgreSQL"."""

    command: Sequence[str]

    ready: Callable[[], Awaitable[bool]]
    """Asked every 20 ms from the start on: True once the process can serve. It must not raise."""

    log: Path | None
    """Where its output goes; None for the terminal (standard error)."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that it has beside those of ``environments.of_every_program``."""

    stop_signal: signal.Signals = signal.SIGTERM
    ready_within_s: float = 30.0
    stop_within_s: float = 10.0
    """Seconds it may take over stopping before it is killed."""

    before_start: Callable[[], None] = lambda: None
    """Done before each start, such as removing a socket that a killed process left behind."""

    before_stop: Callable[[], Awaitable[None]] | None = None
    """Done before it is asked to end, where it still runs. It must not raise, and must bound its own time."""


class Process:
    """A running service. Make one with :meth:`start`."""

    def __init__(self, service: Service, watched: asyncio.subprocess.Process) -> None:
        self.service = service
        self._watched = watched

    @classmethod
    async def start(cls, service: Service, held: Sequence[int] = ()) -> Process:
        """Start a service, without waiting until it can serve.

        Args:
            service: What to start.
            held: File descriptors that the watchdog keeps open for as long as the process lives, such as the lock of a
                data directory. The process itself does not get them.

        Raises:
            StackError: Its log is not a file of this user's own.
        """
        service.before_start()
        if service.log:
            _check_log(service.log)
        options = ["--signal", str(int(service.stop_signal)), "--grace", str(service.stop_within_s)]
        # What the process is told is no business of the watchdog's, so it comes by another way than its environment.
        options.append("--environment")
        system = environments.of_every_program()
        if service.log:
            options += ["--log", str(service.log)]
        watched = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", parent_watchdog.__file__, *options, "--", *service.command),
            stdin=asyncio.subprocess.PIPE,
            stdout=None if service.log is None else asyncio.subprocess.DEVNULL,
            env=system,
            pass_fds=held,
            # Out of the terminal's group: ctrl-C must reach `up` alone, which then stops everything in order.
            start_new_session=True,
        )
        assert watched.stdin
        watched.stdin.write(json.dumps({**system, **service.environment}).encode() + b"\n")
        return cls(service, watched)

    @property
    def watchdog_pid(self) -> int:
        """The watchdog's process id; the service is its only child."""
        return self._watched.pid

    async def until_ready(self) -> None:
        """Wait until the service can serve.

        Raises:
            StackError: It ended instead, or took longer than ``ready_within_s``; with its last lines.
        """
        deadline = time.monotonic() + self.service.ready_within_s
        while not await self.service.ready():
            if self._watched.returncode is not None:
                raise self.failed(f"{self.service.name} ended while starting (exit code {self._watched.returncode}).")
            if time.monotonic() > deadline:
                raise self.failed(f"{self.service.name} was not ready within {self.service.ready_within_s:.0f} s.")
            await asyncio.sleep(_POLL_S)

    async def wait(self) -> int:
        """Wait for the end of the service and return its exit code."""
        return await self._watched.wait()

    async def stop(self) -> None:
        """Ask the service to end, and wait for it; it is killed when that takes longer than ``stop_within_s``."""
        if self.service.before_stop is not None and self._watched.returncode is None:
            await self.service.before_stop()
        if self._watched.stdin:
            self._watched.stdin.close()
        await self._watched.wait()

    def met_full_disk(self) -> bool:
        """Whether the last that the service said was that the disk is full, or the log could not even take that."""
        log = self.service.log
        if log is None or not log.exists():
            return False
        return _DISK_FULL in last_lines(log) or shutil.disk_usage(log.parent).free < _LEAST_FREE

    def failed(self, problem: str) -> StackError:
        """The error to raise for ``problem`` with this service: with its last lines and where the others are."""
        lines = last_lines(self.service.log)
        if _DISK_FULL in lines:
            return StackError(f"{problem} The disk is full.", "Free some space and start again.", lines)
        advice = f"Its whole log is {self.service.log}." if self.service.log else "Its output is above."
        return StackError(problem, advice, lines)


def _check_log(log: Path) -> None:
    try:
        os.close(private_files.open_file(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    except OSError:
        # A full disk, for example: the watchdog loses lines then, and the process runs.
        return


def last_lines(log: Path | None, most: int = _LAST_LINES) -> str:
    """The last lines of a log file, or nothing where there is none of this user's own."""
    if log is None:
        return ""
    try:
        descriptor = private_files.open_file(log, os.O_RDONLY)
    except (OSError, StackError):
        return ""
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        return "".join(deque(file, most)).rstrip()
