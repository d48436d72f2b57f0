"""A session that keeps itself connected: the asyncio shell around the sans-I/O channel."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Self
from weakref import WeakSet

from cavalcade.client.actions import Action, Dial, Disconnect, Notify, Settle, Transmit, Withhold
from cavalcade.client.changes import Change, Closed, ConnectionState
from cavalcade.client.channel import Channel
from cavalcade.client.clock import epoch_ms
from cavalcade.client.errors import SessionOver, Unreachable, Withdrawn
from cavalcade.client.http import read_messages
from cavalcade.client.lanes import RAISE
from cavalcade.client.link import Link
from cavalcade.client.membership import Membership
from cavalcade.client.resumption import Resumption
from cavalcade.client.session_operations import SessionOperations
from cavalcade.client.stamps import Stamps
from cavalcade.client.timing import Timing
from cavalcade.client.watchers import Reader, Waiter
from cavalcade.domain.events import Event
from cavalcade.domain.feature import Command
from cavalcade.domain.features.fixes import MAX_FIXES
from cavalcade.domain.features.sos import SosReason
from cavalcade.domain.fields import rules_of
from cavalcade.domain.fix import Fix, Position, quantised, readable
from cavalcade.domain.model import Participant, SessionState
from cavalcade.domain.reading_time import SLACK_MS, plausible_time
from cavalcade.wire.codec import encode
from cavalcade.wire.messages import Mode
from cavalcade.wire.positions import fix_to_dict


class LiveSession(SessionOperations):
    """One session as one participant sees it; made by `connect`.

    Operations return once the server has stored them, however often the connection breaks meanwhile; their events may
    arrive a little later. All methods are for the event loop's own thread.
    """

    def __init__(
        self,
        membership: Membership,
        *,
        mode: Mode = "binary",
        timing: Timing | None = None,
        resumption: Resumption | None = None,
    ) -> None:
        """Prepares a session object that `start` connects; use `connect` where the first join is to be awaited.

        Args:
            membership: Who, and where.
            mode: How positions travel: packed, or as JSON that a person can read on the wire.
            timing: How patient to be.
            resumption: What `resumption()` gave in an earlier run: the session is known at once, only what was missed
                is fetched, and operations without an answer are sent again under their ids.
        """
        self.membership = membership
        self._loop = asyncio.get_running_loop()
        self._stamps = Stamps(steady=self._now(), wall=epoch_ms())
        self._channel = Channel(
            membership.session_id,
            membership.participant,
            mode=mode,
            timing=timing,
            random=random.random,
            resumption=resumption,
            stamps=self._stamps,
        )
        self._timer: asyncio.TimerHandle | None = None
        self._link: Link | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._operations: dict[str, asyncio.Future[Mapping[str, object]]] = {}
        self._readers: WeakSet[Reader] = WeakSet()
        self._waiters: list[Waiter] = []
        self._unwanted: set[str] = set()
        """SOS that were taken back while their answer was awaited."""
        self._last_problem: str | None = None

    @property
    def state(self) -> SessionState:
        """The session, folded from its events.

        Raises:
            LookupError: Nothing is known before the first join.
        """
        state = self._channel.replica.state
        if state is None:
            raise LookupError("the session was not joined yet")
        return state

    @property
    def me(self) -> Participant | None:
        """This participant as the others see it; None once it has left."""
        return self.state.participants.get(self._channel.participant)

    @property
    def positions(self) -> Mapping[int, Position]:
        """The newest position of everybody who shares, by participant, oneself included."""
        return self._channel.replica.positions

    @property
    def present(self) -> frozenset[int]:
        """The ids of those who are connected now; while this side is not, as last heard."""
        return self._channel.replica.present

    @property
    def is_sharing(self) -> bool:
        """Whether my positions are shared: what was asked for last counts, even while the server does not know."""
        return self._channel.is_sharing

    @property
    def connection(self) -> ConnectionState:
        """How it stands with the server."""
        return self._channel.connection

    @property
    def closed(self) -> Closed | None:
        """Why it has ended, or None while it lives."""
        return self._channel.closed

    def now(self) -> int:
        """The server's time, ms since the epoch, as far as is known; before the first join, this device's clock."""
        self._look()
        return self._stamps.now(self._now())

    def resumption(self) -> Resumption:
        """What to keep so that a later run of the program can go on where this one was."""
        return Resumption(self._channel.replica.state, self._channel.waiting)

    def report(self, fix: Fix) -> Fix | None:
        """Shares one's position: sends it, or keeps the newest while offline. Never blocks.

        Nothing leaves this device while sharing is off, from the moment that was asked for. At most 4 a second reach
        the others. A reading of 0, 0, which receivers say before they know a place, is not sent.

        Args:
            fix: The reading as the receiver gives it. Its time may be on this device's clock, on the server's, or on
                the receiver's own (docs/decisions/0032-what-the-time-of-a-reading-means.md). Without one, it was taken
                now.

        Returns:
            The fix as it is shared: its time on the server's clock, and None in fields that mean "unknown", such as a
            heading of -1. None where it says no place.

        Raises:
            ValueError: Latitude and longitude are not both finite and in range.
        """
        known = _known(fix)
        if known is None:
            return None
        stamped = self._stamps.stamp(known, steady=self._now(), wall=epoch_ms())
        self._perform(self._channel.report(stamped))
        return stamped

    async def ask(self, command: Command) -> int:
        """Asks for any operation; most have a method of their own.

        Args:
            command: Of a feature, such as `AskTime()`; what is None in it is left out.

        Returns:
            The offset of the change, as every operation does.

        Raises:
            ValueError: It is none that a participant can ask for.
            Rejected: The server refused it, as for every operation.
            SessionOver: The session object ended before the answer came.
        """
        if command.operation is None:
            raise ValueError(f"{type(command).__name__} is no operation of a participant")
        content, rules = encode(command), rules_of(type(command))  # type: ignore[arg-type]  # a class is hashable
        payload = {name: content[name] for name, _, _ in rules if content[name] is not None}
        return self._offset(await self._submit(command.operation, payload))

    async def answer_to(self, op_id: str) -> int:
        """Waits for the answer to an operation that an earlier run of the program asked for.

        Args:
            op_id: Of one in `resumption().operations`.

        Returns:
            The offset of the change, as every operation does.

        Raises:
            LookupError: No such operation waits.
            Rejected: The server refused it.
            Withdrawn: It was taken back.
            SessionOver: The session object ended before the answer came.
        """
        if all(waiting.op_id != op_id for waiting in self._channel.waiting):
            raise LookupError("no such operation waits for its answer")
        settled = self._operations.setdefault(op_id, self._loop.create_future())
        return self._offset(await asyncio.shield(settled))

    def withdraw(self, op_id: str) -> bool:
        """Takes back an operation that is not on its way; who asked for it gets `Withdrawn`.

        Returns:
            Whether it is not sent.
        """
        self._perform(self._channel.withdraw(op_id))
        return all(waiting.op_id != op_id for waiting in self._channel.waiting)

    def cancel_sos(self) -> bool:
        """Takes back every SOS that the server has not acknowledged; `raise_sos` then raises `Withdrawn`.

        One that is on its way may have reached the server: it is ended as a false alarm as soon as its answer comes,
        while this object lives.

        Returns:
            Whether nothing of it has left this device.
        """
        raising = [waiting.op_id for waiting in self._channel.waiting if waiting.event == RAISE]
        for op_id in raising:
            self._perform(self._channel.withdraw(op_id))
        left = {waiting.op_id for waiting in self._channel.waiting}.intersection(raising)
        self._unwanted |= left
        return not left

    async def send_fixes(self, fixes: Iterable[Fix], *, reported: bool = False) -> int:
        """Sends fixes that were kept while offline: the newest moves the avatar, the rest are history.

        Args:
            fixes: In any order.
            reported: They are what `report` returned, in this run of the program or an earlier one. Otherwise their
                times are on this device's clock as it is set now.

        Returns:
            How many the server accepted.

        Raises:
            ValueError: A fix has no place on the Earth.
            Rejected: The server refused them.
            SessionOver: The session object ended before the answer came.
        """
        known = [fix for fix in map(_known, fixes) if fix is not None]
        stamped = [self._stamps.settled(fix) if reported else self._translated(fix) for fix in known]
        readings = [fix_to_dict(fix) for fix in stamped]
        accepted = 0
        for start in range(0, len(readings), MAX_FIXES):
            reply = await self._submit("fixes:send", {"fixes": readings[start : start + MAX_FIXES]})
            count = reply.get("accepted")
            accepted += count if isinstance(count, int) else 0
        for fix in stamped:
            self._channel.remember(fix)
        return accepted

    def _offset(self, reply: Mapping[str, object]) -> int:
        offset = reply.get("offset")
        return offset if isinstance(offset, int) else self.state.offset

    def _translated(self, fix: Fix) -> Fix:
        """A fix from the device's clock to the server's; where the two agree, its time stands as it is."""
        now, wall = self.now(), epoch_ms()
        taken = now if fix.fix_time is None else plausible_time(fix.fix_time, wall)
        if taken is None:
            taken = plausible_time(fix.fix_time, now) or now
        elif fix.fix_time is not None and abs(now - wall) > SLACK_MS:
            taken += now - wall
        return replace(fix, fix_time=max(0, min(taken, now)))

    async def messages(self, before: int | None = None, limit: int | None = None) -> Sequence[Event]:
        """Reads older messages, newest first; see `http.read_messages`."""
        return await read_messages(self.membership, before=before, limit=limit)

    def reached(self, offset: int) -> None:
        """Tells the others that the chat is on the screen up to an event. Never blocks; not stored."""
        self._perform(self._channel.reach(offset, self._now()))

    @property
    def reached_by(self) -> Mapping[int, int]:
        """Up to which event the chat was on the screen of each other one, by participant, where that is known."""
        return self._channel.replica.reached

    def changes(self) -> Reader:
        """Every change from this call on, up to and including `Closed`, for `async for`.

        Of positions and presence a slow reader gets the newest. One that is far too slow gets `ChangesMissed`.
        """
        reader = Reader()
        self._readers.add(reader)
        if self.closed is not None:
            reader.put(self.closed)
        return reader

    async def wait_for(
        self,
        condition: "Callable[[LiveSession], bool]",
        timeout: float | None = None,  # noqa: ASYNC109 - so that the error can come from here, not from the caller's block
    ) -> None:
        """Waits until a condition over this object holds; it is looked at now and after each change.

        Args:
            condition: Such as `lambda session: 2 in session.positions`.
            timeout: Seconds, or None to wait for ever.

        Raises:
            TimeoutError: It did not hold in time.
            SessionOver: It does not hold and no more changes will come.
        """
        waiter = Waiter(lambda: condition(self))
        if not waiter.check():
            if self.closed is not None:
                raise SessionOver(self.closed.reason)
            self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter.future
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def start(self) -> None:
        """Begins to connect."""
        self._perform(self._channel.start(self._now()))

    async def joined(self, within_s: float | None) -> Self:
        """Waits for the first join.

        Raises:
            Rejected: The server does not let this participant in.
            Unreachable: It did not work out in time; the message says what was in the way.
            ClientError: The server's answer cannot be understood.
        """
        try:
            await self.wait_for(lambda session: session.connection is ConnectionState.JOINED, within_s)
        except TimeoutError:
            raise Unreachable(f"could not join within {within_s:g} s: {self._last_problem or 'no answer'}") from None
        except SessionOver as error:
            raise self._channel.failure or error from None
        return self

    async def close(self) -> None:
        """Closes the connection; the participant stays in the session."""
        self._perform(self._channel.close())
        if self._closing:
            await asyncio.wait(self._closing)

    def _submit(self, event: str, payload: Mapping[str, object]) -> asyncio.Future[Mapping[str, object]]:
        op_id = uuid.uuid4().hex
        settled: asyncio.Future[Mapping[str, object]] = self._loop.create_future()
        actions = self._channel.submit(op_id, event, payload, self._now())
        self._operations[op_id] = settled
        self._perform(actions)
        return settled

    def _perform(self, actions: Iterable[Action]) -> None:
        """Carries out what the channel asks for, and sets the timer for when it wants to be asked again."""
        for action in actions:
            match action:
                case Dial():
                    self._link = Link(self, self.membership)
                case Transmit(frame=frame, conflates=conflates):
                    if self._link is not None:
                        self._link.send(frame, conflates=conflates)
                case Withhold():
                    if self._link is not None:
                        self._link.withhold()
                case Disconnect(code=code):
                    if self._link is not None:
                        self._in_background(self._link.close(code))
                    self._link = None
                case Settle(op_id=op_id, outcome=outcome):
                    self._settle(op_id, outcome)
                case Notify(change=change):
                    self._notify(change)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (deadline := self._channel.deadline) is not None:
            # One more millisecond, since `_now` rounds down.
            self._timer = self._loop.call_at((deadline + 1) / 1000, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._perform(self._channel.tick(self._now()))

    def _settle(self, op_id: str, outcome: Mapping[str, object] | Exception) -> None:
        settled = self._operations.pop(op_id, None)
        if op_id in self._unwanted:
            self._unwanted.remove(op_id)
            outcome = self._cleared(outcome)
        if settled is not None and not settled.done():
            if isinstance(outcome, Exception):
                settled.set_exception(outcome)
            else:
                settled.set_result(outcome)
        self._check_waiters()

    def _cleared(self, outcome: Mapping[str, object] | Exception) -> Exception:
        """Ends an SOS that was taken back and has reached the server all the same."""
        if isinstance(outcome, Exception):
            return outcome
        clearing = self._submit("sos:clear", {"sos": outcome.get("offset"), "reason": SosReason.FALSE_ALARM.value})
        clearing.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody waits for it
        return Withdrawn("taken back while its answer was awaited; it is ended as a false alarm")

    def _notify(self, change: Change) -> None:
        for reader in self._readers:
            reader.put(change)
        self._check_waiters()
        if isinstance(change, Closed):
            for waiter in self._waiters:
                waiter.future.set_exception(SessionOver(change.reason))
            self._waiters.clear()

    def _check_waiters(self) -> None:
        self._waiters = [waiter for waiter in self._waiters if not waiter.check()]

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _now(self) -> int:
        return int(self._loop.time() * 1000)

    def _look(self) -> None:
        self._stamps.look(steady=self._now(), wall=epoch_ms())

    # What the link calls.

    def on_opened(self, link: Link) -> None:
        """A WebSocket is open."""
        if link is self._link:
            self._last_problem = "the join was not answered"
            self._perform(self._channel.opened(self._now()))

    def on_received(self, link: Link, frame: str | bytes) -> None:
        """A frame came over it."""
        if link is self._link:
            self._look()
            self._perform(self._channel.received(frame, self._now()))

    def on_lost(self, link: Link, close_code: int | None, problem: str, wait_s: int = 0) -> None:
        """It is gone."""
        if link is self._link:
            self._link = None
            self._last_problem = problem
            self._perform(self._channel.lost(self._now(), close_code, wait_s * 1000))


@asynccontextmanager
async def connect(
    membership: Membership, *, mode: Mode = "binary", timing: Timing | None = None, join_within_s: float | None = 30.0
) -> AsyncIterator[LiveSession]:
    """Joins a session's socket and keeps it joined until the block is left; the participant stays in the session.

    Args:
        membership: From `create_session` or `join_session`, or kept from an earlier run.
        mode: How positions travel: `binary` (packed) or `json`.
        timing: How patient to be.
        join_within_s: Seconds for the first join, or None to try for ever.

    Raises:
        Rejected: The server does not let this participant in.
        Unreachable: The server cannot be reached in time.
        ClientError: The server's answer cannot be understood.
    """
    session = LiveSession(membership, mode=mode, timing=timing)
    session.start()
    try:
        yield await session.joined(join_within_s)
    finally:
        await session.close()


def _known(fix: Fix) -> Fix | None:
    """What a reading says; None for 0, 0."""
    if quantised(fix, 0) is None:
        raise ValueError("a fix must have a latitude and a longitude on the Earth")
    return readable(fix)
