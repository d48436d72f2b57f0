"""Route 2 behind the seam: every call becomes a message to the session's process."""

import asyncio
from collections.abc import Iterable

from cavalcade.domain.fix import Position
from cavalcade.domain.operations import Operation
from cavalcade.monolith.mailbox import Attach, Detach, Submit
from cavalcade.monolith.registry import Registry
from cavalcade.monolith.session_process import Surroundings
from cavalcade.server.backend import Attachment, Receipt
from cavalcade.server.foundation import Foundation
from cavalcade.server.local_session import LocalSession
from cavalcade.server.outbox import Outbox
from cavalcade.wire.messages import Since


class MonolithBackend(Foundation):
    """The backend of a node."""

    name = "monolith"

    def __init__(self, here: Surroundings, registry: Registry) -> None:
        """Puts the parts together.

        Args:
            here: What the session processes share.
            registry: Where they are.
        """
        super().__init__(here.store, here.live, here.writer, here.limits)
        self._registry = registry

    async def attach(self, session_id: str, outbox: Outbox, since: Since | None) -> Attachment:
        """See `server.backend.Backend.attach`."""
        answer: asyncio.Future[Attachment] = asyncio.get_running_loop().create_future()
        self._registry.send(session_id, Attach(outbox, since, answer))
        return await answer

    def detach(self, session_id: str, outbox: Outbox) -> None:
        """See `server.backend.Backend.detach`."""
        place = self._registry.places.get(session_id)
        if place is None or outbox not in place.audience:
            return
        place.audience.remove(outbox)
        self._registry.send(session_id, Detach(outbox))  # a process that hibernates must note when they were last seen

    def here(self) -> Iterable[LocalSession]:
        """See `server.foundation.Foundation.here`."""
        processes = (place.process for place in self._registry.places.values())
        return (one.local for one in processes if one is not None and one.local is not None)

    async def submit(self, session_id: str, operation: Operation) -> Receipt:
        """See `server.backend.Backend.submit`."""
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._registry.send(session_id, Submit(operation, answer))
        return await answer

    def report(self, session_id: str, participant: int, position: Position) -> None:
        """See `server.backend.Backend.report`."""
        place = self._registry.places.get(session_id)
        if place is None:
            return
        place.mailbox.report(participant, position)
        if place.process is not None and place.process.local is not None:
            place.busy_at = asyncio.get_running_loop().time()
            place.process.local.fanout.expect()
        else:
            self._registry.wake(session_id, place)
