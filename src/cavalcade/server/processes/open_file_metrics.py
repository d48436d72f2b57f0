"""Says in time that a process runs out of files and sockets: beyond the limit nobody can connect any more."""

import asyncio
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Gauge

from cavalcade import open_file_limit

LOOK_EVERY_S: Final = 5.0
NEAR: Final = 0.8
"""The share of the limit from which on it counts as near."""

AGAIN_BELOW: Final = 0.7

_log = structlog.get_logger(__name__)


class OpenFileMetrics:
    """What a process has open, beside what it may."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Registers the two numbers."""
        self._is_near = False
        self._open = Gauge("cavalcade_open_files", "Files and sockets that are open now.", registry=registry)
        self._limit = Gauge("cavalcade_open_files_limit", "How many may be open.", registry=registry)

    async def run(self) -> None:
        """Looks every few seconds, until cancelled."""
        while True:
            self.observe(open_file_limit.count(), open_file_limit.limit())
            await asyncio.sleep(LOOK_EVERY_S)

    def observe(self, count: int, limit: int) -> None:
        """Takes one reading; says once that the limit is near, and again after it was not."""
        self._open.set(count)
        self._limit.set(limit)
        if count >= limit * NEAR and not self._is_near:
            self._is_near = True
            _log.warning("open_files_near_limit", open=count, limit=limit)
        elif count < limit * AGAIN_BELOW:
            self._is_near = False
