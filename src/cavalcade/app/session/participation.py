"""One's part in one session: the connection, the receiver, and what is kept of both for the next run."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import Enum, auto
from typing import Final

from cavalcade.app.device import policy
from cavalcade.app.device.location import LocationSource, Obstacle
from cavalcade.app.device.store import Store, StoreError
from cavalcade.app.session.kept import LEAVING, SESSION, KeptSession
from cavalcade.app.session.people import Known
from cavalcade.app.session.sos_flow import SosFlow
from cavalcade.app.session.talk import Talk
from cavalcade.client import (
    Change,
    ChangesMissed,
    Closed,
    ConnectionChanged,
    ConnectionState,
    ErrorCode,
    EventReceived,
    Fix,
    LiveSession,
    PositionsReceived,
    Rejected,
    SessionOver,
    Signal,
    StateReplaced,
    Status,
    Timing,
    Watch,
    Withdrawn,
)
from cavalcade.client.clock import steady_ms
from cavalcade.client.watchers import Reader
from cavalcade.domain.features.places import Place
from cavalcade.domain.features.sharing import SharingChanged
from cavalcade.domain.model import Participant, Role

log = logging.getLogger(__name__)

KEEP_EVERY_S: Final = 2.0
"""Positions and events are on disk this soon; operations at once."""

IMPATIENT: Final = Timing(heartbeat_ms=4_000, silence_ms=3_000, answer_ms=8_000)
"""Phones lose their network on the move without being told: the reader knows within ten seconds."""

_SETTLED_ELSEWHERE: Final = frozenset({Obstacle.REFUSED_FOR_GOOD, Obstacle.SWITCHED_OFF})
"""What people change in the device's settings: looked at again when they come back, and no question is asked."""


class Happening(Enum):
    """What has changed, as far as drawing is concerned."""

    POSITIONS = auto()
    SESSION = auto()
    OVER = auto()


class Visibility(Enum):
    """How much of the app can be seen."""

    SHOWN = auto()

    COVERED = auto()
    """Something lies over it, such as a call, or it is about to be hidden."""

    HIDDEN = auto()
    """Another app is shown, or the phone is locked."""


class HostNotAway(Exception):
    """The host has not been away for long enough for somebody else to take over."""


