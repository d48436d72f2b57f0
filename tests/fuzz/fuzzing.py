"""Fuzzes a running installation: `python -m tests.fuzz`, `make fuzz`.

Recorded traffic is changed (see `mutate`) and sent through Caddy and past it to the processes themselves, by several
workers at once, while two ordinary clients share a session. Wrong is: a 5xx, an error in a log, a process that ends,
memory that does not stop growing, or ordinary clients that no longer see each other.
"""

import asyncio
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cavalcade.client import Fix, LiveSession, connect
from tests.fuzz import corpus, mutate
from tests.hostile.frames import handshake, read_answer
from tests.hostile.installation import Installation, installed, opened, resident_bytes

WORKERS: Final = 6
CASES_OF_A_SESSION: Final = 50
PATIENCE_S: Final = 0.15
"""How long a worker waits for the next bytes of an answer; who gets none has most likely sent half a request."""

TRIES: Final = 3
CANARY_S: Final = 60.0
LOOK_S: Final = 5.0
MOST_GROWTH: Final = 96 * 1024 * 1024
"""Bytes that a process may grow by: caches fill up, but an hour must not take more than a minute."""

_OTHERS_MISTAKE: Final = {501, 505}
"""Go's answers to a transfer coding and an HTTP version that it does not speak."""


class Found(Exception):
    """Something is wrong; the text says what."""


@dataclass
class Report:
    """What a run did."""

    seed: int
    seconds: float = 0.0
    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    closes: Counter[int | None] = field(default_factory=Counter)
    memory: dict[str, list[int]] = field(default_factory=dict)

    def __str__(self) -> str:
        growth = {name: f"{sizes[0] >> 20} to {sizes[-1] >> 20} MB" for name, sizes in self.memory.items()}
        return (
            f"seed {self.seed}: {self.cases.total()} connections in {self.seconds:.0f} s {dict(self.cases)}, "
            f"HTTP {dict(sorted(self.statuses.items()))}, "
            f"closes {dict(sorted(self.closes.items(), key=str))}, memory {growth}"
        )


async def fuzz(running: Installation, seconds: float, seed: int, kept: Path, *, least: int = 0) -> Report:
    """Fuzzes for some seconds, or longer where that is not enough.

    Args:
        running: What is fuzzed.
        seconds: For how long.
        seed: Says what is sent; how connections interleave is up to the machine.
        kept: The folder that gets what was sent last by each worker, where something is found.
        least: How many connections must have been made.

    Raises:
        Found: Something was wrong.
    """
    report, last = Report(seed), dict[int, list[bytes]]()
    started = time.monotonic()
    try:
        async with asyncio.TaskGroup() as group:
            workers = (
                _Worker(running, report, random.Random(f"{seed}/{number}"), last, number) for number in range(WORKERS)
            )
            work = (_canaries(running), _look(running, report), *(each.run() for each in workers))
            tasks = [group.create_task(each) for each in work]
            await asyncio.sleep(seconds)
            while report.cases.total() < least:  # noqa: ASYNC110 - looked at now and then, not at each connection
                await asyncio.sleep(0.1)
            for task in tasks:
                task.cancel()
        await _look_once(running, report, running.pids())
    except ExceptionGroup as failures:
        _keep(kept, last)
        found = failures.exceptions[0]
        raise Found(f"{found} (seed {seed}, after {time.monotonic() - started:.0f} s; see {kept})") from found
    report.seconds = time.monotonic() - started
    return report


