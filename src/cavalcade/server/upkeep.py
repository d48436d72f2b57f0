"""What time does to sessions: hosts are seen, those whose time is over end, and what has ended is deleted."""

import asyncio
import itertools
from typing import Final

import structlog

from cavalcade.server.clock import now_ms
from cavalcade.server.foundation import Foundation
from cavalcade.storage.errors import Unavailable

INTERVAL_S: Final = 1.0

PURGE_EVERY: Final = 5
"""Rounds between two purges; what is promised is a minute."""

NOTE_EVERY: Final = 10
"""Rounds between two notes of which hosts are connected."""

_log = structlog.get_logger(__name__)


async def keep_up(backend: Foundation, purge_after_s: int) -> None:
    """Expires and purges once a second, until cancelled.

    Args:
        backend: Whose sessions.
        purge_after_s: How long after its end a session is deleted.
    """
    for turn in itertools.count():
        if turn % NOTE_EVERY == 0:
            backend.note_hosts()
        try:
            await backend.expire()
            purged = await backend.purge(now_ms() - purge_after_s * 1000) if turn % PURGE_EVERY == 0 else 0
        except Unavailable:
            _log.warning("upkeep_postponed")
        else:
            if purged:
                _log.info("sessions_purged", count=purged)
        await asyncio.sleep(INTERVAL_S)
