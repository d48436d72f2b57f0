"""One WebSocket connection: frames in, operations and positions to the backend, frames out through its send queue."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from cavalcade.domain import commands
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.fix import Position, accept, clamp, read_fix
from cavalcade.domain.session import FINISHING, OPERATIONS
from cavalcade.server.live.fanout import presence_metas
from cavalcade.server.live.send_queue import CLOSE_FAILED, CLOSE_NOT_FOUND, CLOSE_UNAUTHORIZED, SendQueue
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S, within
from cavalcade.server.sessions.backend import Attachment, Receipt
from cavalcade.server.sockets.operation_queue import OperationQueue
from cavalcade.wire.channel import POSITION, JoinRequested, Left, Pushed, Received, Send, ServerChannel
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.frame import MAX_FRAME
from cavalcade.wire.messages import JoinParameters, event_to_dict, read_join, rejection_to_dict, snapshot_to_dict
from cavalcade.wire.positions import FIX_SIZE, position_to_dict, unpack_fix

if TYPE_CHECKING:
    from cavalcade.server.access.tokens import Claims
    from cavalcade.server.sockets.socket_server import SocketServer

MAX_FRAMES_PER_S: Final = 100
"""Beyond this a connection is not read until the second is over: TCP slows the sender down."""

MAX_BYTES_PER_S: Final = 262_144
"""The same for what its frames hold: reading them costs time for each byte."""

MAX_POSITION: Final = 4_096
"""The longest payload of a position that is looked at, bytes."""

LINGER_S: Final = 5.0
"""How long a client that was told not to come back has to close by itself."""

ABORT_S: Final = 2.0
"""How long the peer has to answer a close."""

SEND_BUFFER: Final = 16_384
"""The kernel's send buffer in bytes: what it holds for a slow reader is stale by the time it is read."""

_log = structlog.get_logger(__name__)