class Participation:
    """Takes part in a session until it is over or the program ends; what is asked for offline is done later.

    Attributes:
        live: The connection.
        watch: What is judged of motion.
        sos: One's own SOS, and those of others.
        talk: The messages, and signals that go out.
        hazard: The one that one was last told of; None where none lies ahead, or it was put aside.
        hazard_told_at: When, ms on the server's clock.
        obstacle: Why there are no positions of one's own; None while there are.
        lost_since: Since when the connection is away, ms of the steady clock; None while it is there.
    """

    def __init__(
        self,
        kept: KeptSession,
        store: Store,
        source: LocationSource,
        on_happening: Callable[[Happening], None],
        on_error: Callable[[Exception], None],
        *,
        timing: Timing = IMPATIENT,
    ) -> None:
        """Prepares what `start` begins.

        Args:
            kept: The membership, with what an earlier run left.
            store: Where to keep it.
            source: Where positions come from.
            on_happening: Called when something to be drawn has changed.
            on_error: Called with what an operation was refused for, or what could not be kept.
            timing: How patient to be.
        """
        self.live = LiveSession(kept.membership, timing=timing, resumption=kept.resumption)
        self.watch = Watch(self.live, on_question=lambda: on_happening(Happening.SESSION), on_hazard=self._on_hazard)
        self.hazard: Place | None = None
        self.hazard_told_at = 0
        self.obstacle: Obstacle | None = None
        self.lost_since: int | None = steady_ms()
        self._store = store
        self._source = source
        self._on_happening = on_happening
        self._on_error = on_error
        self._backlog = kept.backlog
        self._is_leaving = kept.is_leaving
        self._pacing = policy.Pacing()
        self._tuning = policy.tuning(self._pacing.pace, None)
        self._is_locating = False
        self._visibility = Visibility.SHOWN
        self._starts_when_shown = False
        self._dirty = asyncio.Event()
        self._keeping = asyncio.Lock()
        self._is_forgotten = False
        self._is_forgetful = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._newest_fix: Fix | None = None
        self.sos = SosFlow(
            self.live,
            operate=self.operate,
            keep=self.keep,
            spawn=self._spawn,
            on_change=self._changed,
            newest_fix=lambda: self.newest_fix,
        )
        self.talk = Talk(
            self.live,
            kept.read_up_to,
            kept.written,
            spawn=self._spawn,
            on_change=self._changed,
            is_seen=lambda: self._visibility is Visibility.SHOWN,
            is_riding=lambda: self.watch.is_riding,
        )

    @property
    def me(self) -> Participant | None:
        """Oneself, as far as the session is known."""
        try:
            return self.live.me
        except LookupError:
            return None

    @property
    def is_viewer(self) -> bool:
        """Whether one only watches."""
        return self.me is not None and self.me.role is Role.VIEWER

    @property
    def is_sharing(self) -> bool:
        """Whether one's position is shared: what was asked for last counts, even while the server does not know."""
        return self.live.is_sharing

    @property
    def is_connected(self) -> bool:
        """Whether the session is joined now."""
        return self.live.connection is ConnectionState.JOINED

    @property
    def waiting(self) -> int:
        """How many fixes and operations the server does not have."""
        return len(self._backlog) + len(self.live.resumption().operations)

    @property
    def now(self) -> int:
        """The server's clock, ms since the epoch."""
        return self.live.now()

    @property
    def newest_fix(self) -> Fix | None:
        """Where one is, with its time on the server's clock: what was taken last, also where the server has none."""
        if self._newest_fix is not None:
            return self._newest_fix
        position = self.live.positions.get(self.live.membership.participant)
        return None if position is None else position.to_fix()

    @property
    def known(self) -> Known | None:
        """What is known of everybody; None before the session is."""
        try:
            state = self.live.state
        except LookupError:
            return None
        present = self.live.present if self.is_connected else None
        return Known(state, self.live.positions, present, self.live.membership.participant, self.now)

    async def start(self, *, share: bool = True) -> None:
        """Begins to connect, and to locate where one shares.

        Args:
            share: False joins without sharing: no position leaves the device before it is asked for.
        """
        changes = self.live.changes()
        self._spawn(self._watch(changes))
        self._spawn(self._keep_regularly())
        self._spawn(self.watch.run())
        self.talk.look()  # what is too old is not sent
        self._spawn(self.talk.run())
        self.sos.resume()
        if not share:
            await self.operate(self.live.set_sharing(on=False))
        if self._is_leaving and not any(one.event == "leave" for one in self.live.resumption().operations):
            await self.operate(self.live.leave())
        self.live.start()
        await self.keep()

    async def set_sharing(self, *, on: bool) -> None:
        """Pauses or resumes sharing; the pause holds at once, whatever the network does."""
        if not on:
            self._backlog.clear()
        await self._submit(self.live.set_sharing(on=on))
        # The receiver does not wait for the disk. Who pauses and resumes quickly may never have stopped it; the others
        # lost the position all the same.
        await asyncio.gather(self.locate(restart=on), self.keep())
        self._on_happening(Happening.SESSION)

    async def locate(self, *, restart: bool = False) -> None:
        """Starts or stops the receiver, as sharing wants it; asks for the permission again where it was refused.

        Nothing is started while the app is hidden: Android would refuse the service, and stop the one that runs.

        Args:
            restart: Also starts again a receiver that is on, so that it tells a position at once.
        """
        wanted = self.is_sharing and not self._is_leaving and self.live.closed is None
        # A receiver without a signal goes on looking for one by itself.
        is_idle = not self._is_locating or self.obstacle not in {None, Obstacle.NO_SIGNAL}
        if wanted and (restart or is_idle):
            if self._visibility is Visibility.HIDDEN:
                self._starts_when_shown = True
                return
            self._starts_when_shown = False
            self._is_locating = True
            self._pacing = policy.Pacing()  # the others have no position now: the next one is news, wherever it is
            await self._source.start(self._tuning, self._on_fix, self._on_obstacle)
        elif not wanted and self._is_locating:
            self._is_locating = False
            self._on_obstacle(None)
            await self._source.stop()

    async def become(self, visibility: Visibility) -> None:
        """More or less of the app can be seen now.

        Another tuning starts the receiver again, which Android refuses to an app that is hidden. So before that it is
        asked for all that riding needs, whatever the pace is now, and for what the pace needs once the app is shown.
        """
        self._visibility = visibility
        self.talk.report()
        if visibility is Visibility.COVERED:
            await self._retune(policy.tuning(policy.Pace.FAST, self._source.battery))
        elif visibility is Visibility.SHOWN:
            if self._starts_when_shown or self.obstacle in _SETTLED_ELSEWHERE:
                await self.locate()
            await self._retune(policy.tuning(self._pacing.pace, self._source.battery))

    async def leave(self) -> None:
        """Leaves for good: at once on this device, and on the server as soon as it can be told."""
        self._is_leaving = True
        self._backlog.clear()
        await self.operate(self.live.leave())
        # Another session may begin before the server knows.
        with suppress(StoreError):
            await self._store.remove(SESSION)
        await self.locate()

    async def operate(self, operation: Coroutine[None, None, int]) -> None:
        """Asks for an operation; it is on the disk when this returns, and carried out in the background."""
        await self._submit(operation)
        await self.keep()

    async def set_status(self, status: Status | None) -> None:
        """Says what is up with oneself; None takes it back."""
        await self.operate(self.live.set_status(status))

    async def give_signal(self, signal: Signal, reply_to: int | None = None) -> None:
        """Gives a signal to all, or as the answer to a message."""
        await self._submit(self.talk.give(signal, reply_to))
        self.talk.look()
        await self.keep()

    async def answer_stop(self, status: Status | None) -> None:
        """Answers whether all is well: what is up, or None where it is."""
        self.watch.answer()
        if status is not None:
            await self.set_status(status)

    async def deny_hazard(self) -> None:
        """Says that the hazard that one was told of is not there."""
        hazard = self.hazard
        self.forget_hazard()
        if hazard is not None:
            await self.operate(self.live.deny_hazard(hazard.place))

    def forget_hazard(self) -> None:
        """It was read."""
        self.hazard = None
        self._on_happening(Happening.SESSION)

    async def claim_host(self) -> None:
        """Takes over from a host who is away."""
        await self.operate(self._claim())

    async def close(self) -> None:
        """Ends it for this run of the program; the participant stays in the session."""
        if self._is_locating:
            self._is_locating = False
            await self._source.stop()
        await self.keep()
        await self.live.close()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def keep(self) -> None:
        """Puts everything that a later run needs on the disk."""
        async with self._keeping:
            self._dirty.clear()
            try:
                document = LEAVING if self._is_leaving else SESSION
                if self._is_forgotten:
                    await self._store.remove(document)
                    return
                await self._store.write(document, self.kept().to_text())
            except StoreError as error:
                # The session goes on; only a restart would not find it, which is said once.
                log.warning("the session could not be kept: %s", error)
                if not self._is_forgetful:
                    self._is_forgetful = True
                    self._on_error(error)

    def kept(self) -> KeptSession:
        """Everything that a later run needs."""
        return KeptSession(
            self.live.membership,
            self.live.resumption(),
            self._backlog,
            self._is_leaving,
            self.talk.settled_up_to,
            self.talk.written,
        )

    async def _claim(self) -> int:
        try:
            return await self.live.claim_host()
        except Rejected as refusal:
            if refusal.code is ErrorCode.FORBIDDEN:
                raise HostNotAway from refusal
            raise

    async def _submit(self, operation: Coroutine[None, None, int]) -> None:
        asked = asyncio.ensure_future(operation)
        # With its first step it is among those that wait to be sent.
        await asyncio.sleep(0)
        self._spawn(self._settle(asked))

    async def _settle(self, asked: "asyncio.Future[int]") -> None:
        try:
            await asked
        except (SessionOver, Withdrawn):
            pass
        except Exception as error:  # noqa: BLE001 - the one who asked is told, whatever it was
            self._on_error(error)
        self._dirty.set()
        self._on_happening(Happening.SESSION)

    async def _keep_regularly(self) -> None:
        while self.live.closed is None:
            await self._dirty.wait()
            await self.keep()
            await asyncio.sleep(KEEP_EVERY_S)

    async def _watch(self, changes: Reader) -> None:
        while True:
            try:
                change = await anext(changes)
            except StopAsyncIteration:
                return
            except ChangesMissed:
                self._take_in(StateReplaced(self.live.state))
                continue
            self._take_in(change)
            if isinstance(change, Closed):
                await self._end(change)

    def _take_in(self, change: Change) -> None:
        self.sos.hear(change)
        self.talk.hear(change)
        if isinstance(change, PositionsReceived):
            mine = change.positions.get(self.live.membership.participant)
            if mine is not None:
                self._backlog.shown(mine.fix_time)
            self._on_happening(Happening.POSITIONS)
            return
        if isinstance(change, ConnectionChanged):
            if change.state is ConnectionState.JOINED:
                self.lost_since = None
                self._spawn(self._catch_up())
            elif self.lost_since is None:
                self.lost_since = steady_ms()
                self._backlog.disconnected()
        if isinstance(change, EventReceived) and isinstance(change.event.change, SharingChanged):
            self._follow_sharing(change.event.change)
        self._changed()

    def _on_hazard(self, hazard: Place) -> None:
        self.hazard, self.hazard_told_at = hazard, self.now
        self._on_happening(Happening.SESSION)

    def _follow_sharing(self, told: SharingChanged) -> None:
        """One's own SOS starts sharing, and the page that is open beside the app pauses and resumes it."""
        if told.participant != self.live.membership.participant:
            return
        if not self.is_sharing:
            self._backlog.clear()
        if self.is_sharing is not self._is_locating:
            self._spawn(self.locate())

    def _changed(self) -> None:
        self._dirty.set()
        self._on_happening(Happening.SESSION)

    async def _catch_up(self) -> None:
        """Sends what was kept while there was no connection, and locates where one shares."""
        if self.is_sharing and len(self._backlog):
            await self.operate(self.live.send_fixes(self._backlog.take(), reported=True))
        await self.locate()

    async def _end(self, closed: Closed) -> None:
        if closed.reason == "disconnected":
            return
        self._is_forgotten = closed.reason != "replaced"
        await self.locate()
        await self.keep()
        self._dirty.set()
        self._on_happening(Happening.OVER)

    def _on_fix(self, fix: Fix) -> None:
        self._on_obstacle(None)
        battery = self._source.battery
        self._pacing, sends = policy.take(self._pacing, fix, steady_ms(), battery)
        tuning = policy.tuning(self._pacing.pace, battery)
        if tuning != self._tuning and self._visibility is Visibility.SHOWN:
            self._spawn(self._retune(tuning))
        if not sends or not self.is_sharing or self.live.closed is not None:
            return
        with suppress(ValueError):
            shared = self.live.report(fix)
            if shared is None:
                return
            self._newest_fix = shared
            self.watch.take(shared)
            if self.is_connected:
                self._backlog.sent(shared)
            else:
                self._backlog.keep(shared)
                self._dirty.set()

    async def _retune(self, tuning: policy.Tuning) -> None:
        if tuning != self._tuning:
            self._tuning = tuning
            if self._is_locating:
                await self._source.retune(tuning)

    def _on_obstacle(self, obstacle: Obstacle | None) -> None:
        if obstacle is not self.obstacle:
            self.obstacle = obstacle
            self._on_happening(Happening.SESSION)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_error(error if isinstance(error, Exception) else RuntimeError(str(error)))
