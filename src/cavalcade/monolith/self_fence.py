"""Whether this node may still speak for its sessions.

A process that was stopped, or whose loop was blocked, does not know what happened meanwhile: its sessions may live on
another node. Nothing of a session is sent or written from then on until PostgreSQL has been asked. As long as its lease
stands nobody takes a node for dead, so shorter stalls cost nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from cavalcade.server.processes.clock import moment
from cavalcade.storage.errors import Unavailable

CHECK_S: Final = 1.0
"""How often all epochs are compared with PostgreSQL."""

STALL_S: Final = 0.5
"""A loop that has not turned for this long has stalled."""

BEAT_S: Final = 0.1
AGAIN_S: Final = 0.2

_log = structlog.get_logger(__name__)


class SelfFence:
    """Knows stalls, and has epochs checked after each of them and once a second."""

    def __init__(self, check: Callable[[], Awaitable[None]], stands_until: Callable[[], float]) -> None:
        """Starts without doubt.

        Args:
            check: Compares all epochs with PostgreSQL and gives up what somebody else owns by now. Raises
                `Unavailable`.
            stands_until: Until when the node's lease stands, by `leases.moment`.
        """
        self.stalls = 0
        """How often the loop stood still for longer than the lease."""
        self._check, self._stands_until = check, stands_until
        self._beat = moment()
        self._settled = 0
        self._checking: asyncio.Task[None] | None = None

    def is_doubtful(self) -> bool:
        """Whether epochs must be checked before anything else; asked before everything that leaves this node."""
        now = moment()
        if now - self._beat > STALL_S and now >= self._stands_until():
            self.stalls += 1
            _log.warning("node_stood_still", seconds=round(now - self._beat, 1))
        self._beat = now
        return self.stalls != self._settled

    async def settled(self) -> None:
        """Waits until there is no doubt any more; what is not this node's is given up by then."""
        while self.is_doubtful():
            await asyncio.shield(self._begin())

    async def run(self) -> None:
        """Watches the loop and has epochs checked, until cancelled."""
        due = moment() + CHECK_S
        try:
            while True:
                await asyncio.sleep(BEAT_S)
                if self.is_doubtful() or moment() >= due:
                    self._begin()
                    due = moment() + CHECK_S
        finally:
            if self._checking is not None:
                self._checking.cancel()

    def _begin(self) -> "asyncio.Task[None]":
        """One check at a time, beside the watch: PostgreSQL may take long to answer."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._settle())
        return self._checking

    async def _settle(self) -> None:
        seen = self.stalls
        try:
            await self._check()
        except Unavailable:
            await asyncio.sleep(AGAIN_S)
        else:
            self._settled = seen
