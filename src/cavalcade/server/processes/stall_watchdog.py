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

_LOOK_S: Final = 0.1
"""How often the loop says that it turns, and the thread looks: each wakes a process that may have little to do."""

_log = structlog.get_logger(__name__)


class StallWatchdog:
    """Logs and counts stalls of the event loop that it is started in."""

    def __init__(self) -> None:
        """Prepares the watchdog; `run` starts its thread."""
        self.stalls = 0
        self.longest_s = 0.0
        self._beat = self._reported = time.monotonic()
        self._reporting = threading.Lock()
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
                self._look([])  # a stall that ended between two looks of the thread
                self._beat = time.monotonic()
        finally:
            self._stopped.set()

    def _watch(self, loop_thread: int) -> None:
        while not self._stopped.wait(_LOOK_S):
            if self._late_s(self._beat) > STALL_S:
                self._look(_frames_of(loop_thread))

    def _look(self, frames: list[str]) -> None:
        """Reports the beat that is due where it is late, once; at its end it is known how late it was."""
        with self._reporting:
            beat = self._beat
            late = self._late_s(beat)
            self.longest_s = max(self.longest_s, late)
            if late > STALL_S and beat != self._reported:
                self._reported = beat
                self.stalls += 1
                _log.error("loop_stalled", seconds=round(late, 2), frames=frames)

    @staticmethod
    def _late_s(beat: float) -> float:
        return time.monotonic() - beat - _LOOK_S


def _frames_of(thread: int) -> list[str]:
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - the documented way to another thread's stack
    if frame is None:
        return []
    return [
        f"{one.name} ({one.filename.rsplit('/', 1)[-1]}:{one.lineno})" for one in traceback.extract_stack(frame)[-8:]
    ]