def _keep(folder: Path, last: Mapping[int, list[bytes]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, sent in last.items():
        (folder / f"worker_{number}.bin").write_bytes(b"\n--- next connection ---\n".join(sent))


class _Worker:
    """Sends one case after another."""

    def __init__(
        self, running: Installation, report: Report, rng: random.Random, last: dict[int, list[bytes]], number: int
    ) -> None:
        self._running, self._report, self._rng = running, report, rng
        self._last = last.setdefault(number, [])

    async def run(self) -> None:
        entries = [*corpus.read(), corpus.examples()]
        for number in itertools.count():
            if number % CASES_OF_A_SESSION == 0:
                blanks = await _session(self._running)
                filled = [entry.filled(blanks) for entry in entries]
            await self._send(filled, blanks)

    async def _send(self, entries: list[corpus.Entry], blanks: Mapping[str, str]) -> None:
        rng = self._rng
        kind = rng.choice(("http", "socket", "socket"))
        of_kind = [entry for entry in entries if entry.kind == kind]
        if kind == "http":
            case = mutate.requests(rng.choice(of_kind), of_kind, rng)
        else:
            hello = handshake(blanks["session"], blanks[rng.choice(("token", "host_token"))])
            case = mutate.socket(hello, rng.choice(of_kind), of_kind, rng)
        # Pieces of the dictionary have blanks as well.
        writes = [_filled(write, blanks) for write in case.writes]
        where, door = rng.choice(list(self._running.doors(kind).items()))
        self._last[:] = [*self._last[-4:], b"".join(writes)]
        self._report.cases[f"{kind} by {where}"] += 1
        answer = read_answer(await _exchange(door, writes, hangs_up=case.hangs_up))
        for _ in range(TRIES):
            if 503 not in answer.statuses:
                break
            # On a busy machine a call may be too late for its deadline; what fails of itself fails every time.
            self._report.cases["sent again"] += 1
            await asyncio.sleep(1.0)
            answer = read_answer(await _exchange(door, writes, hangs_up=False))
        for status in answer.statuses:
            self._report.statuses[status] += 1
            if status >= 500 and status not in _OTHERS_MISTAKE:
                raise Found(f"{where} answered {status} to {kind}: {writes!r}")
        if 101 in answer.statuses:
            self._report.closes[answer.close_code] += 1


async def _exchange(door: str | int, writes: list[bytes], *, hangs_up: bool) -> bytes:
    received = bytearray()
    reader, writer = await opened(door)
    try:
        for write in writes:
            writer.write(write)
            async with asyncio.timeout(PATIENCE_S):
                await writer.drain()
        while not hangs_up:
            async with asyncio.timeout(PATIENCE_S):
                data = await reader.read(65_536)
            if not data:
                break
            received += data
    except (OSError, TimeoutError):
        pass  # whatever it was, the next case tells whether somebody is still there
    finally:
        writer.transport.abort()
    return bytes(received)


def _filled(data: bytes, blanks: Mapping[str, str]) -> bytes:
    return corpus.Entry("", "", ((0, data),)).filled(blanks).parts[0][1]


async def _session(running: Installation) -> dict[str, str]:
    host = await running.create(host_name="Anna", lifetime_s=60)
    member = await running.join(host)
    return {
        "session": host.session_id,
        "code": host.code or "",
        "host_token": host.token,
        "token": member.token,
        "port": running.base.rpartition(":")[2],
    }


async def _canaries(running: Installation) -> None:
    """Two people who share a session like any other, for as long as it takes."""
    host = await running.create(host_name="Canary")
    async with connect(host) as anna, connect(await running.join(host)) as ben:
        for step in itertools.count():
            fix = Fix(47.0 + step % 1000 / 1000, 9.0)
            anna.report(fix)
            try:
                await ben.wait_for(_sees(fix.lat), CANARY_S)
                # Not `wait_for`, which forgets a cancellation that comes with the answer (Python 3.11).
                async with asyncio.timeout(CANARY_S):
                    offset = await ben.set_profile(name=f"Ben {step}")
                await anna.wait_for(_has(offset), CANARY_S)
            except TimeoutError as error:
                raise Found(f"ordinary clients no longer see each other (step {step})") from error
            await asyncio.sleep(1.0)


def _sees(lat: float) -> Callable[[LiveSession], bool]:
    return lambda live: 1 in live.positions and live.positions[1].to_fix().lat == lat


def _has(offset: int) -> Callable[[LiveSession], bool]:
    return lambda live: live.state.offset >= offset


async def _look(running: Installation, report: Report) -> None:
    before = running.pids()
    while True:
        await _look_once(running, report, before)
        await asyncio.sleep(LOOK_S)


async def _look_once(running: Installation, report: Report, before: Mapping[str, int]) -> None:
    now = running.pids()
    if now != before:
        raise Found(f"a process ended: {before} became {now}")
    for name, pid in now.items():
        sizes = report.memory.setdefault(name, [])
        sizes.append(resident_bytes(pid))
        # The first minute fills caches and pools.
        if sizes[-1] - sizes[min(len(sizes) - 1, 12)] > MOST_GROWTH:
            raise Found(f"the memory of {name} grew to {sizes[-1] >> 20} MB: {sizes}")
    if errors := await asyncio.to_thread(running.log_lines, "error", "critical"):
        raise Found(f"errors in the log: {[_short(line) for line in errors[:3]]}")


def _short(line: dict[str, Any]) -> str:
    causes = [f"{cause['exc_type']}: {cause['exc_value']}" for cause in line.get("exception", ())]
    return " from ".join([str(line["event"]), *causes])


async def main(backend: str, seconds: float, seed: int, kept: Path) -> int:
    """Starts an installation, fuzzes it, and says what was done or found."""
    async with installed(backend) as running:
        try:
            sys.stdout.write(f"{backend}: {await fuzz(running, seconds, seed, kept)}\n")
        except Found as found:
            sys.stdout.write(f"{backend}: FOUND {found}\n")
            return 1
    return 0
