"""What both backends do alike because the data is in the same place: live positions, readiness, expiry, purging."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import structlog

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.ending import Expire
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Limits
from cavalcade.domain.operations import Operation
from cavalcade.server.backend import Neighbour, Receipt
from cavalcade.server.clock import now_ms
from cavalcade.server.live_state import LivePositionWriter, LiveState
from cavalcade.server.local_session import LocalSession
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore

_log = structlog.get_logger(__name__)


class Foundation(ABC):
    """PostgreSQL and Redis under a backend."""

    def __init__(self, store: SessionStore, live: LiveState, writer: LivePositionWriter, limits: Limits) -> None:
        """Puts the parts together; who owns them opens and closes them.

        Args:
            store: PostgreSQL.
            live: Redis, for reading.
            writer: Redis, for writing without waiting.
            limits: The operator's bounds.
        """
        self._store, self._live, self._writer, self._limits = store, live, writer, limits

    @abstractmethod
    async def submit(self, session_id: str, operation: Operation) -> Receipt:
        """See `server.backend.Backend.submit`."""

    @abstractmethod
    def here(self) -> Iterable[LocalSession]:
        """The sessions that have connections in this process."""

    def note_hosts(self) -> None:
        """Notes for the hosts that are connected here that they are there now.

        It is noted when they go, too; but a process that is killed notes nothing.
        """
        now = now_ms()
        for local in self.here():
            local.note_host(now)
        self._writer.flush()

    async def positions(self, session_id: str) -> Mapping[int, Position]:
        """See `server.backend.Backend.positions`."""
        return await self._live.positions(session_id)

    async def nearby(self, session_id: str, participant: int, radius_m: float) -> Sequence[Neighbour]:
        """See `server.backend.Backend.nearby`."""
        positions = await self._live.positions(session_id)
        mine = positions.get(participant)
        if mine is None:
            return []
        near = await self._live.near(session_id, mine, radius_m)
        return [
            Neighbour(who, positions[who], distance)
            for who, distance in near
            if who != participant and who in positions
        ]

    async def missing(self) -> str | None:
        """See `server.backend.Backend.missing`."""
        try:
            await self._store.ping()
        except Unavailable:
            return "database"
        return None if await self._live.ping() else "redis"

    async def expire(self) -> None:
        """Ends the sessions whose time is over.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        for session_id in await self._store.due(now_ms()):
            try:
                await self.submit(session_id, Operation(None, Expire()))
            except Rejected as rejected:
                if rejected.code is not ErrorCode.SESSION_NOT_FOUND:  # or another process has ended it meanwhile
                    _log.info("expiry_postponed", reason=rejected.code.value)

    async def purge(self, ended_before: int) -> int:
        """Deletes what is left of sessions that ended, and returns how many there were.

        Args:
            ended_before: ms since the epoch; those that ended later stay.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        if not await self._live.ping():
            return 0
        purged = await self._store.purge(ended_before)
        self._writer.delete(purged)
        return len(purged)
