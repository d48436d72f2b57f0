"""The operations of one connection: taken in order, executed by the backend, each answered once.

Those that are urgent have a lane of their own: they wait behind no others, and are counted apart from them.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from cavalcade.domain import commands
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.session import FINISHING, OPERATIONS, URGENT
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S, within
from cavalcade.server.sessions.backend import Receipt
from cavalcade.server.sockets.operation_queue import MAX_URGENT, OperationQueue
from cavalcade.wire.channel import Pushed
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.messages import rejection_to_dict

if TYPE_CHECKING:
    from cavalcade.server.access.tokens import Claims
    from cavalcade.server.sockets.connection import Connection
    from cavalcade.server.sockets.socket_server import SocketServer

_log = structlog.get_logger(__name__)


class Operations:
    """Executes what one connection asks for."""

    __slots__ = ("_claims", "_connection", "_idle", "_ordinary", "_server", "_session_id", "_urgent")

    def __init__(
        self,
        connection: "Connection",
        server: "SocketServer",
        session_id: str,
        claims: "Claims | None",
        idle: Callable[[], None],
    ) -> None:
        """Starts with none.

        Args:
            connection: Whose operations.
            server: What all connections share.
            session_id: The session that its address names.
            claims: What its token says, or None where it has no valid one.
            idle: Called when none is left.
        """
        self._connection, self._server = connection, server
        self._session_id, self._claims = session_id, claims
        self._idle = idle
        self._urgent = OperationQueue(self._execute, self._one_is_idle, MAX_URGENT)
        self._ordinary = OperationQueue(self._execute, self._one_is_idle)

    @property
    def is_busy(self) -> bool:
        """Whether one is under way."""
        return self._urgent.is_busy or self._ordinary.is_busy

    def add(self, pushed: Pushed) -> None:
        """Takes an operation, or answers why not."""
        if pushed.event not in OPERATIONS:
            known = ", ".join(sorted(OPERATIONS))
            self._answer(pushed, Rejected(ErrorCode.INVALID_REQUEST, f"No such operation; there are: {known}."))
        elif not (self._urgent if pushed.event in URGENT else self._ordinary).add(pushed):
            self._answer(pushed, Rejected(ErrorCode.TOO_MANY_REQUESTS, "Too many operations at once; try again."))

    def clear(self) -> None:
        """Forgets what waits; what is under way goes on."""
        self._urgent.clear()
        self._ordinary.clear()

    def _one_is_idle(self) -> None:
        if not self.is_busy:
            self._idle()

    async def _execute(self, pushed: Pushed, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time() - (REPLY_DEADLINE_S - seconds)
        try:
            self._answer(pushed, await self._outcome(pushed, seconds))
        except DecodeError as error:
            self._connection.malformed(error)
        except Rejected as rejected:
            if self._connection.is_finished and rejected.code is ErrorCode.UNAUTHORIZED:
                rejected = Rejected(ErrorCode.SESSION_NOT_FOUND, "You have left this session.")
            self._answer(pushed, rejected)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the operator a stack
            _log.exception("operation_failed", operation=pushed.event)
            self._answer(pushed, Rejected(ErrorCode.UNAVAILABLE, "This failed here; try again."))
        self._server.metrics.operation_seconds.observe(loop.time() - started)

    async def _outcome(self, pushed: Pushed, seconds: float) -> Receipt:
        if seconds <= 0:
            raise Rejected(ErrorCode.UNAVAILABLE, "Earlier operations take too long right now; try again.")
        assert self._claims is not None  # only members have joined
        if pushed.event not in FINISHING:  # nobody is kept from going, however much they asked for
            # Before it is decoded: what is refused should cost as little as can be.
            counted = self._server.limits.urgent if pushed.event in URGENT else self._server.limits.operation
            await counted(self._session_id, self._claims.participant)
        operation = commands.operation(pushed.event, self._claims.participant, pushed.content())
        await self._server.limits.asked(self._session_id, operation)
        return await within(seconds, self._server.backend.submit(self._session_id, operation))

    def _answer(self, pushed: Pushed, answer: Receipt | Rejected) -> None:
        if pushed.ref is None or self._connection.is_closing:
            return
        if isinstance(answer, Rejected):
            name = pushed.event if pushed.event in OPERATIONS else "unknown"
            self._server.metrics.operations.labels(name, answer.code.value).inc()
            self._connection.answer(pushed.ref, "error", rejection_to_dict(answer))
            return
        response: dict[str, object] = {"offset": answer.offset}
        if answer.accepted is not None:
            response["accepted"] = answer.accepted
        self._server.metrics.operations.labels(pushed.event, "ok").inc()
        self._connection.answer(pushed.ref, "ok", response)
