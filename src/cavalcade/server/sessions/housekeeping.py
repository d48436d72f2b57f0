"""What time does to sessions: hosts are seen, what is due happens, sessions end, and what has ended is deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from cavalcade.server.processes.clock import now_ms
from cavalcade.server.sessions.backend_base import BackendBase
from cavalcade.storage.errors import Unavailable

INTERVAL_S: Final = 1.0
"""Seconds between two looks for sessions whose time is over."""

ELAPSE_S: Final = 0.5
"""Seconds between two looks for what is due in sessions; what is promised is a second."""

PURGE_S: Final = 5.0
"""Seconds between two purges; what is promised is a minute."""

NOTE_S: Final = 10.0
"""Seconds between two notes of who is connected."""

_log = structlog.get_logger(__name__)


async def run_housekeeping(backend: BackendBase, purge_after_s: int) -> None:
    """Expires and purges until cancelled; none of it waits for the other.

    Args:
        backend: Whose sessions.
        purge_after_s: How long after its end a session is deleted.
    """

    async def note_present() -> None:
        backend.note_present()

    async def end_soon() -> None:
        backend.end_soon(2 * INTERVAL_S)  # a look that comes late finds the timer set

    async def purge() -> None:
        if purged := await backend.purge(now_ms() - purge_after_s * 1000):
            _log.info("sessions_purged", count=purged)

    work = (
        (note_present, NOTE_S),
        (end_soon, INTERVAL_S),
        (backend.expire, INTERVAL_S),
        (backend.elapse, ELAPSE_S),
        (purge, PURGE_S),
    )
    tasks = [asyncio.create_task(_again_and_again(*each)) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _again_and_again(work: Callable[[], Awaitable[None]], pause_s: float) -> None:
    while True:
        try:
            await work()
        except Unavailable:
            _log.warning("housekeeping_postponed")
        await asyncio.sleep(pause_s)
