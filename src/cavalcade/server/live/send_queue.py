"""What one connection is owed, under one bound: durable events in order, the newest positions, presence, broadcasts.

Durable frames wait in a bounded queue while the reader is slow; positions, presence and broadcasts do not wait at all:
the newest of them is sent again when the reader can take it. A reader that cannot even follow the durable frames is
closed with 1011 and comes back with its offset.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from cavalcade.domain.events import Event
from cavalcade.domain.model import Role
from cavalcade.domain.session import effects
from cavalcade.wire.messages import Mode

MAX_QUEUED_FRAMES: Final = 512
MAX_QUEUED_BYTES: Final = 256 * 1024

CLOSE_FAILED: Final = 1011
CLOSE_GOING_AWAY: Final = 1012
CLOSE_UNAUTHORIZED: Final = 4401
CLOSE_NOT_FOUND: Final = 4404
CLOSE_REPLACED: Final = 4409


class Wire(Protocol):
    """The connection under a send queue."""

    def write_text(self, frame: bytes) -> None:
        """Writes one text frame to the transport."""

    def write_binary(self, frame: bytes) -> None:
        """Writes one binary frame to the transport."""

    def close(self, code: int) -> None:
        """Closes the connection at once."""

    def fail(self) -> None:
        """Reports that the channel failed; the connection stays, and the client joins again by itself."""

    def finish(self, code: int) -> None:
        """Ends the channel for good, and closes the connection with a code if the client does not do so itself."""


class Missed(NamedTuple):
    """What a reader that was behind has missed, and gets the newest of."""

    presence: bool
    positions: bool
    broadcasts: bool


class Waiting(NamedTuple):
    """A frame that waits, and the offsets of the events that it may tell of."""

    frame: bytes
    tells_of: range


class SendQueue:
    """The send queue of one joined connection.

    It starts shut, so that nothing overtakes the reply to the join: `open` lets that reply go first.
    """

    __slots__ = (
        "_bytes",
        "_done",
        "_missed_broadcasts",
        "_missed_positions",
        "_missed_presence",
        "_open",
        "_paused",
        "_queue",
        "_wire",
        "_write_positions",
        "caught_up",
        "mode",
        "offset",
        "participant",
        "pauses",
        "presence_ref",
        "role",
        "since",
    )

    def __init__(self, wire: Wire, participant: int, mode: Mode, presence_ref: str, *, paused: bool = False) -> None:
        """Binds a send queue to its connection.

        Args:
            wire: The connection.
            participant: Whose it is.
            mode: How it wants its positions.
            presence_ref: What tells this connection from the participant's others.
            paused: Whether the transport is full already.
        """
        self.participant = participant
        self.mode: Mode = mode
        self.presence_ref = presence_ref
        self.since = 0
        """When it was added to its session's audience, ms since the epoch."""
        self.offset = 0
        self.role: Role | None = None
        """As what its participant joined."""
        self.pauses = 0
        """How often its transport has been full."""
        self.caught_up: Callable[[Missed], None] | None = None
        """Called when a reader that was behind can take the newest again.

        Set by who owns live state, who answers with `send_newest`.
        """
        self._wire = wire
        self._write_positions = wire.write_binary if mode == "binary" else wire.write_text
        self._queue: deque[Waiting] = deque()
        self._bytes = 0
        self._open = False
        self._paused = paused
        self._missed_presence = self._missed_positions = self._missed_broadcasts = False
        self._done = False

    def open(self, offset: int, frames: Sequence[bytes]) -> None:
        """Sends the join's answer and then what has come in since; events up to `offset` are in that answer."""
        held, self._queue, self._bytes = self._queue, deque(), 0
        self.offset = max(self.offset, offset)
        self._open = True
        for frame in frames:
            self._send(frame, range(offset + 1))
        for waiting in held:
            self._send(*waiting)
        self._catch_up()

    @property
    def waiting_bytes(self) -> int:
        """How much waits."""
        return self._bytes

    @property
    def is_paused(self) -> bool:
        """Whether the transport is full."""
        return self._paused

    def scrub(self, offsets: Collection[int], without_content: Callable[[bytes], bytes]) -> None:
        """Takes the content of events out of what waits.

        Args:
            offsets: Which events.
            without_content: Does so in one frame.
        """
        for place, (frame, tells_of) in enumerate(self._queue):
            if any(offset in tells_of for offset in offsets):
                shorter = without_content(frame)
                self._queue[place] = Waiting(shorter, tells_of)
                self._bytes += len(shorter) - len(frame)

    def skip_to(self, offset: int) -> None:
        """Notes that events up to `offset` need no delivery: they are in the answer that `open` will send."""
        self.offset = offset

    def send_event(self, event: Event, frame: bytes) -> None:
        """Delivers a durable event once; one that was delivered before is ignored."""
        if event.offset <= self.offset or self._done:
            return
        self.offset = event.offset
        self._send(frame, range(event.offset, event.offset + 1))
        what = effects(event.change)
        if what.ends is not None:
            self._finish(CLOSE_NOT_FOUND)
        elif what.dismisses == self.participant:
            self._finish(CLOSE_UNAUTHORIZED)

    def send_positions(self, frame: bytes) -> bool:
        """Delivers a flush, or skips it where the reader is behind."""
        if self._paused or self._done or not self._open:
            self._missed_positions = True
            return False
        self._write_positions(frame)
        return True

    def send_control(self, frame: bytes) -> None:
        """Delivers presence, or skips it where the reader is behind: the whole presence is sent when it caught up."""
        if self._paused or self._done or not self._open:
            self._missed_presence = True
        else:
            self._wire.write_text(frame)

    def send_broadcasts(self, frames: Iterable[bytes]) -> None:
        """Delivers broadcasts, or skips them where the reader is behind: the newest of each key are sent later."""
        if self._paused or self._done or not self._open:
            self._missed_broadcasts = True
            return
        for frame in frames:
            self._wire.write_text(frame)

    def send_newest(self, texts: Iterable[bytes], positions: bytes | None) -> None:
        """Answers `caught_up`.

        All are written even where the first fills the transport: a reader that is always slow would otherwise get one
        of them again and again and never the others.

        Args:
            texts: Presence and broadcasts.
            positions: The newest, in the mode of this connection.
        """
        for frame in texts:
            self._wire.write_text(frame)
        if positions is not None:
            self._write_positions(positions)

    def send_reply(self, frame: bytes) -> None:
        """Delivers the reply to an operation, in its place among the durable events."""
        self._send(frame)

    def close(self, code: int) -> None:
        """Closes the connection with a code of the contract."""
        self._wire.close(code)

    def fail(self) -> None:
        """Tells the client that its channel failed here, so that it joins again."""
        self._done = True
        self._wire.fail()

    def pause(self) -> None:
        """The transport is full."""
        self._paused = True
        self.pauses += 1

    def resume(self) -> None:
        """The transport takes more."""
        self._paused = False
        while self._queue and not self._paused:
            frame, _ = self._queue.popleft()
            self._bytes -= len(frame)
            self._wire.write_text(frame)
        self._catch_up()

    def _finish(self, code: int) -> None:
        """This was the last event for this connection: nothing of the session reaches it any more."""
        self._done = True
        self._wire.finish(code)

    def _catch_up(self) -> None:
        missed = Missed(self._missed_presence, self._missed_positions, self._missed_broadcasts)
        if self._paused or self._done or not self._open or not any(missed):
            return
        self._missed_presence = self._missed_positions = self._missed_broadcasts = False
        if self.caught_up is not None:
            self.caught_up(missed)

    def _send(self, frame: bytes, tells_of: range = range(0)) -> None:
        if self._open and not self._paused:
            self._wire.write_text(frame)
            return
        self._queue.append(Waiting(frame, tells_of))
        self._bytes += len(frame)
        if len(self._queue) > MAX_QUEUED_FRAMES or self._bytes > MAX_QUEUED_BYTES:
            self._queue.clear()
            self._bytes = 0
            self._wire.close(CLOSE_FAILED)
