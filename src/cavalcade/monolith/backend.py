"""Route 2 behind the seam: every call becomes a message to the session's process."""

import asyncio
from collections.abc import Collection, Iterable

import structlog

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.ending import Expire
from cavalcade.domain.fix import Position
from cavalcade.domain.operations import Operation
from cavalcade.monolith.mailbox import Attach, Detach, Submit
from cavalcade.monolith.registry import Registry
from cavalcade.monolith.session_process import Surroundings
from cavalcade.server.live.broadcasts import Broadcast
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S, within
from cavalcade.server.sessions.backend import Attachment, Receipt
from cavalcade.server.sessions.backend_base import BackendBase
from cavalcade.server.sessions.local_session import LocalSession
from cavalcade.storage.stored import Stored
from cavalcade.wire.messages import Since

_log = structlog.get_logger(__name__)


class MonolithBackend(BackendBase):
    """The backend of a node."""

    name = "monolith"

    def __init__(self, here: Surroundings, registry: Registry) -> None:
        """Puts the parts together.

        Args:
            here: What the session processes share.
            registry: Where they are.
        """
        super().__init__(here.store, here.live, here.writer, here.limits)
        self._registry, self._ownership = registry, here.ownership

    async def attach(self, session_id: str, send_queue: SendQueue, since: Since | None) -> Attachment:
        """See `server.sessions.backend.Backend.attach`."""
        answer: asyncio.Future[Attachment] = asyncio.get_running_loop().create_future()
        self._registry.send(session_id, Attach(send_queue, since, answer))
        return await answer

    def detach(self, session_id: str, send_queue: SendQueue) -> None:
        """See `server.sessions.backend.Backend.detach`."""
        entry = self._registry.entries.get(session_id)
        if entry is None or send_queue not in entry.audience:
            return
        entry.audience.remove(send_queue)
        # A process that hibernates is woken for it: it must note when they were last seen.
        self._registry.send(session_id, Detach(send_queue))

    def here(self) -> Iterable[LocalSession]:
        """See `server.sessions.backend_base.BackendBase.here`."""
        processes = (entry.process for entry in self._registry.entries.values())
        return (one.local for one in processes if one is not None and one.local is not None)

    def ending(self) -> Iterable[tuple[str, int]]:
        """See `server.sessions.backend_base.BackendBase.ending`."""
        for session_id, entry in self._registry.entries.items():
            expires_at = entry.expires_at
            if expires_at is not None:
                yield session_id, expires_at

    async def end_due(self, session_ids: Collection[str]) -> Collection[str]:
        """See `server.sessions.backend_base.BackendBase.end_due`."""
        here = [session_id for session_id in session_ids if session_id in self._registry.entries]
        await asyncio.gather(*map(self._expire, here))
        # The others need no process of their own: they are taken over and ended together.
        others = [session_id for session_id in session_ids if session_id not in self._registry.entries]
        if not others:
            return ()
        taken = await self._ownership.take_over(others)
        try:
            ended = await self.store_ends(one for one in taken.values() if isinstance(one, Stored))
        finally:
            for session_id in taken:
                if session_id not in self._registry.entries:
                    self._ownership.let_go(session_id)
        self._writer.end(*ended)
        return ended.keys()

    async def _expire(self, session_id: str) -> None:
        """Has a session's process here end it, and clean up."""
        try:
            await within(REPLY_DEADLINE_S, self.submit(session_id, Operation(None, Expire())))
        except Rejected as rejected:
            if rejected.code is not ErrorCode.SESSION_NOT_FOUND:  # or it has ended meanwhile
                _log.info("expiry_postponed", reason=rejected.code.value)

    async def submit(self, session_id: str, operation: Operation, known: Stored | None = None) -> Receipt:  # noqa: ARG002
        """See `server.sessions.backend.Backend.submit`; the session's process knows more than what was read."""
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._registry.send(session_id, Submit(operation, answer))
        return await answer

    def report(self, session_id: str, participant: int, position: Position) -> None:
        """See `server.sessions.backend.Backend.report`."""
        entry = self._registry.entries.get(session_id)
        if entry is None:
            return
        entry.mailbox.report(participant, position)
        if entry.process is not None and entry.process.local is not None:
            entry.busy_at = asyncio.get_running_loop().time()
            entry.process.local.fanout.expect()
        else:
            self._registry.wake(session_id, entry)

    def tell(self, session_id: str, broadcast: Broadcast) -> None:
        """See `server.sessions.backend_base.BackendBase.tell`."""
        entry = self._registry.entries.get(session_id)
        if entry is None:
            return  # nobody is connected
        if not entry.broadcasts.take(broadcast, now_ms()):
            return
        if entry.process is not None and entry.process.local is not None:
            entry.busy_at = asyncio.get_running_loop().time()
            entry.process.local.fanout.expect()
        else:
            self._registry.wake(session_id, entry)
