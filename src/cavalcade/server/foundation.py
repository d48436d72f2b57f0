"""What both backends do alike because the data is in the same place: looking at live positions, readiness, purging."""

from collections.abc import Mapping, Sequence

from cavalcade.domain.fix import Position
from cavalcade.domain.model import Limits
from cavalcade.server.backend import Neighbour
from cavalcade.server.live_state import LivePositionWriter, LiveState
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore


class Foundation:
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
