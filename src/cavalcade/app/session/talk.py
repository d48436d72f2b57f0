"""The chat of one membership, read while riding: what is new, signals that go out, and what arrived on this device."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from cavalcade.app.session.chat import Chat, Message, add_page, hear, unread
from cavalcade.app.session.digest import Digest, Missed, look_at, note_arrival
from cavalcade.client import (
    Change,
    ClientError,
    ConnectionChanged,
    ConnectionState,
    EventReceived,
    LiveSession,
    Rejected,
    SessionOver,
    Signal,
    StateReplaced,
    Withdrawn,
)
from cavalcade.domain.events import Event
from cavalcade.domain.features.chat import ChatChanged, MessageSent, SendMessage, SessionChat
from cavalcade.domain.features.posts import PersonPost
from cavalcade.domain.features.sos import SosEscalated, SosRaised
from cavalcade.domain.model import Participant, Role, SessionState

PAGE: Final = 50
LOOK_S: Final = 1.0
SIGNALS_LAST_MS: Final = 10 * 60_000
"""An older signal says something that is not so any more: it is dropped, and that is said."""

MOST_NAMES: Final = 200
REPORTED: Final = frozenset({MessageSent.type, SosRaised.type, SosEscalated.type})
"""What arrives on other devices is reported of these; all else is seen on the map."""

GIVEN: Final = (
    Signal.WAIT_FOR_ME,
    Signal.NEXT_STOP,
    Signal.FUEL,
    Signal.BREAK,
    Signal.GO_ON,
    Signal.ALL_GOOD,
)
"""The six that can be given at any time; the others only answer a message."""


class Loading(Enum):
    """How it stands with older messages."""

    IDLE = auto()
    COMING = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Unsent:
    """A signal of one's own that the server has not acknowledged.

    Attributes:
        op_id: Of its operation.
        signal: Its code.
        written_at: When it was given, ms on the server's clock.
        reply_to: The message that it answers; None for none.
    """

    op_id: str
    signal: str
    written_at: int
    reply_to: int | None = None


class Talk:
    """What one reads and gives in a session.

    Attributes:
        chat: The messages that are held.
        loading: Whether older ones are on their way.
        dropped: Signals that became too old before they could be sent, until their owner has read of it.
        read_up_to: The newest event up to which messages were read; None before the session is known.
        written: When signals that wait were given, by op_id.
        missed: What came while one rode, once one stands, until that was read.
    """

    def __init__(
        self,
        live: LiveSession,
        read_up_to: int | None,
        written: Mapping[str, int],
        *,
        spawn: Callable[[Coroutine[None, None, None]], object],
        on_change: Callable[[], None],
        is_seen: Callable[[], bool],
        is_riding: Callable[[], bool],
    ) -> None:
        """Begins with what an earlier run knew.

        Args:
            live: The connection.
            read_up_to: What an earlier run kept of itself.
            written: The same.
            spawn: Runs something in the background.
            on_change: Called when something to be drawn or kept has changed.
            is_seen: Whether somebody can look at the app.
            is_riding: Whether one rides now: what comes meanwhile is told at the stop.
        """
        self.loading = Loading.IDLE
        self.dropped: tuple[str, ...] = ()
        self.read_up_to = read_up_to
        self.written = written
        self._live = live
        self._spawn = spawn
        self._on_change = on_change
        self._is_seen = is_seen
        self._is_riding = is_riding
        self._digest = Digest()
        self.missed: Missed | None = None
        self._names: dict[int, str] = {}
        self._reported = 0
        self._is_filled = False
        state = self._state
        offset = 0 if state is None else state.offset
        self.chat = Chat(since=offset + 1)
        self._heard_to = self._to_report = offset
        if state is not None:
            self._know(state)

    @property
    def may_read(self) -> bool:
        """Whether one may read messages at all."""
        state, me = self._state, self._me
        if state is None or me is None:
            return False
        return me.role is not Role.VIEWER or state.features.of(SessionChat).viewers_read

    @property
    def unread(self) -> int:
        """How many messages of others were not read yet."""
        if not self.may_read:
            return 0
        return unread(self.chat, self.read_up_to or 0, self._live.membership.participant)

    @property
    def settled_up_to(self) -> int | None:
        """What the next run need not ask for: the newest event where nothing is unread, else what was read."""
        read, state = self.read_up_to, self._state
        if read is None or state is None or read < self.chat.since - 1 or self.unread:
            return read
        return state.offset

    @property
    def has_older(self) -> bool:
        """Whether there may be older messages to ask for."""
        return self.may_read and self.chat.has_older

    @property
    def unsent(self) -> tuple[Unsent, ...]:
        """One's own signals that the server has not acknowledged, in the order in which they were given."""
        now = self._live.now()
        return tuple(
            Unsent(
                one.op_id,
                str(one.payload["signal"]),
                self.written.get(one.op_id, now),
                answered if isinstance(answered := one.payload.get("reply_to"), int) else None,
            )
            for one in self._live.resumption().operations
            if one.event == SendMessage.operation and one.payload.get("signal") is not None
        )

    def name_of(self, participant: int) -> str | None:
        """Somebody's name, also of one who has left while the app ran."""
        return self._names.get(participant)

    def hear(self, change: Change) -> None:
        """Takes in what a live session tells."""
        if isinstance(change, EventReceived):
            self._on_event(change.event)
        elif isinstance(change, StateReplaced):
            self._on_snapshot(change.state)
        elif isinstance(change, ConnectionChanged) and change.state is ConnectionState.JOINED:
            self._fill_up()

    def mark_read(self) -> None:
        """Everything that is held was on the screen."""
        newest = self.chat.messages[-1].id if self.chat.messages else 0
        if newest > (self.read_up_to or 0):
            self.read_up_to, self.missed = newest, None
            self._on_change()

    async def give(self, signal: Signal, reply_to: int | None = None) -> int:
        """Gives a signal; one that waits to be sent is not given twice. Returns its offset, 0 where it was dropped.

        Args:
            signal: Which.
            reply_to: The message that it answers; None for none.
        """
        if any((one.signal, one.reply_to) == (signal, reply_to) for one in self.unsent):
            return 0
        try:
            return await self._live.send_signal(signal, reply_to=reply_to)
        except (Withdrawn, SessionOver):
            return 0

    def look(self) -> None:
        """Notes when signals were given, and drops those that became too old while there was no network."""
        unsent, now = self.unsent, self._live.now()
        self.written = {one.op_id: one.written_at for one in unsent}
        old = [one for one in unsent if now - one.written_at > SIGNALS_LAST_MS]
        dropped = tuple(one.signal for one in old if self._live.withdraw(one.op_id))
        if dropped:
            self.dropped += dropped
            self._on_change()
        self._digest, due = look_at(self._digest, now, is_riding=self._is_riding())
        self._tell_missed(due, now)

    def forget_dropped(self) -> None:
        """Its owner has read what was dropped."""
        self.dropped = ()
        self._on_change()

    def forget_missed(self) -> None:
        """Its owner has read how many came."""
        self.missed = None
        self._on_change()

    async def run(self) -> None:
        """Looks once a second, until the session is over."""
        while self._live.closed is None:
            self.look()
            await asyncio.sleep(LOOK_S)

    def report(self) -> None:
        """Says what has arrived on this device, while somebody can look at it."""
        me = self._me
        if self._to_report > self._reported and self._is_seen() and me is not None and me.role is not Role.VIEWER:
            self._reported = self._to_report
            self._live.reached(self._to_report)

    async def load_older(self) -> None:
        """Gets a page of older messages."""
        before, me = self.chat.since, self._me
        if not self.has_older or me is None or self.loading is Loading.COMING:
            return
        self.loading = Loading.COMING
        self._on_change()
        try:
            page = await self._live.messages(before, PAGE)
        except (ClientError, Rejected):
            self.loading = Loading.FAILED
        else:
            self.chat = add_page(self.chat, before, PAGE, page, me.joined_at)
            self.loading, self._is_filled = Loading.IDLE, True
        self._on_change()

    @property
    def _state(self) -> SessionState | None:
        try:
            return self._live.state
        except LookupError:
            return None

    @property
    def _me(self) -> Participant | None:
        state = self._state
        return None if state is None else state.participants.get(self._live.membership.participant)

    def _on_event(self, event: Event) -> None:
        self._heard_to = event.offset
        self._know(self._live.state)
        if isinstance(event.change, ChatChanged) or not self.may_read:
            # Who reads what is another: it is all asked for again, as it is for this reader.
            self._begin_again(event.offset)
            self._fill_up()
        else:
            self.chat = hear(self.chat, event)
            if event.change.type == MessageSent.type and event.by != self._live.membership.participant:
                self._digest = note_arrival(self._digest, event.offset, is_riding=self._is_riding())
        if event.change.type in REPORTED:
            self._to_report = event.offset
            self.report()

    def _tell_missed(self, due: Sequence[int], now: int) -> None:
        read = self.read_up_to or 0
        left = [one for one in map(self.chat.find, due) if one is not None and one.id > read and one.said is not None]
        if left:
            self.missed = Missed(len(left), sum(map(self._is_for_me, left)), now)
            self._on_change()

    def _is_for_me(self, message: Message) -> bool:
        """Whether it goes to who leads or sweeps, and that is oneself, or it answers one's own."""
        me, said = self._me, message.said
        if me is None or said is None:
            return False
        answered = None if said.reply_to is None else self.chat.find(said.reply_to)
        post = me.features.of(PersonPost).post
        is_mine = post is not None and str(said.to) == str(post)
        return is_mine or (answered is not None and answered.participant == me.id)

    def _on_snapshot(self, state: SessionState) -> None:
        self._know(state)
        if state.offset != self._heard_to:
            # Events in between were not seen: the chat begins again.
            self._begin_again(state.offset)
            self._heard_to = self._to_report = state.offset
        self.report()

    def _know(self, state: SessionState) -> None:
        if self.read_up_to is None:
            self.read_up_to = state.offset  # who is new has nothing to catch up with
        self._names |= {one.id: one.name for one in state.participants.values()}
        while len(self._names) > MOST_NAMES + len(state.participants):
            del self._names[next(iter(self._names))]

    def _begin_again(self, offset: int) -> None:
        self.chat, self.loading, self._is_filled = Chat(since=offset + 1), Loading.IDLE, False

    def _fill_up(self) -> None:
        """Asks for messages that are not held and were not read."""
        if not self._is_filled and (self.read_up_to or 0) < self.chat.since - 1 and self.has_older:
            self._spawn(self.load_older())
