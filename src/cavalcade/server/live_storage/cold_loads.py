"""Reading sessions that nobody here has yet, all that are wanted in the same moment together.

A reconnect storm costs a query for a batch of sessions, not one for each connection.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping

from cavalcade.domain.errors import Rejected
from cavalcade.domain.fix import Position
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.stored import Stored

Loaded = tuple[Stored | None, Mapping[int, Position]]
Load = Callable[[Collection[str]], Coroutine[object, object, Mapping[str, Stored | Exception]]]


class ColdLoads:
    """Batches the loads of one process."""

    def __init__(
        self, load: Load, live: LiveState, writer: LivePositionWriter, *, without_positions: bool = False
    ) -> None:
        """Prepares the batches.

        Args:
            load: Reads sessions from PostgreSQL: what it does not return does not exist; an exception that it returns
                for a session is raised for everybody who wants that session.
            live: Where their positions are.
            writer: What this process writes there, and may not have written yet.
            without_positions: Whether to go on without them while Redis is away.
        """
        self._load, self._live, self._writer = load, live, writer
        self._without_positions = without_positions
        self._wanted: dict[str, asyncio.Future[Loaded]] = {}
        self._batches: set[asyncio.Task[None]] = set()

    async def load(self, session_id: str) -> Loaded:
        """A session and its newest positions.

        Raises:
            Unavailable: Where PostgreSQL is away.
            Rejected: `unavailable` where Redis is, unless that is no obstacle.
            Exception: What `load` returned for this session.
        """
        future = self._wanted.get(session_id)
        if future is None:
            if not self._wanted:
                batch = asyncio.create_task(self._read())
                self._batches.add(batch)
                batch.add_done_callback(self._batches.discard)
            future = asyncio.get_running_loop().create_future()
            self._wanted[session_id] = future
        return await asyncio.shield(future)

    async def _read(self) -> None:
        await asyncio.sleep(0)
        batch, self._wanted = self._wanted, {}
        try:
            stored = await self._load(batch)
            positions = await self._positions(list(batch))
        except (Unavailable, Rejected) as error:
            for future in batch.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # counts as read: where nobody waits any more, asyncio need not report it
            return
        for session_id, future in batch.items():
            if future.done():
                continue
            found = stored.get(session_id)
            if isinstance(found, Exception):
                future.set_exception(found)
                future.exception()
            else:
                future.set_result((found, positions[session_id]))

    async def _positions(self, session_ids: list[str]) -> Mapping[str, Mapping[int, Position]]:
        unwritten = {session_id: self._writer.unwritten(session_id) for session_id in session_ids}
        stored: Mapping[str, Mapping[int, Position]] = {}
        try:
            stored = await self._live.positions_of_many(session_ids)
        except Rejected:
            if not self._without_positions:
                raise
        return {session_id: unwritten[session_id].over(stored.get(session_id, {})) for session_id in session_ids}
