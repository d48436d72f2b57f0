"""The joins of one connection: the token is checked, the send queue attached, and the reply written before all else."""

import asyncio
import secrets
from typing import TYPE_CHECKING

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import read_by
from cavalcade.server.live.fanout import presence_metas
from cavalcade.server.live.send_queue import CLOSE_NOT_FOUND, CLOSE_UNAUTHORIZED, SendQueue
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S, within
from cavalcade.server.sessions.backend import Attachment
from cavalcade.wire.channel import JoinRequested, ServerChannel
from cavalcade.wire.messages import JoinParameters, event_to_dict, read_join, rejection_to_dict, snapshot_to_dict
from cavalcade.wire.positions import position_to_dict

if TYPE_CHECKING:
    from cavalcade.server.access.tokens import Claims
    from cavalcade.server.sockets.connection import Connection
    from cavalcade.server.sockets.socket_server import SocketServer


class Joins:
    """Carries out the newest join that a connection asked for; one before it that is still under way is dropped."""

    __slots__ = ("_attaching", "_channel", "_claims", "_connection", "_server", "_session_id", "_task")

    def __init__(
        self,
        connection: "Connection",
        server: "SocketServer",
        channel: ServerChannel,
        session_id: str,
        claims: "Claims | None",
    ) -> None:
        """Starts without a join.

        Args:
            connection: Whose joins.
            server: What all connections share.
            channel: The protocol state of the connection.
            session_id: The session that its address names.
            claims: What its token says, or None where it has no valid one.
        """
        self._connection, self._server, self._channel = connection, server, channel
        self._session_id, self._claims = session_id, claims
        self._task: asyncio.Task[None] | None = None
        self._attaching = asyncio.Lock()

    def begin(self, request: JoinRequested) -> None:
        """Leaves the channel that may be open, and joins in a task of its own."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._connection.detach()
        claims = self._claims
        if claims is None or request.topic != self._channel.topic or claims.session_id != self._session_id:
            self._refuse(request, Rejected(ErrorCode.UNAUTHORIZED, "The token is not valid for this session."))
            return
        try:
            parameters = read_join(request.payload)
        except Rejected as rejected:
            self._refuse(request, rejected)
            return
        self._task = asyncio.create_task(self._join(request, parameters, claims.participant))

    async def _join(self, request: JoinRequested, parameters: JoinParameters, participant: int) -> None:
        send_queue = SendQueue(
            self._connection,
            participant,
            parameters.mode,
            secrets.token_urlsafe(9),
            paused=self._connection.is_paused,
        )
        backend = self._server.backend
        task = asyncio.current_task()

        def is_wanted() -> bool:
            return not self._connection.is_closing and self._task is task and self._channel.is_current(request)

        async def attach() -> None:
            # One after another: two at once would count as two connections, and close one of the participant's others.
            async with self._attaching:
                if not is_wanted():
                    return
                attachment = await backend.attach(self._session_id, send_queue, parameters.since)
                # Nothing is awaited from here on: were the connection lost in between, nobody would detach the queue.
                if is_wanted():
                    self._open(request, send_queue, attachment)
                else:
                    backend.detach(self._session_id, send_queue)

        try:
            await self._server.limits.socket_join(self._session_id, participant)
            await within(REPLY_DEADLINE_S, attach())
        except Rejected as rejected:
            if is_wanted():
                self._refuse(request, rejected)

    def _open(self, request: JoinRequested, send_queue: SendQueue, attachment: Attachment) -> None:
        """Answers a join: the channel is open, and what the queue holds goes out."""
        me = attachment.state.participants.get(send_queue.participant)
        send_queue.role = None if me is None else me.role
        frames = self._channel.accept(request, _welcome(attachment, send_queue))
        presence = self._channel.push("presence_state", presence_metas(attachment.present))
        broadcasts = [self._channel.push(event, newest) for event, newest in attachment.broadcasts.items()]
        self._connection.open(send_queue, attachment.state.offset, [*frames, presence, *broadcasts])

    def _refuse(self, request: JoinRequested, rejected: Rejected) -> None:
        for frame in self._channel.refuse(request, rejection_to_dict(rejected)):
            self._connection.reply(frame)
        if rejected.code is ErrorCode.UNAUTHORIZED:
            self._connection.finish(CLOSE_UNAUTHORIZED)
        elif rejected.code is ErrorCode.SESSION_NOT_FOUND:
            self._connection.finish(CLOSE_NOT_FOUND)


def _welcome(attachment: Attachment, send_queue: SendQueue) -> dict[str, object]:
    """The reply to a join."""
    response: dict[str, object] = {
        "offset": attachment.state.offset,
        "mark": attachment.state.mark,
        "server_time": now_ms(),
        "me": send_queue.participant,
        "mode": send_queue.mode,
        "positions": [position_to_dict(who, where) for who, where in attachment.positions.items()],
    }
    if attachment.events is None:
        response["snapshot"] = snapshot_to_dict(attachment.state, send_queue.participant)
    else:
        response["events"] = [
            event_to_dict(event) for event in read_by(attachment.events, send_queue.participant, attachment.state)
        ]
    return response
