"""What the tests of the stack share: short folders, free ports, and looking at processes."""

from __future__ import annotations

import asyncio
import functools
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cavalcade.settings import DATABASE_URL, REDIS_URL, SECRET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping


@pytest.fixture
def directory() -> Iterator[Path]:
    """A new folder whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-test-") as name:
        yield Path(name)


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on, and whose next one is free too (``--lan`` takes two)."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def _alive(pid: int) -> bool:
    # One that has ended may wait for its new parent to take note: ps shows it as Z.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.fixture
def until_gone() -> Callable[[set[int]], None]:
    """Waits until none of the processes is there any more; they are nobody's children here, so it has to look."""

    def wait(pids: set[int]) -> None:
        deadline = time.monotonic() + 20
        while left := {pid for pid in pids if _alive(pid)}:
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.02)

    return wait


def _descendants(pid: int) -> set[int]:
    """Every process below ``pid``."""
    rows = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (row.split() for row in rows.splitlines())}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


@pytest.fixture
def descendants() -> Callable[[int], set[int]]:
    """Finds every process below the one given."""
    return _descendants


class Up:
    """A running ``cavalcade up``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._said = ""
        self._spoke = asyncio.Condition()
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self.process.stderr
        while line := await self.process.stderr.readline():
            async with self._spoke:
                self._said += line.decode()
                self._spoke.notify_all()

    async def says(self, text: str, times: int = 1) -> None:
        """Wait until ``text`` was written to standard error ``times`` times."""
        async with asyncio.timeout(60), self._spoke:
            await self._spoke.wait_for(lambda: self._said.count(text) >= times)

    async def ready(self) -> str:
        """Wait for the line on standard output and return the address in it."""
        assert self.process.stdout
        async with asyncio.timeout(60):
            line = (await self.process.stdout.readline()).decode()
            if not line:
                await self._listening
        assert line.startswith("ready "), self.said()
        return line.split()[1]

    async def end(self, number: signal.Signals | None = None) -> int:
        """Send a signal, if one is given, and wait for the end."""
        if number and self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(60):
            await self._listening
            return await self.process.wait()

    def said(self) -> str:
        """What it wrote to standard error so far."""
        return self._said

    def below(self) -> set[int]:
        """The processes that it started, and those that these started."""
        return _descendants(self.process.pid)


@pytest.fixture
def shared_servers(migrated_url: str, redis_url: str) -> dict[str, str]:
    """Settings by which ``cavalcade up`` uses the PostgreSQL and the Valkey of all tests: it starts far sooner."""
    return {DATABASE_URL: migrated_url, REDIS_URL: redis_url, SECRET: secrets.token_urlsafe(32)}


@pytest.fixture
async def start_up() -> AsyncIterator[Callable[..., Awaitable[Up]]]:
    """Starts ``cavalcade up`` with the arguments given, and ends it after the test.

    ``open_files`` gives it a soft and a hard limit of open files.
    """
    started: list[Up] = []

    async def start(
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        open_files: tuple[int, int] | None = None,
    ) -> Up:
        limits = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, open_files) if open_files else None
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cavalcade", "up", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            preexec_fn=limits,
        )
        started.append(Up(process))
        return started[-1]

    yield start
    for each in started:
        await each.end(signal.SIGTERM)
