"""Route 1 behind the seam: PostgreSQL orders the changes, Redis holds the live state, any process serves anybody."""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.features.sharing import shares
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Limits
from cavalcade.domain.operations import Operation
from cavalcade.server.live.broadcasts import Broadcast
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.sessions.backend import Attachment, Receipt
from cavalcade.server.sessions.backend_base import BackendBase
from cavalcade.server.sessions.execution import Executed, execute, newest_kept
from cavalcade.server.sessions.local_session import NOT_FOUND, AnotherHistory, LocalSession, last_seen
from cavalcade.services.broker import publication
from cavalcade.services.hub import Hosted, Hub
from cavalcade.services.messages import NO_GATEWAY, Happened, Told
from cavalcade.storage.errors import Conflict, Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.messages import Since

MAX_TRIES: Final = 5
"""How often an operation is decided again because another one came first."""

OPTIMISTIC_TRIES: Final = 2
"""How many of these trust that nobody else comes first; the others see to it by a lock."""


class ServicesBackend(BackendBase):
    """The backend of an API server (without a hub) or of a gateway (with one)."""

    name = "services"

    def __init__(
        self,
        store: SessionStore,
        live: LiveState,
        writer: LivePositionWriter,
        limits: Limits,
        hub: Hub | None = None,
    ) -> None:
        """Puts the parts together; who owns them opens and closes them.

        Args:
            store: PostgreSQL.
            live: Redis, for reading.
            writer: Redis, for writing without waiting.
            limits: The operator's bounds.
            hub: The connections of this process, where it takes any.
        """
        super().__init__(store, live, writer, limits)
        self._hub = hub
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def attach(self, session_id: str, send_queue: SendQueue, since: Since | None) -> Attachment:
        """See `server.sessions.backend.Backend.attach`."""
        hub = self._gateway()
        try:
            hosted, missed = await self._hosted(hub, session_id, send_queue.participant, since)
        except Unavailable as error:
            raise Rejected(ErrorCode.UNAVAILABLE, "The session cannot be read right now.") from error
        # From here to the end nothing is awaited: what is returned and what the queue gets later meet without a gap.
        hosted.admit(send_queue.participant, now_ms())
        send_queue.skip_to(hosted.state.offset)
        hub.add(hosted, send_queue)
        return hosted.attachment(send_queue.participant, missed)

    def detach(self, session_id: str, send_queue: SendQueue) -> None:
        """See `server.sessions.backend.Backend.detach`."""
        hub = self._gateway()
        hosted = hub.hosted.get(session_id)
        if hub.remove(session_id, send_queue) and hosted is not None:
            hosted.note_seen(send_queue.participant, now_ms())

    def here(self) -> Iterable[LocalSession]:
        """See `server.sessions.backend_base.BackendBase.here`."""
        return () if self._hub is None else self._hub.hosted.values()

    def ending(self) -> Iterable[tuple[str, int]]:
        """See `server.sessions.backend_base.BackendBase.ending`."""
        hosted = {} if self._hub is None else self._hub.hosted
        return ((session_id, one.state.session.expires_at) for session_id, one in hosted.items())

    async def end_due(self, session_ids: Collection[str]) -> Collection[str]:
        """See `server.sessions.backend_base.BackendBase.end_due`."""
        ended = await self.store_ends((await self._store.load_many(session_ids)).values())
        if self._hub is not None:
            for session_id, event in ended.items():
                self._hub.receive(session_id, [event])
        self._writer.tell([publication(session_id, Happened((event,))) for session_id, event in ended.items()])
        self._writer.end(*ended)
        return ended.keys()

    async def submit(self, session_id: str, operation: Operation, known: Stored | None = None) -> Receipt:
        """See `server.sessions.backend.Backend.submit`."""
        # One after another within this process: a crowd that joins at once would mostly meet its own conflicts.
        turn = self._turns.setdefault(session_id, asyncio.Lock())
        if turn.locked():
            known = None  # it will be old
        try:
            if operation.command.urgent:  # it passes those that wait for their turn
                return await self._submit(session_id, operation, None)
            async with turn:
                return await self._submit(session_id, operation, known)
        except Unavailable as error:
            raise Rejected(ErrorCode.UNAVAILABLE, "This cannot be stored right now; try again.") from error

    def report(self, session_id: str, participant: int, position: Position) -> None:
        """See `server.sessions.backend.Backend.report`."""
        hosted = self._gateway().hosted.get(session_id)
        if hosted is not None and shares(hosted.state, participant):
            hosted.fanout.accept(participant, position)

    def tell(self, session_id: str, broadcast: Broadcast) -> None:
        """See `server.sessions.backend_base.BackendBase.tell`."""
        hosted = None if self._hub is None else self._hub.hosted.get(session_id)
        if hosted is not None:
            hosted.fanout.broadcast(broadcast)  # at the flush the other gateways are told
        else:
            self._writer.tell([publication(session_id, Told(NO_GATEWAY, [broadcast]))])

    async def _hosted(
        self, hub: Hub, session_id: str, participant: int, since: Since | None
    ) -> tuple[Hosted, list[Event] | None]:
        """The session with the missed events up to where it stands now, or None in their place."""
        while True:
            hosted = await hub.host(session_id)
            state = hosted.state
            if participant not in state.participants or (since is not None and since.offset > state.offset):
                # They know something that has not come here yet, such as their own joining a moment ago.
                await hub.refresh(hosted)
            missed: list[Event] | None = None
            if since is not None and hosted.resumes(since):
                with suppress(AnotherHistory):
                    missed = await hosted.events_since(since, self._store)
            if missed is None:
                await hub.complete(hosted)
            if hub.hosted.get(session_id) is hosted or hosted.state.ended is not None:
                return hosted, missed

    async def _submit(self, session_id: str, operation: Operation, known: Stored | None) -> Receipt:
        for attempt in range(MAX_TRIES):
            try:
                if attempt < OPTIMISTIC_TRIES:
                    stored = await self._current(session_id, known) if attempt == 0 else await self._fresh(session_id)
                    executed = await self._execute(self._store, stored, operation)
                else:
                    async with self._store.locked(session_id) as store:
                        executed = await self._execute(store, await self._read(store, session_id), operation)
            except Conflict:
                continue  # another process was first
            except Rejected:
                if attempt == 0 and (known is not None or self._is_hosted(session_id)):
                    continue  # what is known may be a moment old: refused is only what is refused now
                raise
            self._announce(session_id, executed)
            kept = newest_kept(operation, now_ms())
            if kept is not None:
                self.report(session_id, *kept)
            return executed.receipt
        raise Rejected(ErrorCode.UNAVAILABLE, "Too many changes at once; try again.")

    async def _execute(self, store: SessionStore, stored: Stored, operation: Operation) -> Executed:
        return await execute(store, stored, operation, now_ms(), self._limits, last_seen=self._last_seen)

    async def _current(self, session_id: str, known: Stored | None) -> Stored:
        hosted = None if self._hub is None else self._hub.hosted.get(session_id)
        if hosted is not None and not hosted.state.unknown:
            return hosted.stored
        return known or await self._fresh(session_id)

    async def _fresh(self, session_id: str) -> Stored:
        return await self._read(self._store, session_id)

    async def _read(self, store: SessionStore, session_id: str) -> Stored:
        stored = await store.load(session_id)
        if stored is None:
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        if self._hub is not None and session_id in self._hub.hosted:
            self._hub.check_soon()
        return stored

    async def _last_seen(self, session_id: str, participant: int) -> int | None:
        hosted = None if self._hub is None else self._hub.hosted.get(session_id)
        fanout = None if hosted is None else hosted.fanout
        return await last_seen(session_id, participant, fanout, self._live, now_ms())

    def _announce(self, session_id: str, executed: Executed) -> None:
        """Tells this process's connections and the other processes what is stored now."""
        events = executed.events
        if not events:
            return
        if self._hub is not None:
            self._hub.receive(session_id, events)
        self._writer.announce(publication(session_id, Happened(events)), session_id, events)
        if executed.after.ended is not None:
            self._writer.end(session_id)

    def _is_hosted(self, session_id: str) -> bool:
        return self._hub is not None and session_id in self._hub.hosted

    def _gateway(self) -> Hub:
        if self._hub is None:
            raise RuntimeError("this process takes no connections")
        return self._hub