class Connection(WSListener):
    """One connection and the channel on it."""

    __slots__ = (
        "_attaching",
        "_bytes",
        "_channel",
        "_claims",
        "_closing",
        "_finished",
        "_fragment_type",
        "_fragments",
        "_frames",
        "_join",
        "_loop",
        "_operations",
        "_paused",
        "_second",
        "_send_queue",
        "_server",
        "_session_id",
        "_transport",
        "address",
        "joined_or_opened_at",
        "last_received_at",
    )

    def __init__(
        self,
        server: "SocketServer",
        session_id: str,
        claims: "Claims | None",
        address: str,
    ) -> None:
        """Starts a connection whose handshake was accepted.

        Args:
            server: What all connections share.
            session_id: The session that its address names.
            claims: What its token says, or None where it has no valid one.
            address: What the address that it comes from counts as.
        """
        super().__init__()
        self._server = server
        self._session_id = session_id
        self._claims = claims
        self.address = address
        self._channel = ServerChannel(session_id)
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._send_queue: SendQueue | None = None
        self._join: asyncio.Task[None] | None = None
        self._attaching = asyncio.Lock()
        self._operations = OperationQueue(self._execute, self._operations_done)
        self._fragments: bytearray | None = None
        self._fragment_type: WSMsgType | None = None
        self._second = self._frames = self._bytes = 0
        self._paused = self._closing = self._finished = False
        self.last_received_at = self.joined_or_opened_at = self._loop.time()

    @property
    def is_joined(self) -> bool:
        """Whether a channel is open."""
        return self._send_queue is not None

    @property
    def member(self) -> str | None:
        """Whose connection it is, for telling members apart; None where its token does not open its session."""
        claims = self._claims
        if claims is None or claims.session_id != self._session_id:
            return None
        return f"{claims.session_id}/{claims.participant}"

    # What picows calls.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The socket is open."""
        self._transport = transport
        underlying = transport.underlying_transport
        underlying.set_write_buffer_limits(high=0)
        with contextlib.suppress(OSError):
            underlying.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._server.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came in."""
        moment = self._loop.time()
        self.last_received_at = moment
        self._count(moment, transport, frame.payload_size)
        kind = frame.msg_type
        try:
            if kind is WSMsgType.BINARY and frame.fin:
                data = frame.get_payload_as_bytes()
                fix = self._channel.packed_position(data)
                if fix is None:
                    self._act(self._channel.receive_binary(data))
                elif not self._closing:
                    self._position(fix)
            elif kind is WSMsgType.TEXT and frame.fin:
                self._act(self._channel.receive_text(frame.get_payload_as_bytes()))
            elif kind is WSMsgType.PING:
                if not self._paused:
                    transport.send_pong(frame.get_payload_as_bytes())
            elif kind is WSMsgType.CLOSE:
                self._closed_by_peer(transport, frame)
            elif kind is not WSMsgType.PONG:
                self._collect(frame)
        except DecodeError as error:
            self._malformed(error)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """The socket is gone."""
        self._closing = True
        self._detach()
        self._operations.clear()
        self._server.gone(self)

    def pause_writing(self) -> None:
        """The transport is full."""
        self._paused = True
        if self._send_queue is not None:
            self._send_queue.pause()

    def resume_writing(self) -> None:
        """The transport takes more."""
        self._paused = False
        if self._send_queue is not None:
            self._send_queue.resume()

    # What the send queue and the server call.

    @property
    def write_text(self) -> Callable[[bytes], None]:
        """Writes one text frame; code that writes many keeps this, since it calls the transport directly."""
        assert self._transport is not None
        return partial(self._transport.send, WSMsgType.TEXT)

    @property
    def write_binary(self) -> Callable[[bytes], None]:
        """Writes one binary frame; see `write_text`."""
        assert self._transport is not None
        return partial(self._transport.send, WSMsgType.BINARY)

    def close(self, code: int) -> None:
        """Closes the connection with a code; a peer that does not answer is cut off."""
        if self._closing or self._transport is None:
            return
        self._closing = True
        self._server.metrics.connections_closed.labels(code).inc()
        self._detach()
        self._transport.send_close(code)  # type: ignore[arg-type]  # picows takes the codes from 4000 up as integers
        self._loop.call_later(ABORT_S, self._transport.disconnect, False)

    def fail(self) -> None:
        """Reports that the channel failed; the client joins again by itself."""
        frame = self._channel.fail()
        self._detach()
        if frame is not None and not self._closing:
            self.write_text(frame)

    def finish(self, code: int) -> None:
        """Ends the channel for good once its operations are answered, and closes if the client does not do so itself.

        What the send queue still owes is sent first: a client forgets the channel when it reads that it is closed.
        """
        if self._finished:
            return
        self._finished = True
        if (
            code != CLOSE_NOT_FOUND and self._send_queue is not None
        ):  # at the end of a session nobody is left to be told
            self._server.backend.detach(self._session_id, self._send_queue)
        if not self._operations.is_busy:
            self._close_channel()
        self._loop.call_later(LINGER_S, self.close, code)

    def _close_channel(self) -> None:
        frame = self._channel.close()
        if frame is not None and not self._closing:
            self._reply(frame)

    def _closed_by_peer(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answers a close once. A peer that closes and never reads must not keep what is buffered for it."""
        if not self._closing:
            self._closing = True
            self._detach()
            code = frame.get_close_code()
            transport.send_close(WSCloseCode.OK if code == WSCloseCode.NO_INFO else code)
            self._loop.call_later(ABORT_S, transport.disconnect, False)
        transport.disconnect()

    # Frames in.

    def _count(self, moment: float, transport: WSTransport, size: int) -> None:
        """Stops reading for the rest of a second in which too much came in."""
        second = int(moment)
        if second != self._second:
            self._second = second
            self._frames = self._bytes = 0
        had_enough = self._has_enough
        self._frames += 1
        self._bytes += size
        if self._has_enough and not had_enough:
            transport.underlying_transport.pause_reading()
            self._loop.call_later(second + 1 - moment, self._read_again)

    @property
    def _has_enough(self) -> bool:
        return self._frames >= MAX_FRAMES_PER_S or self._bytes >= MAX_BYTES_PER_S

    def _read_again(self) -> None:
        if not self._closing and self._transport is not None:
            self._transport.underlying_transport.resume_reading()

    def _collect(self, frame: WSFrame) -> None:
        """Puts a fragmented message together."""
        starts = frame.msg_type is not WSMsgType.CONTINUATION
        if starts is not (self._fragments is None):
            raise DecodeError("a fragmented message must be finished before another one, and begun before it goes on")
        if self._fragments is None:
            self._fragments, self._fragment_type = bytearray(), frame.msg_type
        self._fragments += frame.get_payload_as_memoryview()
        if len(self._fragments) > MAX_FRAME:
            self._fragments = None
            self.close(WSCloseCode.MESSAGE_TOO_BIG.value)
            return
        if frame.fin:
            message, self._fragments = bytes(self._fragments), None
            text = self._fragment_type is WSMsgType.TEXT
            self._act(self._channel.receive_text(message) if text else self._channel.receive_binary(message))

    def _act(self, received: Received) -> None:
        if self._closing:
            return
        match received:
            case Pushed(event=event) if event == POSITION:
                self._position(received.content() if len(received.payload) <= MAX_POSITION else None)
            case Pushed():
                self._enqueue(received)
            case Send(frame=frame):
                self._reply(frame)
            case JoinRequested():
                self._begin_join(received)
            case Left(frames=frames):
                self._detach()
                for frame in frames:
                    self._reply(frame)
            case None:
                pass

    def _reply(self, frame: bytes) -> None:
        """Sends an answer in its place; before the join, a peer that does not read what it asked for is cut off."""
        if self._send_queue is not None:
            self._send_queue.send_reply(frame)
        elif self._paused:
            self.close(CLOSE_FAILED)
        else:
            self.write_text(frame)

    def _position(self, payload: object) -> None:
        send_queue = self._send_queue
        if send_queue is None:
            return
        position: Position | None = None
        if isinstance(payload, bytes):
            if len(payload) == FIX_SIZE:
                position = clamp(unpack_fix(payload), now_ms())
        elif (fix := read_fix(payload)) is not None:
            position = accept(fix, now_ms())
        if position is None:
            self._server.metrics.positions_refused.inc()
            return
        self._server.positions_received += 1
        self._server.read_coalescing.expect_more()
        self._server.backend.report(self._session_id, send_queue.participant, position)

    # Joining.

    def _begin_join(self, request: JoinRequested) -> None:
        if self._join is not None:
            self._join.cancel()
            self._join = None
        self._detach()
        claims = self._claims
        if claims is None or request.topic != self._channel.topic or claims.session_id != self._session_id:
            self._refuse(request, Rejected(ErrorCode.UNAUTHORIZED, "The token is not valid for this session."))
            return
        try:
            parameters = read_join(request.payload)
        except Rejected as rejected:
            self._refuse(request, rejected)
            return
        self._join = asyncio.create_task(self._attach(request, parameters, claims.participant))

    async def _attach(self, request: JoinRequested, parameters: JoinParameters, participant: int) -> None:
        send_queue = SendQueue(self, participant, parameters.mode, secrets.token_urlsafe(9), paused=self._paused)
        backend = self._server.backend
        join = asyncio.current_task()

        def is_wanted() -> bool:
            return not self._closing and self._join is join and self._channel.is_current(request)

        async def attach() -> None:
            # One after another: two at once would count as two connections, and close one of the participant's others.
            async with self._attaching:
                if not is_wanted():
                    return
                attachment = await backend.attach(self._session_id, send_queue, parameters.since)
                # Nothing is awaited from here on: were the connection lost in between, nobody would detach the queue.
                if is_wanted():
                    self._open(request, send_queue, attachment, parameters)
                else:
                    backend.detach(self._session_id, send_queue)

        try:
            await self._server.limits.socket_join(self._session_id, participant)
            await within(REPLY_DEADLINE_S, attach())
        except Rejected as rejected:
            if is_wanted():
                self._refuse(request, rejected)

    def _open(
        self, request: JoinRequested, send_queue: SendQueue, attachment: Attachment, parameters: JoinParameters
    ) -> None:
        """Answers a join: the channel is open, and what the send queue holds goes out."""
        self._send_queue = send_queue
        self._server.joined(self)
        if self._paused:
            send_queue.pause()
        frames = self._channel.accept(request, self._welcome(attachment, parameters, send_queue.participant))
        presence = self._channel.push("presence_state", presence_metas(attachment.present))
        send_queue.open(attachment.state.offset, [*frames, presence])
        if self._finished:  # the last event for this connection came before its channel was open
            self._server.backend.detach(self._session_id, send_queue)
            self._close_channel()

    def _welcome(self, attachment: Attachment, parameters: JoinParameters, me: int) -> dict[str, object]:
        response: dict[str, object] = {
            "offset": attachment.state.offset,
            "mark": attachment.state.mark,
            "server_time": now_ms(),
            "me": me,
            "mode": parameters.mode,
            "positions": [position_to_dict(who, where) for who, where in attachment.positions.items()],
        }
        if attachment.events is None:
            response["snapshot"] = snapshot_to_dict(attachment.state)
        else:
            response["events"] = [event_to_dict(event) for event in attachment.events]
        return response

    def _refuse(self, request: JoinRequested, rejected: Rejected) -> None:
        for frame in self._channel.refuse(request, rejection_to_dict(rejected)):
            self._reply(frame)
        if rejected.code is ErrorCode.UNAUTHORIZED:
            self.finish(CLOSE_UNAUTHORIZED)
        elif rejected.code is ErrorCode.SESSION_NOT_FOUND:
            self.finish(CLOSE_NOT_FOUND)

    def _detach(self) -> None:
        send_queue, self._send_queue = self._send_queue, None
        if send_queue is not None:
            self.joined_or_opened_at = self._loop.time()
            self._server.backend.detach(self._session_id, send_queue)
            if not self._closing:
                self._server.left(self)

    # Operations, one after another.

    def _enqueue(self, pushed: Pushed) -> None:
        if self._send_queue is None:
            return
        if pushed.event not in OPERATIONS:
            known = ", ".join(sorted(OPERATIONS))
            self._answer(pushed, Rejected(ErrorCode.INVALID_REQUEST, f"No such operation; there are: {known}."))
        elif not self._operations.add(pushed):
            self._answer(pushed, Rejected(ErrorCode.TOO_MANY_REQUESTS, "Too many operations at once; try again."))

    async def _execute(self, pushed: Pushed, seconds: float) -> None:
        started = self._loop.time() - (REPLY_DEADLINE_S - seconds)
        try:
            self._answer(pushed, await self._outcome(pushed, seconds))
        except DecodeError as error:
            self._malformed(error)
        except Rejected as rejected:
            if self._finished and rejected.code is ErrorCode.UNAUTHORIZED:
                rejected = Rejected(ErrorCode.SESSION_NOT_FOUND, "You have left this session.")
            self._answer(pushed, rejected)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the operator a stack
            _log.exception("operation_failed", operation=pushed.event)
            self._answer(pushed, Rejected(ErrorCode.UNAVAILABLE, "This failed here; try again."))
        self._server.metrics.operation_seconds.observe(self._loop.time() - started)

    async def _outcome(self, pushed: Pushed, seconds: float) -> Receipt:
        if seconds <= 0:
            raise Rejected(ErrorCode.UNAVAILABLE, "Earlier operations take too long right now; try again.")
        assert self._claims is not None  # only members have joined
        if pushed.event not in FINISHING:  # nobody is kept from going, however much they asked for
            # Before it is decoded: what is refused should cost as little as can be.
            await self._server.limits.operation(self._session_id, self._claims.participant)
        operation = commands.operation(pushed.event, self._claims.participant, pushed.content())
        return await within(seconds, self._server.backend.submit(self._session_id, operation))

    def _operations_done(self) -> None:
        if self._finished:
            self._close_channel()

    def _malformed(self, error: DecodeError) -> None:
        self._server.metrics.malformed_frames.inc()
        _log.info("frame_malformed", expected=str(error))
        self.close(CLOSE_FAILED)

    def _answer(self, pushed: Pushed, answer: Receipt | Rejected) -> None:
        if pushed.ref is None or self._closing:
            return
        if isinstance(answer, Rejected):
            name = pushed.event if pushed.event in OPERATIONS else "unknown"
            self._server.metrics.operations.labels(name, answer.code.value).inc()
            self._reply(self._channel.reply(pushed.ref, "error", rejection_to_dict(answer)))
            return
        response: dict[str, object] = {"offset": answer.offset}
        if answer.accepted is not None:
            response["accepted"] = answer.accepted
        self._server.metrics.operations.labels(pushed.event, "ok").inc()
        self._reply(self._channel.reply(pushed.ref, "ok", response))
