"""One WebSocket connection: the shell around its channel. Positions go to the backend from here."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from cavalcade.domain.fix import Position, accept, clamp, read_fix
from cavalcade.domain.session import REPORTS
from cavalcade.server.live.send_queue import CLOSE_FAILED, CLOSE_NOT_FOUND, SendQueue
from cavalcade.server.processes.clock import now_ms
from cavalcade.server.sockets.fragments import Fragments, TooLarge
from cavalcade.server.sockets.joining import Joins
from cavalcade.server.sockets.operations import Operations
from cavalcade.server.sockets.reports import Reports
from cavalcade.wire.channel import POSITION, JoinRequested, Left, Pushed, Received, Send, ServerChannel
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.positions import FIX_SIZE, unpack_fix

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
        "_bytes",
        "_channel",
        "_claims",
        "_closing",
        "_finished",
        "_fragments",
        "_frames",
        "_joins",
        "_loop",
        "_operations",
        "_paused",
        "_reports",
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
        self._joins = Joins(self, server, self._channel, session_id, claims)
        self._operations = Operations(self, server, session_id, claims, self._operations_done)
        self._reports = Reports(self, server, session_id)
        self._fragments = Fragments()
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
            self.malformed(error)

    def on_ws_disconnected(self, _transport: WSTransport) -> None:
        """The socket is gone."""
        self._closing = True
        self.detach()
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
        self.detach()
        self._transport.send_close(code)  # type: ignore[arg-type]  # picows takes the codes from 4000 up as integers
        self._loop.call_later(ABORT_S, self._transport.disconnect, False)

    def fail(self) -> None:
        """Reports that the channel failed; the client joins again by itself."""
        frame = self._channel.fail()
        self.detach()
        if frame is not None and not self._closing:
            self.write_text(frame)

    def finish(self, code: int) -> None:
        """Ends the channel for good once its operations are answered, and closes if the client does not do so itself.

        What the send queue still owes is sent first: a client forgets the channel when it reads that it is closed.
        """
        if self._finished:
            return
        self._finished = True
        # At the end of a session nobody is left to be told.
        if code != CLOSE_NOT_FOUND and self._send_queue is not None:
            self._server.backend.detach(self._session_id, self._send_queue)
        if not self._operations.is_busy:
            self._close_channel()
        self._loop.call_later(LINGER_S, self.close, code)

    def _close_channel(self) -> None:
        frame = self._channel.close()
        if frame is not None and not self._closing:
            self.reply(frame)

    def _closed_by_peer(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answers a close once. A peer that closes and never reads must not keep what is buffered for it."""
        if not self._closing:
            self._closing = True
            self.detach()
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
        """Takes a part of a fragmented message."""
        try:
            message = self._fragments.add(frame)
        except TooLarge:
            self.close(WSCloseCode.MESSAGE_TOO_BIG.value)
            return
        if message is not None:
            receive = self._channel.receive_text if self._fragments.is_text else self._channel.receive_binary
            self._act(receive(message))

    def _act(self, received: Received) -> None:
        if self._closing:
            return
        match received:
            case Pushed(event=event) if event == POSITION:
                self._position(received.content() if len(received.payload) <= MAX_POSITION else None)
            case Pushed(event=event) if event in REPORTS:
                if self._send_queue is not None:
                    self._reports.take(received, self._send_queue)
            case Pushed():
                if self._send_queue is not None:
                    self._operations.add(received)
            case Send(frame=frame):
                self.reply(frame)
            case JoinRequested():
                self._joins.begin(received)
            case Left(frames=frames):
                self.detach()
                for frame in frames:
                    self.reply(frame)
            case None:
                pass

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

    # What its joins and operations call.

    @property
    def is_paused(self) -> bool:
        """Whether the transport is full."""
        return self._paused

    @property
    def is_closing(self) -> bool:
        """Whether nothing is to be sent any more."""
        return self._closing

    @property
    def is_finished(self) -> bool:
        """Whether the channel has ended for good, or is about to."""
        return self._finished

    def open(self, send_queue: SendQueue, offset: int, frames: Sequence[bytes]) -> None:
        """Opens the channel with the frames that answer its join; what the queue holds goes out behind them.

        Args:
            send_queue: The queue that the backend fills from now on.
            offset: The newest event that the answer tells of.
            frames: The answer.
        """
        self._send_queue = send_queue
        self._server.joined(self)
        if self._paused:
            send_queue.pause()
        send_queue.open(offset, frames)
        if self._finished:  # the last event for this connection came before its channel was open
            self._server.backend.detach(self._session_id, send_queue)
            self._close_channel()

    def reply(self, frame: bytes) -> None:
        """Sends an answer in its place; before the join, a peer that does not read what it asked for is cut off."""
        if self._send_queue is not None:
            self._send_queue.send_reply(frame)
        elif self._paused:
            self.close(CLOSE_FAILED)
        else:
            self.write_text(frame)

    def answer(self, ref: str, status: str, response: Mapping[str, object]) -> None:
        """Answers a push."""
        self.reply(self._channel.reply(ref, status, response))

    def malformed(self, error: DecodeError) -> None:
        """Closes the connection: what came in is not of the protocol."""
        self._server.metrics.malformed_frames.inc()
        _log.info("frame_malformed", expected=str(error))
        self.close(CLOSE_FAILED)

    def detach(self) -> None:
        """Leaves the channel, where it is open."""
        send_queue, self._send_queue = self._send_queue, None
        if send_queue is not None:
            self.joined_or_opened_at = self._loop.time()
            self._server.backend.detach(self._session_id, send_queue)
            if not self._closing:
                self._server.left(self)

    def _operations_done(self) -> None:
        if self._finished:
            self._close_channel()
