"""One session's audience on one process: its connections, newest positions and broadcasts, presence, and the flush.

Both backends hold one of these for each session that has connections here; they differ in who feeds it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

from cavalcade.domain.audience import MEMBERS, may_read
from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position, is_newer, no_later
from cavalcade.domain.model import SessionState
from cavalcade.domain.session import REPORTS, effects
from cavalcade.server.live import broadcasts as news
from cavalcade.server.live.broadcasts import Broadcast, Broadcasts, by_event
from cavalcade.server.live.send_queue import CLOSE_FAILED, CLOSE_REPLACED, Missed, SendQueue
from cavalcade.server.processes.steady_clock import Step
from cavalcade.wire.channel import TOPIC_PREFIX, event_frame, without_content
from cavalcade.wire.frame import Message, encode_binary_broadcast, encode_text
from cavalcade.wire.messages import Mode, event_to_dict
from cavalcade.wire.positions import pack_positions, positions_to_dict

MAX_CONNECTIONS: Final = 4
"""Connections of one participant; the oldest makes room for a fifth."""

MIN_INTERVAL_S: Final = 0.25
"""A participant's positions are shown to the others at most four times a second; the rest conflate."""

STALE_S: Final = 30.0
"""How long a transport may stay full of what may have been scrubbed since; what is promised is a minute."""

AGAIN_S: Final = 1.0
"""After how long a flush that failed is tried again."""


class Clock(Protocol):
    """Time as a fan-out needs it."""

    def now(self) -> int:
        """The time of day, ms since the epoch."""

    def window_s(self) -> float:
        """How long positions are gathered now, seconds."""


