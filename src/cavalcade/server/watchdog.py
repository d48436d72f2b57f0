"""Watches for what asyncio does not isolate: a call that blocks the loop stops every session of the process.

A thread looks whether the loop still turns. It cannot interrupt the call, but it says where it hangs.
"""

import asyncio
import sys
import threading
import time
import traceback
from typing import Final

import structlog

STALL_S: Final = 0.25
"""A loop that has not turned for this long has stalled."""

_LOOK_S: Final = 0.05

_log = structlog.get_logger(__name__)


class StallWatchdog:
    """Logs and counts stalls of the event loop that it is started in."""

    def __init__(self) -> None:
        """Prepares the watchdog; `run` starts its thread."""
        self.stalls = 0
        self.longest_s = 0.0
        self._beat = time.monotonic()
        self._stopped = threading.Event()

    async def run(self) -> None:
        """Beats until cancelled, while a thread listens."""
        self._beat = time.monotonic()
        self._stopped.clear()
        thread = threading.Thread(target=self._watch, args=(threading.get_ident(),), name="stall watchdog", daemon=True)
        thread.start()
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                self._beat = time.monotonic()
        finally:
            self._stopped.set()

    def _watch(self, loop_thread: int) -> None:
        reported = 0.0
        while not self._stopped.wait(_LOOK_S):
            beat = self._beat
            late = time.monotonic() - beat - _LOOK_S
            self.longest_s = max(self.longest_s, late)
            if late > STALL_S and beat != reported:
                reported = beat
                self.stalls += 1
                _log.error("loop_stalled", seconds=round(late, 2), frames=_frames_of(loop_thread))


def _frames_of(thread: int) -> list[str]:
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - the documented way to another thread's stack
    if frame is None:
        return []
    return [
        f"{one.name} ({one.filename.rsplit('/', 1)[-1]}:{one.lineno})" for one in traceback.extract_stack(frame)[-8:]
    ]
