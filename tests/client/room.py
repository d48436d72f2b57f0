"""A small server of one session, to be made to misbehave: real sockets, the real domain, and no storage."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidState
from websockets.typing import Subprotocol

from cavalcade.client import Membership
from cavalcade.domain import commands
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.features.fixes import SendFixes
from cavalcade.domain.features.membership import Join
from cavalcade.domain.fix import Position, accept, read_fix
from cavalcade.domain.model import Limits, Role
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, effects, found, replay
from cavalcade.wire.channel import JoinRequested, Pushed, Send, ServerChannel, event_frame
from cavalcade.wire.frame import Message, encode_binary_broadcast, encode_text
from cavalcade.wire.messages import Mode, event_to_dict, read_join, rejection_to_dict, snapshot_to_dict
from cavalcade.wire.positions import pack_positions, position_to_dict, positions_to_dict, unpack_fix

if TYPE_CHECKING:
    from cavalcade.domain.events import Event
    from cavalcade.domain.feature import Command

SESSION_ID = "abcdefghij"
NOW = 1_800_000_000_000


class Room:
    """One session and everybody connected to it; tests reach in."""

    def __init__(self) -> None:
        self.state = found(SESSION_ID, "Trip", None, NOW, Limits())
        self.events: list[Event] = []
        self.positions: dict[int, Position] = {}
        self.joins: list[Mapping[str, object]] = []
        self.operations: list[tuple[str, str]] = []
        self.commands: list[Command] = []
        self.heartbeats = 0
        self.connections = 0
        self.answers_heartbeats = True
        self.refusals: deque[ErrorCode] = deque()
        self.join_refusals: deque[ErrorCode] = deque()
        self.reply_form: dict[str, object] | None = None
        self.furthest_back = 1000
        self.replies_allowed = asyncio.Event()
        self.replies_allowed.set()
        self.port = 0
        self._receipts: dict[tuple[int, str], dict[str, object]] = {}
        self._members: dict[ServerConnection, tuple[ServerChannel, Mode, int]] = {}
        self._refs = itertools.count()
        self._server: Server | None = None

    def let_in(self) -> Membership:
        """A new member."""
        self.apply(Operation(None, Join(Role.MEMBER)))
        who = max(self.state.participants)
        return Membership(
            f"http://127.0.0.1:{self.port}", SESSION_ID, who, str(who), f"ws://127.0.0.1:{self.port}/socket"
        )

    def apply(self, operation: Operation) -> int:
        """Carries out an operation and tells everybody."""
        events = decide(self.state, operation, NOW, Limits())
        self.state = replay(self.state, events)
        self.events += events
        for event in events:
            if (gone := effects(event.change).withdraws) is not None:
                self.positions.pop(gone, None)
            self.broadcast(event_frame(f"session:{SESSION_ID}", event_to_dict(event)).decode())
        return self.state.offset

    def broadcast(self, frame: str) -> None:
        for connection in self._members:
            self._send(connection, frame)

    def cut(self) -> None:
        """Breaks every connection without a goodbye."""
        for connection in list(self._members):
            connection.transport.abort()

    async def close_all(self, code: int) -> None:
        for connection in list(self._members):
            await connection.close(code)

    async def open(self) -> None:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self.port,
            subprotocols=[Subprotocol("phoenix")],
            compression=None,
            ping_interval=None,
            close_timeout=0.2,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        assert connection.request is not None
        offered = connection.request.headers["Sec-WebSocket-Protocol"].split(", ")
        assert offered[0] == "phoenix"
        channel = ServerChannel(SESSION_ID)
        try:
            async for data in connection:
                received = channel.receive_text(data) if isinstance(data, str) else channel.receive_binary(data)
                if isinstance(received, Send):
                    self.heartbeats += 1
                    if self.answers_heartbeats:
                        self._send(connection, received.frame.decode())
                elif isinstance(received, JoinRequested):
                    self._join(connection, channel, received, who=self._who(offered[1]))
                elif isinstance(received, Pushed):
                    await self._pushed(connection, channel, received)
        except ConnectionClosed:
            pass
        finally:
            member = self._members.pop(connection, None)
            if member is not None:
                self._presence_diff("leaves", member[2], str(id(connection)))

    @staticmethod
    def _who(subprotocol: str) -> int:
        membership = Membership("", "", 0, "1", "")
        prefix = membership.subprotocols[1][: -len("MQ")]
        assert subprotocol.startswith(prefix)
        return next(n for n in range(1, 100) if Membership("", "", 0, str(n), "").subprotocols[1] == subprotocol)

    def _join(self, connection: ServerConnection, channel: ServerChannel, request: JoinRequested, who: int) -> None:
        parameters = read_join(request.payload)
        self.joins.append(request.payload if isinstance(request.payload, dict) else {})
        if self.join_refusals:
            frames = channel.refuse(request, rejection_to_dict(Rejected(self.join_refusals.popleft())))
        else:
            response: dict[str, object] = {
                "offset": self.state.offset,
                "server_time": NOW,
                "me": who,
                "mode": parameters.mode,
                "positions": [position_to_dict(*item) for item in self.positions.items()],
            }
            since = None if parameters.since is None else parameters.since.offset
            if since is None or since > self.state.offset or self.state.offset - since > self.furthest_back:
                response["snapshot"] = snapshot_to_dict(self.state)
            else:
                response["events"] = [event_to_dict(event) for event in self.events[since:]]
            frames = channel.accept(request, self.reply_form or response)
            self._presence_diff("joins", who, str(id(connection)))
            self._members[connection] = channel, parameters.mode, who
        for frame in frames:
            self._send(connection, frame.decode())
        if channel.joined:
            present = {str(m[2]): {"metas": [{"phx_ref": str(id(c))}]} for c, m in self._members.items()}
            self._send(connection, channel.push("presence_state", present).decode())

    async def _pushed(self, connection: ServerConnection, channel: ServerChannel, pushed: Pushed) -> None:
        who = self._members[connection][2]
        if pushed.event == "position":
            raw = pushed.content()
            fix = None if isinstance(raw, bytes) else read_fix(raw)
            position = unpack_fix(raw) if isinstance(raw, bytes) else fix and accept(fix, fix.fix_time or NOW)
            if position:
                self.show(who, position)
            return
        operation = commands.operation(pushed.event, who, pushed.content())
        assert operation.op_id is not None
        assert pushed.ref is not None
        self.operations.append((pushed.event, operation.op_id))
        self.commands.append(operation.command)
        try:
            frame = channel.reply(pushed.ref, "ok", self._carry_out(operation, (who, operation.op_id)))
        except Rejected as rejected:
            frame = channel.reply(pushed.ref, "error", rejection_to_dict(rejected))
        await self.replies_allowed.wait()
        self._send(connection, frame.decode())

    def _carry_out(self, operation: Operation, key: tuple[int, str]) -> dict[str, object]:
        if self.refusals:
            raise Rejected(self.refusals.popleft())
        if key not in self._receipts:
            reply: dict[str, object] = {"offset": self.apply(operation)}
            if isinstance(operation.command, SendFixes):
                reply["accepted"] = len(operation.command.fixes)
            self._receipts[key] = reply
        return self._receipts[key]

    def show(self, who: int, position: Position) -> None:
        """Takes a position and sends it to everybody."""
        self.positions[who] = position
        topic = f"session:{SESSION_ID}"
        for connection, (_, mode, _) in self._members.items():
            if mode == "binary":
                packed = pack_positions(position.fix_time, [(who, position)])
                self._send(connection, encode_binary_broadcast(topic, "positions", packed))
            else:
                payload = positions_to_dict(position.fix_time, [(who, position)])
                self._send(connection, encode_text(Message(None, None, topic, "positions", payload)).decode())

    def _presence_diff(self, kind: str, who: int, ref: str) -> None:
        payload = {"joins": {}, "leaves": {}, kind: {str(who): {"metas": [{"phx_ref": ref}]}}}
        self.broadcast(encode_text(Message(None, None, f"session:{SESSION_ID}", "presence_diff", payload)).decode())

    def _send(self, connection: ServerConnection, frame: str | bytes) -> None:
        """Writes at once and in order, whatever the reader does, and to nobody where it is gone."""
        with contextlib.suppress(ConnectionClosed, InvalidState):
            if isinstance(frame, str):
                connection.protocol.send_text(frame.encode())
            else:
                connection.protocol.send_binary(frame)
            connection.send_data()


@asynccontextmanager
async def open_room() -> AsyncIterator[Room]:
    room = Room()
    await room.open()
    try:
        yield room
    finally:
        room.replies_allowed.set()
        await room.shut()