class Fanout:
    """The audience of one session on this process."""

    def __init__(
        self,
        session_id: str,
        clock: Clock,
        changed: Callable[[Mapping[int, Position]], None] | None = None,
        due: Callable[[], object] | None = None,
        behind: Callable[[SendQueue, Missed], None] | None = None,
        *,
        broadcasts: Broadcasts | None = None,
        told: Callable[[Sequence[Broadcast]], None] | None = None,
    ) -> None:
        """Starts without anybody.

        Args:
            session_id: Which session.
            clock: The time and the window.
            changed: Called at each flush with what it shows, to be stored; by default nobody is.
            due: Called when it is time to `flush`; by default it flushes by itself.
            behind: Called when it is time to `catch_up` a reader; by default it does so by itself.
            broadcasts: What is known of them already; by default nothing.
            told: Called at each flush with the broadcasts that were made in this process, for the other processes.
        """
        self.topic = TOPIC_PREFIX + session_id
        self.newest: dict[int, Position] = {}
        self.elsewhere: Mapping[int, Sequence[str]] = {}
        """Who is connected to this session in other processes, with the refs of those connections."""
        self.broadcasts = Broadcasts() if broadcasts is None else broadcasts
        self.may_read: Callable[[int, str | None], bool] = lambda _, audience: audience is None
        """Whether a participant may read what is broadcast to an audience; set by who knows their roles."""
        self.refused = 0
        self._clock = clock
        self._changed, self._told = changed, told
        self._due = due or self.flush
        self._behind = behind or self.catch_up
        self._send_queues: list[SendQueue] = []
        self._by_participant: dict[int, list[SendQueue]] = defaultdict(list)
        self._modes: dict[Mode, int] = {"json": 0, "binary": 0}
        self._pending: set[int] = set()
        self._foreign: dict[int, Position] = {}
        """The pending positions that came from another process, which stores them itself."""
        self._flushed_at: dict[int, float] = {}
        self._last_flush = self._broadcast_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._is_holding = False
        """Whether the timer waits for somebody who sends too often; that must not keep the others waiting."""
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._send_queues)

    @property
    def send_queues(self) -> Sequence[SendQueue]:
        """The connections, in the order in which they came."""
        return self._send_queues

    @property
    def present(self) -> Mapping[int, list[str]]:
        """Who is connected here or elsewhere, with the refs of their connections."""
        present = {who: [box.presence_ref for box in boxes] for who, boxes in self._by_participant.items()}
        for who, refs in self.elsewhere.items():
            present.setdefault(who, []).extend(refs)
        return present

    @property
    def participants(self) -> Collection[int]:
        """Who is connected here."""
        return self._by_participant.keys()

    def is_present(self, participant: int) -> bool:
        """Whether somebody is connected, here or elsewhere."""
        return participant in self._by_participant or participant in self.elsewhere

    def add(self, send_queue: SendQueue) -> None:
        """Adds a connection and tells the others who is there; a fifth one of somebody replaces their oldest."""
        mine = self._by_participant[send_queue.participant]
        if len(mine) >= MAX_CONNECTIONS:
            self.replace(mine[0])
        self._announce(joins={send_queue.participant: [send_queue.presence_ref]})
        self._include(send_queue)

    def replace(self, send_queue: SendQueue) -> None:
        """Closes a connection in favour of newer ones of the same participant."""
        self.remove(send_queue)
        send_queue.close(CLOSE_REPLACED)

    def show_elsewhere(self, elsewhere: Mapping[int, Sequence[str]]) -> None:
        """Takes who is connected in other processes now, and tells what has changed."""
        before, self.elsewhere = self.elsewhere, elsewhere
        joins, leaves = _without(elsewhere, before), _without(before, elsewhere)
        if joins or leaves:
            self._announce(joins=joins, leaves=leaves)

    def adopt(self, send_queues: Iterable[SendQueue]) -> None:
        """Takes over connections that were here before; each is told who is present, as some may have gone since."""
        for send_queue in send_queues:
            self._include(send_queue)
        if self._send_queues:
            frame = self._frame("presence_state", presence_metas(self.present))
            for send_queue in tuple(self._send_queues):
                send_queue.send_control(frame)

    def remove(self, send_queue: SendQueue) -> bool:
        """Removes a connection; False where it was not there."""
        mine = self._by_participant.get(send_queue.participant, [])
        if send_queue not in mine:
            return False
        mine.remove(send_queue)
        if not mine:
            del self._by_participant[send_queue.participant]
        self._send_queues.remove(send_queue)
        self._modes[send_queue.mode] -= 1
        send_queue.caught_up = None
        self._announce(leaves={send_queue.participant: [send_queue.presence_ref]})
        return True

    def deliver(self, event: Event, state: SessionState) -> None:
        """Sends a durable event to everybody, and withdraws the position that it withdraws.

        Args:
            event: The event. Who may not read its content gets it without.
            state: The session after it.
        """
        gone = effects(event.change).withdraws
        if gone is not None:
            self.newest.pop(gone, None)
            self._pending.discard(gone)
            self._foreign.pop(gone, None)
            self._flushed_at.pop(gone, None)
        if not self._send_queues:
            return
        if event.scrubs:
            self._scrub(event.scrubs)
        frame = event_frame(self.topic, event_to_dict(event))
        readers = tuple(self._send_queues)
        if event.audience is not None:
            without = event_frame(self.topic, event_to_dict(event.without_content()))
            kept_out = [one for one in readers if not may_read(event.audience, one.participant, state)]
            for send_queue in kept_out:
                send_queue.send_event(event, without)  # the other frame then counts as delivered before
        for send_queue in readers:
            send_queue.send_event(event, frame)

    def withdraw_reports(self, participant: int) -> None:
        """Withdraws what somebody has told of themselves who is gone; each process does so by itself."""
        # Nothing newer comes from them: so this is newer than all there is, whatever clock that was told by.
        at = self._clock.now() + news.AHEAD_MS
        for report in REPORTS.values():
            gone = Broadcast(report.event, str(participant), report.audience, at, None)
            self.broadcast(gone, is_own=False)

    def _scrub(self, offsets: Sequence[int]) -> None:
        """Takes the content of events out of what waits for slow readers.

        What a transport holds cannot be taken back. A reader whose transport stays full is cut off, and comes back with
        its offset.
        """
        for send_queue in self._send_queues:
            send_queue.scrub(offsets, partial(without_content, offsets=offsets))
        full = [(send_queue, send_queue.pauses) for send_queue in self._send_queues if send_queue.is_paused]
        if full:
            self._loop.call_later(STALE_S, self._cut_off, full)

    def _cut_off(self, full: Iterable[tuple[SendQueue, int]]) -> None:
        for send_queue, pauses in full:
            if send_queue.is_paused and send_queue.pauses == pauses and send_queue in self._send_queues:
                send_queue.close(CLOSE_FAILED)

    def accept(self, participant: int, position: Position) -> bool:
        """Takes a position for the next flush; False where a newer one is known."""
        mine = self.newest.get(participant, position)
        # One from the future was accepted by a clock that was ahead.
        if not is_newer(position, mine) and mine.fix_time <= self._clock.now():
            self.refused += 1
            return False
        self.newest[participant] = position
        if self._is_holding and participant not in self._pending:
            self.stop()
        self._pending.add(participant)
        self.expect()
        return True

    def accept_from_elsewhere(self, positions: Iterable[tuple[int, Position]]) -> None:
        """Takes positions that another process has accepted and stored, where they are newer than those here."""
        now = self._clock.now()
        for participant, told in positions:
            position, mine = no_later(told, now), self.newest.get(participant)
            # Unlike a member's own, an equally old one is refused: it is the same, and must not go in circles.
            if (mine is None or position.fix_time > mine.fix_time) and self.accept(participant, position):
                self._foreign[participant] = position

    def broadcast(self, broadcast: Broadcast, *, is_own: bool = True) -> None:
        """Takes a broadcast for the next flush, unless a newer one of its key is known.

        Args:
            broadcast: The news.
            is_own: Whether it was made in this process.
        """
        if self.broadcasts.take(broadcast, self._clock.now(), is_own=is_own):
            if self._is_holding:
                self.stop()
            self.expect()

    def expect(self) -> None:
        """Sees to it that a flush comes: at once where the session was quiet for a window, else at the window's end."""
        if self._timer is None:
            quiet_for = self._loop.time() - self._last_flush
            self._arm(max(0.0, self._clock.window_s() - quiet_for))

    def restore(self, positions: Mapping[int, Position]) -> None:
        """Takes stored positions that are newer than those here, and shows them."""
        for participant, position in positions.items():
            mine = self.newest.get(participant)
            if mine is None or position.fix_time > mine.fix_time:
                self.newest[participant] = position
                self._pending.add(participant)
        if self._pending and self._timer is None:
            self._arm(0.0)

    def correct(self, step: Step) -> None:
        """Takes that the clock has stepped: the times of the newest positions are corrected, and shown so."""
        now = self._clock.now()
        for participant, position in self.newest.items():
            fix_time = step.corrected(position.fix_time, now)
            if fix_time != position.fix_time:
                self.newest[participant] = position._replace(fix_time=fix_time)
                self._pending.add(participant)
        if self._pending:
            self.expect()

    def flush(self) -> None:
        """Sends what changed since the last flush."""
        self.stop()
        moment = self._loop.time()
        due = [who for who in self._pending if moment - self._flushed_at.get(who, -1.0) >= MIN_INTERVAL_S]
        if due:
            self._last_flush = moment
            for who in due:
                self._flushed_at[who] = moment
            positions = {who: self.newest[who] for who in due}
            if self._changed is not None:
                own = self._without_foreign(positions) if self._foreign else positions
                if own:
                    self._changed(own)
            if self._send_queues:
                self._send_positions(positions.items())
            self._pending.difference_update(due)  # not before: what fails to be sent is still to be sent
        unsent = self.broadcasts.unsent
        if unsent and moment - self._broadcast_at >= MIN_INTERVAL_S:
            self._broadcast_at = moment
            self._send_broadcasts()
        if self._pending or unsent:
            begun = [self._flushed_at.get(who, moment) for who in self._pending]
            if unsent:
                begun.append(self._broadcast_at)
            self._arm(max(self._clock.window_s(), min(begun) + MIN_INTERVAL_S - moment))
            self._is_holding = True

    def catch_up(self, send_queue: SendQueue, missed: Missed) -> None:
        """Sends a reader that was behind the newest of what it missed."""
        texts, where = [], None
        if missed.presence:
            texts.append(self._frame("presence_state", presence_metas(self.present)))
        if missed.broadcasts:
            texts += self._broadcast_frames(self.broadcasts.current(self._clock.now()), send_queue.participant)
        if missed.positions and self.newest:
            where = self._positions_frame(send_queue.mode, self._clock.now(), self.newest.items())
        send_queue.send_newest(texts, where)

    def broadcasts_for(self, participant: int) -> Mapping[str, Mapping[str, object]]:
        """What somebody who comes now is told: for each event its keys with their newest payload."""
        kept = [one for one in self.broadcasts.current(self._clock.now()) if one.payload is not None]
        return by_event(kept, lambda audience: self.may_read(participant, audience))

    def close(self, code: int) -> None:
        """Closes every connection with a code."""
        self.stop()
        for send_queue in tuple(self._send_queues):
            send_queue.close(code)

    def abandon(self, code: int) -> None:
        """Closes every connection with a code, and from then on has nobody to send anything to."""
        send_queues, self._send_queues = self._send_queues, []
        self._by_participant.clear()
        self.stop()
        for send_queue in send_queues:
            send_queue.caught_up = None
            send_queue.close(code)

    def stop(self) -> None:
        """Cancels the pending flush."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._is_holding = False

    def _without_foreign(self, positions: Mapping[int, Position]) -> Mapping[int, Position]:
        foreign = self._foreign
        own = {who: where for who, where in positions.items() if foreign.get(who) is not where}
        for who in positions:
            foreign.pop(who, None)
        return own

    def _include(self, send_queue: SendQueue) -> None:
        send_queue.since = send_queue.since or self._clock.now()
        self._by_participant[send_queue.participant].append(send_queue)
        self._send_queues.append(send_queue)
        self._modes[send_queue.mode] += 1
        send_queue.caught_up = lambda missed: self._behind(send_queue, missed)

    def _arm(self, delay: float) -> None:
        self._timer = self._loop.call_later(delay, self._ring)

    def _ring(self) -> None:
        try:
            self._due()
        except Exception:
            # A timer that has gone off would be waited for without end; what was not sent is tried again.
            self.stop()
            self._arm(AGAIN_S)
            raise

    def _send_positions(self, positions: Collection[tuple[int, Position]]) -> None:
        """Encodes once for each mode that is listening, then writes the same bytes to every connection."""
        now = self._clock.now()
        frames = {mode: self._positions_frame(mode, now, positions) for mode, count in self._modes.items() if count}
        for send_queue in tuple(self._send_queues):
            send_queue.send_positions(frames[send_queue.mode])

    def _positions_frame(self, mode: Mode, now: int, positions: Iterable[tuple[int, Position]]) -> bytes:
        if mode == "binary":
            return encode_binary_broadcast(self.topic, "positions", pack_positions(now, positions))
        return encode_text(Message(None, None, self.topic, "positions", positions_to_dict(now, positions)))

    def _announce(
        self, *, joins: Mapping[int, Sequence[str]] | None = None, leaves: Mapping[int, Sequence[str]] | None = None
    ) -> None:
        if not self._send_queues:
            return
        diff = {"joins": presence_metas(joins or {}), "leaves": presence_metas(leaves or {})}
        frame = self._frame("presence_diff", diff)
        for send_queue in tuple(self._send_queues):
            send_queue.send_control(frame)

    def _send_broadcasts(self) -> None:
        """Encodes once for each audience that is listening, and tells the other processes what is new from here."""
        unsent, own = self.broadcasts.to_send()
        frames: dict[bool, Sequence[bytes]] = {}
        for send_queue in tuple(self._send_queues):
            is_member = self.may_read(send_queue.participant, MEMBERS)
            if is_member not in frames:
                frames[is_member] = self._broadcast_frames(unsent, send_queue.participant)
            if frames[is_member]:
                send_queue.send_broadcasts(frames[is_member])
        if own and self._told is not None:
            self._told(own)
        self.broadcasts.mark_sent(unsent)  # not before: what fails to be sent is still to be sent

    def _broadcast_frames(self, broadcasts: Iterable[Broadcast], participant: int) -> list[bytes]:
        events = by_event(broadcasts, lambda audience: self.may_read(participant, audience))
        return [self._frame(event, payload) for event, payload in events.items()]

    def _frame(self, event: str, payload: object) -> bytes:
        return encode_text(Message(None, None, self.topic, event, payload))


def presence_metas(present: Mapping[int, Iterable[str]]) -> dict[str, object]:
    """Presence as Phoenix clients read it: keyed by the participant's id as a string."""
    return {str(who): {"metas": [{"phx_ref": ref} for ref in refs]} for who, refs in present.items()}


def _without(present: Mapping[int, Sequence[str]], others: Mapping[int, Sequence[str]]) -> dict[int, list[str]]:
    """What is in one and not in the other."""
    rest = {who: [ref for ref in refs if ref not in others.get(who, ())] for who, refs in present.items()}
    return {who: refs for who, refs in rest.items() if refs}
