"""The way of one position and of one operation through the code: the project's functions that it passes through.

A running backend is looked into while nothing happens, then while one thing happens, three times. What was called each
time, and not in between, is the thing's way, in the order of the first calls. Lambdas and comprehensions are left out:
they are part of the function around them.
"""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from cavalcade.client import Fix, LiveSession, connect
from evaluation.tracing import sitecustomize
from testbed.installations.installation import Installation, installation
from testbed.load.groups import make_groups

IDLE_S: Final = 3.0
"""How long nothing happens: longer than the timers that run again and again. Rarer ones do not come three times."""

TIMES: Final = 3

SETTLE_S: Final = 1.0
"""How long each time lasts beyond the thing itself: what is written behind, such as to Redis, is part of its way."""

FAILING: Final = "domain/session.py:decide"
"""The function that is made to fail: each operation passes through it, in both backends."""

_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Paths:
    """The ways through one backend.

    Attributes:
        position: The functions that a position passes through, as `module.py:function`.
        operation: The functions that an operation passes through.
    """

    position: list[str]
    operation: list[str]


@dataclass(frozen=True, slots=True)
class Search:
    """What an injected fault left in the logs.

    Attributes:
        lines: How many lines the log has from the moment of the fault up to the first that names the function.
        seconds: Until that line was there.
    """

    lines: int
    seconds: float


async def trace(backend: str, idle_s: float = IDLE_S, settle_s: float = SETTLE_S) -> tuple[Paths, Search]:
    """Looks at one position, one operation, and one operation that fails."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-trace-") as name:
        settings = {
            "PYTHONPATH": str(Path(sitecustomize.__file__).parent),
            "CAVALCADE_TRACE": name,
            "CAVALCADE_TRACE_FAIL": FAILING,
        }
        async with installation(backend, 1, settings=settings) as running:
            [[host, guest]] = await make_groups(running.base_url, 1, 2)
            async with connect(host) as sender, connect(guest) as watcher:
                tracer = _Tracer(running, Path(name))
                await tracer.look()  # joining
                await asyncio.sleep(idle_s)
                idle = frozenset(await tracer.look())

                async def move(number: int) -> None:
                    sender.report(Fix(60.17 + number / 1000, 24.94))
                    await watcher.wait_for(lambda session: _latitude(session, host.participant) == number, _WITHIN_S)
                    await asyncio.sleep(settle_s)

                async def rename(number: int) -> None:
                    await sender.set_profile(name=f"Name {number}")
                    await asyncio.sleep(settle_s)

                paths = Paths(await _way(tracer, move, idle), await _way(tracer, rename, idle))
                return paths, await _search(running, tracer, sender)


def _latitude(session: LiveSession, participant: int) -> int | None:
    """Which of the places somebody was last seen at."""
    position = session.positions.get(participant)
    return None if position is None else round(position.lat / 1e4) - 60_170


async def _way(tracer: "_Tracer", act: Callable[[int], Awaitable[None]], idle: frozenset[str]) -> list[str]:
    """What is called whenever something happens, and not otherwise."""
    way: list[str] = []
    for number in range(TIMES):
        await tracer.look()
        await act(number)
        called = await tracer.look()
        way = [name for name in (way or called) if name in called]
    return [name for name in way if name not in idle and "<" not in name]


async def _search(running: Installation, tracer: "_Tracer", sender: LiveSession) -> Search:
    """Lets an operation fail once, and reads the log until the function is named."""
    log = next(file for file in (running.folder / "data" / "logs").iterdir() if tracer.command in file.name)
    before = len(log.read_bytes())
    os.kill(tracer.pid, signal.SIGUSR2)
    begun = monotonic()
    # The client repeats what was not acknowledged, under the same op_id, so it succeeds in the end.
    asked = asyncio.ensure_future(sender.set_profile(name="A third name"))
    function = FAILING.rpartition(":")[2]
    lines = await _log_names(log, before, function)
    seconds = monotonic() - begun
    await asked
    return Search(lines, seconds)


async def _log_names(log: Path, before: int, function: str) -> int:
    """How many lines were logged up to the first that names the injected fault and where it was."""
    async with asyncio.timeout(_WITHIN_S):
        while True:
            written = log.read_bytes()[before:]  # noqa: ASYNC240 - a small file, and nobody else waits
            for number, line in enumerate(written.decode(errors="replace").splitlines(), 1):
                if "InjectedFault" in line and function in line:
                    return number
            await asyncio.sleep(0.01)


class _Tracer:
    """Asks the one traced process what it has called."""

    def __init__(self, running: Installation, folder: Path) -> None:
        processes = running.processes()
        self.command = next(name for name in sitecustomize.COMMANDS if name in processes)
        [self.pid] = processes[self.command]
        self._file = folder / f"{self.pid}.json"

    async def look(self) -> list[str]:
        """What was called since the last time."""
        self._file.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        async with asyncio.timeout(_WITHIN_S):
            while not self._file.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.01)
        called: list[str] = json.loads(self._file.read_text())
        return called
