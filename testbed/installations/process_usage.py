"""What a process has used, from Linux's /proc: CPU to the nanosecond, memory, and who is whose child."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path


def cpu_s(pid: int) -> float:
    """CPU seconds that all living threads of a process have used, in user and kernel mode together.

    Raises:
        OSError: There is no such process.
    """
    nanoseconds = 0
    for thread in _threads(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread may end while it is looked at
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def memory_bytes(pid: int) -> int:
    """Memory of a process, where what it shares with others counts in parts (PSS).

    Raises:
        OSError: There is no such process, or it is another user's.
    """
    with Path(f"/proc/{pid}/smaps_rollup").open() as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def spent_s(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """CPU seconds between two looks at a group of processes; one that was not there both times does not count."""
    return sum(after[pid] - before[pid] for pid in before.keys() & after.keys())


def group_cpu_s(pids: Iterable[int]) -> dict[int, float]:
    """CPU seconds that each of a group of processes has used, those left out that are gone."""
    seen = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            seen[pid] = cpu_s(pid)
    return seen


def group_bytes(pids: Iterable[int]) -> int:
    """Memory of a group of processes together, those left out that are gone."""
    taken = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            taken += memory_bytes(pid)
    return taken


def descendants(pid: int) -> dict[int, list[str]]:
    """All living processes below one, children's children as well, with their command lines."""
    found: dict[int, list[str]] = {}
    waiting = [pid]
    while waiting:
        for thread in _threads(waiting.pop()):
            with contextlib.suppress(OSError):
                for child in map(int, (thread / "children").read_text().split()):
                    found[child] = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
                    waiting.append(child)
    return found


def pin(pid: int, core: int) -> None:
    """Keeps all threads of a process on one core; threads that it makes later inherit that."""
    for thread in _threads(pid):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), {core})


def cores() -> list[int]:
    """The cores that this process may run on."""
    return sorted(os.sched_getaffinity(0))


def _threads(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())
