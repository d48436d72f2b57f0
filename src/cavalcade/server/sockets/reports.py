"""The reports of one connection: what its participant tells the others that is not stored, checked and passed on."""

import asyncio
import math
from typing import TYPE_CHECKING, Final

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.fields import Fields
from cavalcade.domain.session import REPORTS
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.wire.channel import Pushed
from cavalcade.wire.codec import encode
from cavalcade.wire.messages import rejection_to_dict

if TYPE_CHECKING:
    from cavalcade.server.sockets.connection import Connection
    from cavalcade.server.sockets.socket_server import SocketServer

MAX_REPORT: Final = 1_024
"""The longest payload that is looked at, bytes."""


class Reports:
    """Passes on what one connection reports, each kind no more often than it may be."""

    __slots__ = ("_connection", "_server", "_session_id", "_told_at")

    def __init__(self, connection: "Connection", server: "SocketServer", session_id: str) -> None:
        """Starts with none.

        Args:
            connection: Whose reports.
            server: What all connections share.
            session_id: The session that its address names.
        """
        self._connection, self._server, self._session_id = connection, server, session_id
        self._told_at: dict[str, float] = {}

    def take(self, pushed: Pushed, send_queue: SendQueue) -> None:
        """Passes a report on and answers it, or answers why not.

        Raises:
            DecodeError: Where its payload is no JSON.
        """
        try:
            self._pass_on(pushed, send_queue)
        except Rejected as rejected:
            status, response = "error", rejection_to_dict(rejected)
        else:
            status, response = "ok", {}
        if pushed.ref is not None:
            self._connection.answer(pushed.ref, status, response)

    def _pass_on(self, pushed: Pushed, send_queue: SendQueue) -> None:
        kind = REPORTS[pushed.event]
        if send_queue.role not in kind.roles:
            raise Rejected(ErrorCode.FORBIDDEN, kind.refusal)
        moment = asyncio.get_running_loop().time()
        wait_s = self._told_at.get(kind.operation, -math.inf) + kind.every_s - moment
        if wait_s > 0:
            detail = f"This can be said once in {kind.every_s} seconds."
            raise Rejected(ErrorCode.TOO_MANY_REQUESTS, detail, retry_after_s=math.ceil(wait_s))
        fields = Fields(pushed.content() if len(pushed.payload) <= MAX_REPORT else None)
        report = fields.build(kind)
        fields.finish()
        report.check(send_queue.offset)
        self._told_at[kind.operation] = moment
        who = send_queue.participant
        payload = {"participant": who, **encode(report)}
        self._server.backend.broadcast(self._session_id, kind.event, payload, kind.audience, str(who))
