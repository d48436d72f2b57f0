"""Looks into processes of Cavalcade from outside: which of its functions run, and what happens when one of them fails.

Python imports a module of this name at every start. The evaluation puts this folder on the path of what it
starts, and names in `CAVALCADE_TRACE` a folder that the traced processes write to; without it nothing happens. The
product knows nothing of this.

SIGUSR1 writes the functions that were called since the last time, in the order of their first call, to
`<process id>.json`. SIGUSR2 lets the next call of the function that `CAVALCADE_TRACE_FAIL` names fail.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final

COMMANDS: Final = ("gateway", "node")
"""The processes that are traced: those that positions and operations pass through."""

_INSIDE: Final = f"{os.sep}cavalcade{os.sep}"


class InjectedFault(RuntimeError):
    """The failure that was asked for."""


class _Tracer:
    def __init__(self, folder: Path, failing: str) -> None:
        self._file = folder / f"{os.getpid()}.json"
        self._failing = failing
        self._is_armed = False
        self._called: dict[str, None] = {}
        self._known: dict[object, str | None] = {}

    def look(self, frame: FrameType, event: str, _argument: object) -> None:
        """What `sys.setprofile` calls at each call and return."""
        if event != "call":
            return
        code = frame.f_code
        if code not in self._known:
            _, inside, path = code.co_filename.rpartition(_INSIDE)
            self._known[code] = f"{path}:{code.co_qualname}" if inside else None
        name = self._known[code]
        if name is None:
            return
        self._called[name] = None
        if self._is_armed and name == self._failing:
            self._is_armed = False
            raise InjectedFault("on purpose")

    def write(self, _number: int, _frame: FrameType | None) -> None:
        """Writes what was called, and starts again with nothing."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(list(self._called)))
        self._called.clear()
        fresh.replace(self._file)

    def arm(self, _number: int, _frame: FrameType | None) -> None:
        """Lets the next call fail. A profiler that raises is taken out, so it is put in again."""
        self._is_armed = True
        sys.setprofile(self.look)


def _begin() -> None:
    folder = os.environ.get("CAVALCADE_TRACE")
    if folder and any(command in sys.orig_argv for command in COMMANDS) and "cavalcade" in sys.orig_argv:
        tracer = _Tracer(Path(folder), os.environ.get("CAVALCADE_TRACE_FAIL", ""))
        signal.signal(signal.SIGUSR1, tracer.write)
        signal.signal(signal.SIGUSR2, tracer.arm)
        sys.setprofile(tracer.look)


_begin()
