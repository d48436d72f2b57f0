"""The client's side of one session over any number of connections, sans-I/O.

What happens goes in (`opened`, `received`, `lost`, `tick`, and what the user wants), actions come out; the shell around
it (`live_session`) carries them out and calls `tick` at `deadline`. Times are milliseconds of a clock that never goes
back, and are passed in, as is randomness.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from cavalcade.client.actions import Action, Dial, Disconnect, Notify, Settle, Transmit, Withhold
from cavalcade.client.backoff import Backoff
from cavalcade.client.changes import (
    Change,
    Closed,
    ConnectionChanged,
    ConnectionState,
    EventReceived,
    PositionsReceived,
    PresenceChanged,
    ReachedChanged,
    StateReplaced,
)
from cavalcade.client.errors import ProtocolError, SessionOver
from cavalcade.client.lanes import Lane, Lanes
from cavalcade.client.pending_operations import PendingOperation
from cavalcade.client.replica import AHEAD_MS, Gap, Replica
from cavalcade.client.replies import JoinReply, asked_to_wait_ms, read_join_reply, read_positions, read_rejection
from cavalcade.client.resumption import Resumption
from cavalcade.client.stamps import Stamps
from cavalcade.client.timing import OF_A_CONNECTION, Timer, Timing
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.features.chat import Reached
from cavalcade.domain.fix import Fix, Position, accept
from cavalcade.domain.model import Role
from cavalcade.domain.session import CHANGES, FINISHING, URGENT, effects
from cavalcade.wire.channel import TOPIC_PREFIX
from cavalcade.wire.errors import DecodeError
from cavalcade.wire.frame import Message, decode_server_binary, decode_text, encode_client_push, encode_text
from cavalcade.wire.messages import Mode, event_from_dict
from cavalcade.wire.positions import fix_to_dict, pack_fix

FINAL_CLOSES: Final = {4401: "unauthorized", 4404: "session_not_found", 4409: "replaced"}
"""Close codes after which the server does not want this client back, and what they mean."""

REACHED_SLACK_MS: Final = 500
"""Frames may come closer together than they were sent, and one that comes too soon is refused."""

_NORMAL, _PROTOCOL_FAILED, _UNANSWERED = 1000, 1002, 4000
_DONE_REASONS: Final = frozenset({"left", "ended", "expired", "unauthorized", "session_not_found"})
"""Endings that mean the same as an acknowledged `leave` or `session:end`."""


class Channel:
    """Keeps one session joined: dials, joins, resumes by offset, repeats operations, folds what comes.

    Every method that takes `now` returns the actions to carry out, in order.
    """

    def __init__(
        self,
        session_id: str,
        participant: int,
        *,
        mode: Mode = "binary",
        timing: Timing | None = None,
        random: Callable[[], float],
        resumption: Resumption | None = None,
        stamps: Stamps | None = None,
    ) -> None:
        """Prepares a channel that `start` then opens.

        Args:
            session_id: Which session.
            participant: One's own id in it.
            mode: How positions travel.
            timing: How patient to be.
            random: A source of numbers from 0 to 1, for the back-off.
            resumption: What an earlier run of the program kept.
            stamps: Told what the server says its time is.
        """
        resumption = resumption or Resumption()
        self.topic = TOPIC_PREFIX + session_id
        self.participant = participant
        self.replica = Replica(resumption.state)
        self.connection = ConnectionState.WAITING
        self.closed: Closed | None = None
        self.failure: Exception | None = None
        """Why it closed, where that was a refusal or a failure: what to raise."""
        self._stamps = stamps or Stamps(steady=0, wall=0)
        self._mode: Mode = mode
        self._timing = timing or Timing()
        self._reconnects = Backoff(random)
        self._lanes = Lanes(resumption.operations, random)
        self._answered_sharing: tuple[bool, int] = (True, 0)
        """What was answered last, and the offset from which the session shows it: events may come after answers."""
        self._newest_fix: Fix | None = None
        """Sent again after a join whose answer does not have it: a broken connection or a server may have lost it."""
        self._reached = self._told_reached = 0
        """Up to which event the chat was on the screen, and what the server was told of it."""
        self._timers: dict[Timer, int] = {}
        self._actions: list[Action] = []
        self._socket_open = False
        self._last_ref = 0
        self._join_ref: str | None = None
        self._heartbeat_ref: str | None = None
        # An earlier version of this program, which could not fold what this one can.
        self._needs_snapshot = resumption.state is not None and not resumption.state.unknown.isdisjoint(CHANGES)

    @property
    def deadline(self) -> int | None:
        """When `tick` is due; None where nothing is timed."""
        lanes = self._lanes.deadline
        return min(self._timers.values() if lanes is None else (*self._timers.values(), lanes), default=None)

    @property
    def is_sharing(self) -> bool:
        """Whether a position may leave this device: what was asked for last counts, even before it is acknowledged."""
        wanted, (answered, shown_from) = self._lanes.sharing, self._answered_sharing
        asked = answered if wanted is None else wanted
        state = self.replica.state
        if state is None:
            return asked
        me = state.participants.get(self.participant)
        if me is None or me.role is Role.VIEWER:
            return False
        is_shown = wanted is None and state.offset >= shown_from
        return me.sharing if is_shown else asked

    @property
    def waiting(self) -> Sequence[PendingOperation]:
        """The operations without a final answer, in the order of each lane, an SOS first."""
        return self._lanes.waiting

    def start(self, now: int) -> list[Action]:
        """Begins to connect."""
        self._timers[Timer.DIAL] = now
        return self.tick(now)

    def tick(self, now: int) -> list[Action]:
        """Does what is due."""
        due = sorted((at, timer.value, timer) for timer, at in self._timers.items() if at <= now)
        for _, _, timer in due:
            # An earlier one of the same tick may have cancelled this one.
            if self._timers.pop(timer, None) is not None:
                self._on_timer(timer, now)
        self._actions += self._lanes.tick(now)
        self._send_operations(now)
        return self._take()

    def opened(self, now: int) -> list[Action]:
        """The WebSocket is open."""
        if self.closed is None:
            self._socket_open = True
            self._timers[Timer.HEARTBEAT] = now + self._timing.heartbeat_ms
            self._join(now)
        return self._take()

    def lost(self, now: int, close_code: int | None = None, wait_ms: int = 0) -> list[Action]:
        """The WebSocket could not be opened, or has closed.

        Args:
            now: Now.
            close_code: What the server closed it with, where it did.
            wait_ms: How long the server asked to wait, where it refused the connection.
        """
        if self.closed is None:
            reason = FINAL_CLOSES.get(close_code or 0)
            self._socket_open = False
            if reason is not None:
                known = reason in set(ErrorCode)
                self._finish(reason, Rejected(ErrorCode(reason)) if known else None)
            else:
                self._wait_to_dial(now, wait_ms)
        return self._take()

    def received(self, frame: str | bytes, now: int) -> list[Action]:
        """A frame came."""
        if self.closed is None and self._socket_open:
            if Timer.HEARTBEAT_ANSWER in self._timers:
                # Whatever comes is a sign of life: on a slow way the answer may wait behind it.
                self._timers[Timer.HEARTBEAT_ANSWER] = now + self._timing.silence_ms
            try:
                self._handle(decode_text(frame) if isinstance(frame, str) else decode_server_binary(frame), now)
            except ProtocolError as error:
                self._finish("protocol_error", error, close_code=_PROTOCOL_FAILED)
            except (DecodeError, Gap):
                # A snapshot says again whatever was missed or could not be read.
                self._rejoin_later(now, needs_snapshot=True)
        return self._take()

    def submit(self, op_id: str, event: str, payload: Mapping[str, object], now: int) -> list[Action]:
        """Asks for an operation; its `Settle` comes sooner or later, whatever happens to connections.

        Of statuses that wait only the newest goes; the older ones settle as withdrawn.

        Raises:
            SessionOver: The session object has ended.
            Rejected: `too_many_requests` where too many operations wait already.
        """
        if self.closed is not None:
            raise SessionOver(self.closed.reason)
        settled = self._lanes.submit(PendingOperation(op_id, event, {"op_id": op_id, **payload}), self.participant)
        if event not in URGENT and self._lanes.sharing is False:
            self._newest_fix = None
            self._actions.append(Withhold())
        self._actions += settled
        self._send_operations(now)
        return self._take()

    def withdraw(self, op_id: str) -> list[Action]:
        """Takes back what is not on its way: it is not sent, and settles as withdrawn."""
        self._actions += self._lanes.withdraw(op_id)
        return self._take()

    def report(self, fix: Fix) -> list[Action]:
        """Sends a position as soon as there is a connection; nothing while sharing is off.

        The newest is kept and sent again after a reconnect where the server does not have it.
        """
        if self.closed is not None or not self.is_sharing:
            return []
        self.remember(fix)
        if self.connection is ConnectionState.JOINED:
            self._send_fix(fix)
        return self._take()

    def remember(self, fix: Fix) -> None:
        """Notes that a fix was shared, to be sent again after a reconnect where the server does not have it."""
        if self._newest_fix is None or (fix.fix_time or 0) >= (self._newest_fix.fix_time or 0):
            self._newest_fix = fix

    def reach(self, offset: int, now: int) -> list[Action]:
        """Tells that the chat was on the screen up to an offset, as soon and as often as may be."""
        self._reached = max(self._reached, offset)
        self._send_reached(now)
        return self._take()

    def close(self) -> list[Action]:
        """Ends it from this side; the participant stays in the session."""
        if self.closed is None:
            self._finish("disconnected", None)
        return self._take()

    # Connections and joins

    def _on_timer(self, timer: Timer, now: int) -> None:
        match timer:
            case Timer.DIAL:
                self._change_connection(ConnectionState.CONNECTING)
                self._actions.append(Dial())
            case Timer.REJOIN:
                self._join(now)
            case Timer.HEARTBEAT:
                self._heartbeat_ref = self._next_ref()
                self._send(Message(None, self._heartbeat_ref, "phoenix", "heartbeat", {}))
                self._timers[Timer.HEARTBEAT_ANSWER] = now + self._timing.silence_ms
            case Timer.JOIN | Timer.HEARTBEAT_ANSWER:
                self._drop(now, _UNANSWERED)
            case Timer.STABLE:
                self._reconnects.reset()
            case Timer.REACHED:
                self._send_reached(now)

    def _join(self, now: int) -> None:
        self._change_connection(ConnectionState.CONNECTING)
        self._actions += self._lanes.interrupted()
        self._join_ref = self._next_ref()
        self.replica.forget_presence()
        payload: dict[str, object] = {"mode": self._mode}
        if self.replica.state is not None and not self._needs_snapshot:
            payload["offset"] = self.replica.state.offset
            if self.replica.state.mark is not None:
                payload["mark"] = self.replica.state.mark
        self._send(Message(self._join_ref, self._join_ref, self.topic, "phx_join", payload))
        self._timers[Timer.JOIN] = now + self._timing.answer_ms

    def _rejoin_later(self, now: int, *, needs_snapshot: bool = False, wait_ms: int = 0) -> None:
        """Joins again over the same socket; until then what comes for the channel is not listened to."""
        self._needs_snapshot = self._needs_snapshot or needs_snapshot
        self._join_ref = None
        self._actions += self._lanes.interrupted()
        for timer in (Timer.JOIN, Timer.STABLE):
            self._timers.pop(timer, None)
        self._change_connection(ConnectionState.CONNECTING)
        self._timers[Timer.REJOIN] = now + wait_ms + self._reconnects.next_wait_ms()

    def _drop(self, now: int, code: int) -> None:
        self._socket_open = False
        self._actions.append(Disconnect(code))
        self._wait_to_dial(now)

    def _wait_to_dial(self, now: int, wait_ms: int = 0) -> None:
        self._forget_connection()
        self._change_connection(ConnectionState.WAITING)
        self._timers[Timer.DIAL] = now + wait_ms + self._reconnects.next_wait_ms()

    def _forget_connection(self) -> None:
        self._join_ref = self._heartbeat_ref = None
        self._actions += self._lanes.interrupted()
        for timer in OF_A_CONNECTION:
            self._timers.pop(timer, None)

    def _finish(self, reason: str, failure: Exception | None, close_code: int = _NORMAL) -> None:
        if self._socket_open or self.connection is ConnectionState.CONNECTING:
            self._actions.append(Disconnect(close_code))
        self._socket_open = False
        self._forget_connection()
        self._timers.clear()
        self._newest_fix = None
        self.closed, self.failure = Closed(reason), failure
        for operation in self._lanes.drain():
            done = operation.event in FINISHING and reason in _DONE_REASONS
            self._actions.append(
                Settle(operation.op_id, self._done_already() if done else failure or SessionOver(reason))
            )
        self._change_connection(ConnectionState.CLOSED)
        self._notify(self.closed)

    # What comes in

    def _handle(self, message: Message, now: int) -> None:
        if message.topic == "phoenix":
            if message.ref is not None and message.ref == self._heartbeat_ref:
                self._timers.pop(Timer.HEARTBEAT_ANSWER, None)
                self._timers[Timer.HEARTBEAT] = now + self._timing.heartbeat_ms
            return
        if message.topic != self.topic or self._join_ref is None:
            return
        if message.join_ref is not None and message.join_ref != self._join_ref:
            return
        match message.event:
            case "phx_reply":
                self._on_reply(message, now)
            case "phx_error":
                self._rejoin_later(now)
            case "phx_close":
                self._finish("closed", None)
            case _ if self.connection is not ConnectionState.JOINED:
                # Meant for the channel that the join under way replaces; the reply to that join has it all.
                pass
            case "event":
                self._on_event(event_from_dict(message.payload))
            case "positions":
                self._on_positions(message.payload, now)
            case _:
                self._on_news(message)

    def _on_news(self, message: Message) -> None:
        """Takes what is not stored; what this client does not know of it is ignored."""
        match message.event:
            case "presence_state":
                self.replica.replace_presence(message.payload)
                self._notify(PresenceChanged(self.replica.present))
            case "presence_diff":
                self.replica.change_presence(message.payload)
                self._notify(PresenceChanged(self.replica.present))
            case Reached.event:
                self.replica.merge_reached(message.payload)
                self._notify(ReachedChanged(dict(self.replica.reached)))

    def _on_reply(self, message: Message, now: int) -> None:
        payload = message.payload
        if not isinstance(payload, dict) or message.ref is None:
            raise DecodeError("a reply must have a ref, a status and a response")
        ok, response = payload.get("status") == "ok", payload.get("response")
        if message.ref == self._join_ref:
            if self._timers.pop(Timer.JOIN, None) is None:
                return
            if ok:
                self._on_joined(read_join_reply(response), now)
            else:
                self._on_join_refused(response, now)
            return
        for lane in self._lanes.both:
            if (operation := lane.answered(message.ref)) is not None:
                self._on_answer(lane, operation, response, now, ok=ok)

    def _on_answer(self, lane: Lane, operation: PendingOperation, response: object, now: int, *, ok: bool) -> None:
        if ok:
            self._settle(lane, operation, response if isinstance(response, dict) else {})
        elif isinstance(response, dict) and response.get("reason") == "unmatched topic":
            self._rejoin_later(now)
        else:
            self._on_operation_refused(lane, operation, response, now)
        self._send_operations(now)

    def _on_joined(self, reply: JoinReply, now: int) -> None:
        self._hear(reply.server_time, now)
        self.participant = reply.me
        if reply.state is not None:
            self._needs_snapshot = False
            self.replica.replace_state(reply.state)
            self._notify(StateReplaced(reply.state))
        for event in reply.events:
            self._fold(event)
        if self.replica.state is None or self.replica.state.offset != reply.offset:
            raise Gap
        self.replica.replace_positions(reply.positions, reply.server_time)
        self._timers[Timer.STABLE] = now + self._timing.stable_ms
        self._change_connection(ConnectionState.JOINED)
        self._notify(PositionsReceived(reply.server_time, dict(self.replica.positions)))
        self._after_event()
        if self.closed is None:
            self._told_reached = 0  # who has it may have lost it
            self._send_newest_fix(dict(reply.positions))
            self._send_operations(now)
            self._send_reached(now)

    def _on_join_refused(self, response: object, now: int) -> None:
        if isinstance(response, dict) and response.get("retry") is True:
            self._rejoin_later(now, wait_ms=asked_to_wait_ms(response))
        else:
            rejected = read_rejection(response)
            self._finish(rejected.code.value, rejected)

    def _on_event(self, event: Event) -> None:
        self._fold(event)
        self._after_event()
        what = effects(event.change)
        if what.starts_over == self.participant and what.withdraws is None:
            # It may have come before the server knew that sharing goes on.
            self._send_newest_fix(self.replica.positions)

    def _fold(self, event: Event) -> None:
        if self.replica.fold(event):
            # One that was reported since resuming was asked for stays: the pause before it is only told now.
            if effects(event.change).withdraws == self.participant and self._lanes.sharing is not True:
                self._newest_fix = None
                self._actions.append(Withhold())
            self._notify(EventReceived(event))

    def _after_event(self) -> None:
        """Ends it where the session is over for this participant."""
        state = self.replica.state
        if state is None:
            return
        if state.ended is not None:
            self._finish(state.ended, None)
        elif self._has_left():
            self._finish("left", None)

    def _on_positions(self, payload: object, now: int) -> None:
        server_time, positions = read_positions(payload)
        self._hear(server_time, now)
        taken = self.replica.merge_positions(positions, server_time)
        if taken:
            self._notify(PositionsReceived(server_time, taken))

    def _hear(self, server_time: int, now: int) -> None:
        self._stamps.hear(server_time, now)
        if self._newest_fix is not None:
            fix, server_now = self._stamps.settled(self._newest_fix), self._stamps.now(now)
            # Where the server's clock was set back, a time from before must not keep newer fixes from being the newest.
            is_ahead = (fix.fix_time or 0) > server_now + AHEAD_MS
            self._newest_fix = replace(fix, fix_time=server_now) if is_ahead else fix

    # What goes out

    def _send_operations(self, now: int) -> None:
        """Sends the next one of each lane, unless one is on its way there."""
        if self.connection is not ConnectionState.JOINED:
            return
        for lane in self._lanes.both:
            if (operation := lane.to_send()) is not None:
                ref = self._next_ref()
                lane.sent(operation, ref, now + self._timing.answer_ms)
                self._send(Message(self._join_ref, ref, self.topic, operation.event, dict(operation.payload)))

    def _on_operation_refused(self, lane: Lane, operation: PendingOperation, response: object, now: int) -> None:
        if isinstance(response, dict) and response.get("retry") is True:
            lane.refused_for_a_while(operation, response, now)
            return
        error: Exception
        try:
            error = rejected = read_rejection(response)
        except ProtocolError as unreadable:
            # A newer server's code: this operation has failed, the session goes on.
            error = unreadable
        else:
            if operation.event in FINISHING and rejected.code.value in _DONE_REASONS:
                self._settle(lane, operation, self._done_already())
                return
        lane.settle(operation)
        self._actions.append(Settle(operation.op_id, error))

    def _settle(self, lane: Lane, operation: PendingOperation, response: Mapping[str, object]) -> None:
        lane.settle(operation)
        self._actions.append(Settle(operation.op_id, response))
        if operation.event == "sharing:set" and isinstance(offset := response.get("offset"), int):
            self._answered_sharing = operation.payload.get("on") is True, offset
        if operation.event in FINISHING:
            self._finish("left" if operation.event == "leave" else "ended", None)

    def _done_already(self) -> Mapping[str, object]:
        return {"offset": 0 if self.replica.state is None else self.replica.state.offset}

    def _send_newest_fix(self, at_server: Mapping[int, Position]) -> None:
        """Sends the newest fix where the server has none of this participant, or an older one."""
        fix, known = self._newest_fix, at_server.get(self.participant)
        if fix is not None and self.is_sharing and (known is None or known.fix_time < (fix.fix_time or 0)):
            self._send_fix(fix)

    def _send_fix(self, fix: Fix) -> None:
        if self._mode == "json":
            payload: object = fix_to_dict(fix)
            self._send(Message(self._join_ref, self._next_ref(), self.topic, "position", payload), conflates=True)
            return
        # The server judges the time; here it only has to fit.
        position = accept(fix, fix.fix_time or 0)
        if position is not None and self._join_ref is not None:
            frame = encode_client_push(self._join_ref, self._next_ref(), self.topic, "position", pack_fix(position))
            self._actions.append(Transmit(frame, conflates=True))

    def _send_reached(self, now: int) -> None:
        """Tells up to where the chat was on the screen, where that is news, not too often, no more than is known."""
        state = self.replica.state
        if self.connection is not ConnectionState.JOINED or Timer.REACHED in self._timers or state is None:
            return
        offset = min(self._reached, state.offset)
        if offset > self._told_reached:
            self._told_reached = offset
            payload = {"offset": offset}
            self._send(Message(self._join_ref, self._next_ref(), self.topic, Reached.operation, payload))
            self._timers[Timer.REACHED] = now + Reached.every_s * 1000 + REACHED_SLACK_MS

    def _has_left(self) -> bool:
        state = self.replica.state
        return state is not None and self.participant not in state.participants

    def _send(self, message: Message, *, conflates: bool = False) -> None:
        self._actions.append(Transmit(encode_text(message).decode("ascii"), conflates=conflates))

    def _next_ref(self) -> str:
        self._last_ref += 1
        return str(self._last_ref)

    def _change_connection(self, state: ConnectionState) -> None:
        if state is not self.connection:
            self.connection = state
            self._notify(ConnectionChanged(state))

    def _notify(self, change: Change) -> None:
        self._actions.append(Notify(change))

    def _take(self) -> list[Action]:
        actions, self._actions = self._actions, []
        return actions
