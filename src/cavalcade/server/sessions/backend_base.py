"""What both backends do alike because the data is in the same place: live positions, readiness, expiry, purging."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import structlog

from cavalcade.domain.errors import Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Limits
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import Elapse
from cavalcade.server.live import broadcasts
from cavalcade.server.live.broadcasts import Broadcast
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S, within
from cavalcade.server.sessions.backend import Neighbour, Receipt
from cavalcade.server.sessions.execution import ends, note_end
from cavalcade.server.sessions.local_session import LocalSession
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored

BATCH: Final = 200
"""Sessions that are ended or deleted in one statement: so few that the loop is not blocked for long."""

AHEAD_MS: Final = 60_000
"""What ended so far in the future was ended by a clock that was ahead."""

_log = structlog.get_logger(__name__)


class BackendBase(ABC):
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
        self._timed: set[str] = set()
        """Sessions whose end has a timer."""
        self._rung: list[str] = []
        """Those of them whose timer has gone off."""
        self._ending: asyncio.Task[None] | None = None
        self._newest_broadcast = 0
        """When the newest broadcast of this process was made, ms since the epoch."""

    @abstractmethod
    async def submit(self, session_id: str, operation: Operation, known: Stored | None = None) -> Receipt:
        """See `server.sessions.backend.Backend.submit`."""

    @abstractmethod
    def ending(self) -> Iterable[tuple[str, int]]:
        """The sessions in this process, and when each expires, ms since the epoch."""

    @abstractmethod
    async def end_due(self, session_ids: Collection[str]) -> Collection[str]:
        """Ends those of some sessions whose time is over, and tells their members.

        Returns:
            The ids of those that have ended now for certain.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """

    @abstractmethod
    def here(self) -> Iterable[LocalSession]:
        """The sessions that have connections in this process."""

    @abstractmethod
    def tell(self, session_id: str, broadcast: Broadcast) -> None:
        """Gives a broadcast to all connections of a session, wherever they are."""

    def broadcast(
        self, session_id: str, event: str, payload: Mapping[str, object] | None, audience: str | None, key: str
    ) -> None:
        """See `server.sessions.backend.Backend.broadcast`."""
        now = now_ms()
        # Of two within a millisecond the later one counts as newer; a clock that was ahead counts no longer.
        later = self._newest_broadcast + 1
        self._newest_broadcast = later if now < later < now + broadcasts.AHEAD_MS else now
        self.tell(session_id, Broadcast(event, key, audience, self._newest_broadcast, payload))

    def note_present(self) -> None:
        """Notes for those who are connected here that they are there now.

        It is noted when they go, too; but a process that is killed notes nothing.
        """
        now = now_ms()
        for local in self.here():
            local.note_present(now)
        self._writer.flush()

    async def positions(self, session_id: str) -> Mapping[int, Position]:
        """See `server.sessions.backend.Backend.positions`."""
        return await self._live.positions(session_id)

    async def nearby(self, session_id: str, participant: int, radius_m: float) -> Sequence[Neighbour]:
        """See `server.sessions.backend.Backend.nearby`."""
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
        """See `server.sessions.backend.Backend.missing`."""
        try:
            await self._store.ping()
        except Unavailable:
            return "database"
        return None if await self._live.ping() else "redis"

    async def expire(self) -> None:
        """Ends the sessions whose time is over, many at a time, until there are none.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        left_out: set[str] = set()
        while due := await self._store.due(now_ms(), BATCH, left_out):
            left_out.update(set(due).difference(await self.end_due(due)))  # others end them, or it is tried again soon

    async def elapse(self) -> None:
        """Has happen what is due in sessions, whether or not anybody is connected to them.

        Every process that runs this tries: the append of one of them holds, and the others find nothing due any more.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        left_out: list[str] = []
        while due := await self._store.timed(now_ms(), BATCH, left_out):
            await asyncio.gather(*map(self._elapse, due))
            left_out += due  # what is still due, or is again, comes with the next look

    async def _elapse(self, session_id: str) -> None:
        try:
            await within(REPLY_DEADLINE_S, self.submit(session_id, Operation(None, Elapse())))
        except Rejected as rejected:
            _log.info("timed_effect_postponed", reason=rejected.code.value)  # its owner does it, or it is tried again

    def end_soon(self, within_s: float) -> None:
        """Sets timers for the sessions in this process whose time is over soon; called that often.

        So their members are told at the moment, however many other sessions end with them.
        """
        now, loop = now_ms(), asyncio.get_running_loop()
        for session_id, expires_at in self.ending():
            left_ms = expires_at - now
            if left_ms < within_s * 1000 and session_id not in self._timed:
                self._timed.add(session_id)
                loop.call_later((max(0, left_ms) + 1) / 1000, self._ring, session_id)

    async def purge(self, ended_before: int) -> int:
        """Deletes what is left of sessions that ended, until nothing is, and returns how many there were.

        Args:
            ended_before: ms since the epoch; those that ended later stay.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        if not await self._live.ping():
            return 0
        count = 0
        while True:
            purged = await self._store.purge(ended_before, BATCH, ahead=now_ms() + AHEAD_MS)
            self._writer.delete(purged)
            count += len(purged)
            if len(purged) < BATCH:
                return count

    async def store_ends(self, stored: Iterable[Stored]) -> dict[str, Event]:
        """Stores that those of some sessions have ended whose time is over.

        Returns:
            By id, with which event; the others have moved on, or somebody else ends them.

        Raises:
            Unavailable: Where PostgreSQL is away.
        """
        due = ends(stored, now_ms(), self._limits)
        ended = await self._store.end(due)
        done = {end.after.session.id: end for end in due if end.after.session.id in ended}
        for end in done.values():
            note_end(end.after)
        return {session_id: end.event for session_id, end in done.items()}

    def _ring(self, session_id: str) -> None:
        """The time of a session here is over."""
        self._rung.append(session_id)
        if self._ending is None:
            self._ending = asyncio.create_task(self._end_rung())

    async def _end_rung(self) -> None:
        """Ends the sessions whose timers have gone off, all that have at one moment together."""
        try:
            while self._rung:
                batch, self._rung = self._rung[:BATCH], self._rung[BATCH:]
                try:
                    await self.end_due(batch)
                except Unavailable:
                    _log.warning("housekeeping_postponed")
                finally:
                    self._timed.difference_update(batch)  # where it failed, the next timer is set in a moment
        finally:
            self._ending = None
