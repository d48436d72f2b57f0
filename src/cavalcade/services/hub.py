"""The sessions that have connections on this gateway: each folded up to date, each with its fan-out.

A session is hosted when the first connection attaches: subscribe, then read PostgreSQL and Redis, then fold what came
in meanwhile. Events are applied in the order of offsets; what is missing is fetched from PostgreSQL.

Where another gateway hosts it too, what members here have sent is published at each flush, for all sessions in one
write. A position from elsewhere is merged into the window here, so that members get one frame a window from all.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Final

import structlog

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.fix import Position
from cavalcade.domain.session import effects
from cavalcade.server.live.broadcasts import Broadcast
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live.send_queue import CLOSE_GOING_AWAY, CLOSE_NOT_FOUND, SendQueue
from cavalcade.server.live_storage.cold_loads import ColdLoads
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import Command, RedisLink, RedisUnavailable
from cavalcade.server.processes.clock import AdaptiveClock
from cavalcade.server.processes.steady_clock import Step
from cavalcade.server.sessions.local_session import NOT_FOUND, LocalSession
from cavalcade.services.broker import Broker, publication
from cavalcade.services.messages import Happened, Message, Moved, Roll, Told
from cavalcade.services.pause_detector import PauseDetector
from cavalcade.services.presence import Presence, Shared
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored

GAP_S: Final = 0.05
"""How long an event that came too early waits for the ones before it."""

LINGER_S: Final = 20.0
"""How long a session without connections stays hosted: people come back from a tunnel."""

_log = structlog.get_logger(__name__)


class Hosted(LocalSession):
    """One session on this gateway."""

    __slots__ = ("early", "has_refused", "linger", "repair", "shared")

    def __init__(self, stored: Stored, fanout: Fanout, writer: LivePositionWriter) -> None:
        """Starts alone: nothing is known of other gateways yet."""
        super().__init__(stored, fanout, writer)
        self.shared = Shared(self.state.session.id, fanout, lambda: self.state.session.expires_at)
        self.early: dict[int, Event] = {}
        """Events that came before one of their predecessors, by offset."""
        self.repair: asyncio.TimerHandle | asyncio.Task[None] | None = None
        self.linger: asyncio.TimerHandle | None = None
        self.has_refused = False
        """Whether a position came from elsewhere for somebody who does not share as far as is known here."""


class Hub:
    """All sessions of one gateway."""

    def __init__(
        self,
        store: SessionStore,
        live: LiveState,
        writer: LivePositionWriter,
        clock: AdaptiveClock,
        *,
        link: RedisLink,
        redis_url: str,
    ) -> None:
        """Starts empty.

        Args:
            store: PostgreSQL.
            live: Redis, for reading.
            writer: Where accepted positions go.
            clock: Time and window.
            link: The connection that the writer writes over as well.
            redis_url: For the broker's own connection.
        """
        self.hosted: dict[str, Hosted] = {}
        self.presence = Presence(link, self._tell_all, self.heal)
        gateway = self.presence.lease.gateway
        self.broker = Broker(redis_url, gateway, self._take, self.heal, refusals=link.refusals)
        self.pauses = PauseDetector(self._abandon, self.presence.lease.stands_until)
        self._store, self._writer, self._clock, self._link = store, writer, clock, link
        self._loads = ColdLoads(store.load_many, live, writer)
        self._hosting: dict[str, asyncio.Task[Hosted]] = {}
        self._arrived: dict[str, list[Message]] = {}
        self._outgoing: list[Command] = []
        self._lives = 0
        """How often this process has dropped all its sessions, because it stood still."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._check_now = asyncio.Event()

    async def host(self, session_id: str) -> Hosted:
        """The hosted session, loaded once however many ask at the same time.

        Raises:
            Rejected: `session_not_found` or `unavailable`.
        """
        hosted = self.hosted.get(session_id)
        if hosted is not None:
            return hosted
        task = self._hosting.get(session_id)
        if task is None:
            task = asyncio.create_task(self._load(session_id))
            self._hosting[session_id] = task
            task.add_done_callback(lambda _: self._hosting.pop(session_id, None))
        return await asyncio.shield(task)

    async def refresh(self, hosted: Hosted) -> None:
        """Applies what PostgreSQL knows and this process does not yet.

        Raises:
            Unavailable: Where PostgreSQL cannot be read.
        """
        state = hosted.state
        events = await self._store.events_after(state.session.id, state.offset)
        if self.hosted.get(state.session.id) is hosted:
            self.receive(state.session.id, events)

    async def complete(self, hosted: Hosted) -> None:
        """Reads a session again while it is not whole here: a newer version has appended what this one cannot fold.

        Raises:
            Rejected: `session_not_found` where it is purged.
            Unavailable: Where PostgreSQL cannot be read.
        """
        session_id = hosted.state.session.id
        while hosted.state.unknown and self.hosted.get(session_id) is hosted:
            stored = await self._store.load(session_id)
            if stored is None:
                raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
            if stored.state.offset > hosted.state.offset:
                await self.refresh(hosted)
            hosted.complete(stored)

    def add(self, hosted: Hosted, send_queue: SendQueue) -> None:
        """Adds a connection to a session."""
        if hosted.linger is not None:
            hosted.linger.cancel()
            hosted.linger = None
        hosted.fanout.add(send_queue)
        if hosted.shared.rolls:
            self.presence.replace_surplus(hosted.shared, [send_queue.participant])
        self.presence.change(hosted.shared.session_id)

    def remove(self, session_id: str, send_queue: SendQueue) -> bool:
        """Removes a connection; True where it was its participant's last one."""
        hosted = self.hosted.get(session_id)
        if hosted is None or not hosted.fanout.remove(send_queue):
            return False
        self.presence.change(session_id)
        if not hosted.fanout:
            loop = asyncio.get_running_loop()
            hosted.linger = loop.call_later(LINGER_S, self._drop, session_id)
        return not hosted.fanout.is_present(send_queue.participant)

    def receive(self, session_id: str, events: Iterable[Event]) -> None:
        """Takes events from this process or another one, in whatever order, however often."""
        hosted = self.hosted.get(session_id)
        if hosted is None:
            if session_id in self._arrived:
                self._arrived[session_id].append(Happened(tuple(events)))
            return
        for event in events:
            if event.offset > hosted.state.offset:
                hosted.early[event.offset] = event
        self._settle(session_id, hosted)

    def check_soon(self) -> None:
        """Asks for a comparison with PostgreSQL now: something may have been missed."""
        self._check_now.set()

    async def run(self) -> None:
        """Compares all hosted sessions with PostgreSQL, in one query a second, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(1.0):
                    await self._check_now.wait()
            except TimeoutError:
                pass
            self._check_now.clear()
            try:
                await self._check()
            except Unavailable:
                _log.warning("offsets_unchecked")

    def heal(self) -> None:
        """Says everything again and asks for what was missed: Redis was away, or has lost its memory."""
        if not self.pauses.check():
            return
        self._rewrite()
        self.presence.heal()
        self.check_soon()

    def correct(self, step: Step) -> None:
        """Takes that the clock has stepped: times are corrected, and for how long keys stay is said again."""
        for hosted in self.hosted.values():
            hosted.fanout.correct(step)
        self.heal()

    def stop(self) -> None:
        """Tells the other gateways that this one stops; its connections have been closed."""
        self.presence.farewell()

    def _rewrite(self) -> None:
        """Hands all newest positions to the writer again: Redis may have lost them."""
        for hosted in self.hosted.values():
            hosted.rewrite()

    def _take(self, session_id: str, message: Message) -> None:
        """Takes what a process has told."""
        hosted = self.hosted.get(session_id)
        if hosted is None:
            if session_id in self._arrived:
                self._arrived[session_id].append(message)
            return
        match message:
            case Happened(events):
                self.receive(session_id, events)
            case Moved(_, positions):
                shown = hosted.shown(positions)
                hosted.has_refused |= len(shown) < len(positions)
                hosted.fanout.accept_from_elsewhere(shown.items())
            case Told(_, broadcasts):
                for broadcast in broadcasts:
                    hosted.fanout.broadcast(broadcast, is_own=False)
            case Roll():
                self.presence.take(session_id, message)

    def _tell_all(self, session_id: str) -> None:
        """Publishes all newest positions and broadcasts of a session."""
        hosted = self.hosted.get(session_id)
        if hosted is None:
            return
        if hosted.fanout.newest:
            self._publish_positions(session_id, hosted.fanout.newest)
        if broadcasts := hosted.fanout.broadcasts.current(self._clock.now()):
            self._publish(session_id, Told(self.presence.lease.gateway, broadcasts))

    def _publish_positions(self, session_id: str, positions: Mapping[int, Position]) -> None:
        self._publish(session_id, Moved(self.presence.lease.gateway, tuple(positions.items())))

    def _publish(self, session_id: str, message: Message) -> None:
        """Publishes something together with what all sessions publish in this turn of the loop."""
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._send)
        self._outgoing.append(publication(session_id, message))

    def _send(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        self._link.tell(outgoing)  # where Redis is away, `heal` publishes the newest

    def _abandon(self) -> None:
        """Drops all sessions and their connections: this process stood still, and others serve its clients now."""
        _log.warning("gateway_stood_still", sessions=len(self.hosted))
        self._lives += 1
        for session_id, hosted in tuple(self.hosted.items()):
            self._writer.forget(session_id)
            self._drop(session_id)
            hosted.fanout.abandon(CLOSE_GOING_AWAY)

    def _settle(self, session_id: str, hosted: Hosted) -> None:
        """Applies what follows without a gap; asks for what is missing when it does not come by itself."""
        begun_at = hosted.state.offset
        while (event := hosted.early.pop(hosted.state.offset + 1, None)) is not None:
            hosted.apply(event)
            if effects(event.change).keeps_longer:
                self.presence.change(session_id)
        state = hosted.state
        if state.ended is not None:
            self._writer.forget(session_id)
            self._drop(session_id)
            return
        if hosted.has_refused and state.offset > begun_at:
            # The position had overtaken the event that it needs, and may be the last of somebody who stands still.
            hosted.has_refused = False
            self.presence.ask(session_id)
        hosted.early = {offset: event for offset, event in hosted.early.items() if offset > state.offset}
        if hosted.early and hosted.repair is None:
            hosted.repair = asyncio.get_running_loop().call_later(GAP_S, self._fetch_gap, session_id, hosted)

    def _fetch_gap(self, session_id: str, hosted: Hosted) -> None:
        async def fetch() -> None:
            try:
                events = await self._store.events_after(session_id, hosted.state.offset)
            except Unavailable:
                events = []
            finally:
                hosted.repair = None
            if self.hosted.get(session_id) is hosted:
                self.receive(session_id, events)

        if hosted.early:
            hosted.repair = self._spawn(fetch())
        else:
            hosted.repair = None

    async def _check(self) -> None:
        session_ids = list(self.hosted)
        if not session_ids:
            return
        newest = await self._store.offsets(session_ids)
        for session_id in session_ids:
            hosted = self.hosted.get(session_id)
            if hosted is None:
                continue
            if session_id not in newest:
                # Purged while this process was not looking; what it has written since must not stay behind.
                hosted.fanout.close(CLOSE_NOT_FOUND)
                self._writer.forget(session_id)
                self._writer.delete([session_id])
                self._drop(session_id)
            elif newest[session_id][1] > hosted.state.offset and hosted.repair is None:
                await self.refresh(hosted)

    async def _load(self, session_id: str) -> Hosted:
        self._arrived[session_id] = []
        try:
            hosted = await self._begin(session_id)
        except (RedisUnavailable, Unavailable) as error:
            self.broker.unsubscribe(session_id)
            raise Rejected(ErrorCode.UNAVAILABLE, "The session cannot be loaded right now.") from error
        except Rejected:
            self.broker.unsubscribe(session_id)
            raise
        finally:
            arrived = self._arrived.pop(session_id)
        self.hosted[session_id] = hosted
        hosted.linger = asyncio.get_running_loop().call_later(LINGER_S, self._drop, session_id)
        for message in arrived:
            self._take(session_id, message)
        return hosted

    async def _begin(self, session_id: str) -> Hosted:
        """Subscribes, then reads, then tells the other gateways."""
        lives = self._lives
        await self.broker.subscribe(session_id)
        stored, positions = await self._loads.load(session_id)
        if stored is None or stored.state.is_over(self._clock.now()):
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        if not self.pauses.check() or lives != self._lives:
            raise Unavailable  # what was read is old
        hosted = self._prepare(stored, positions)
        await self.presence.enter(hosted.shared)
        return hosted

    def _prepare(self, stored: Stored, positions: Mapping[int, Position]) -> Hosted:
        session_id = stored.state.session.id
        fanout = Fanout(
            session_id,
            self._clock,
            lambda positions: self._store_later(session_id, positions),
            told=lambda broadcasts: self._tell_others(session_id, broadcasts),
        )
        hosted = Hosted(stored, fanout, self._writer)
        fanout.newest.update(hosted.shown(self._writer.unwritten(session_id).over(positions).items()))
        return hosted

    def _store_later(self, session_id: str, positions: Mapping[int, Position]) -> None:
        """Has positions of members here stored, and tells the gateways that host the session as well."""
        hosted = self.hosted.get(session_id)
        if hosted is None or not self.pauses.check():
            return
        hosted.keep(positions)
        if hosted.shared.rolls:
            self._publish_positions(session_id, positions)

    def _tell_others(self, session_id: str, broadcasts: Sequence[Broadcast]) -> None:
        """Tells the gateways that host the session as well what was broadcast here."""
        hosted = self.hosted.get(session_id)
        if hosted is not None and hosted.shared.rolls and self.pauses.check():
            self._publish(session_id, Told(self.presence.lease.gateway, broadcasts))

    def _drop(self, session_id: str) -> None:
        """Stops hosting a session. Connections that still hang on it are on their way out."""
        hosted = self.hosted.pop(session_id, None)
        if hosted is None:
            return
        hosted.fanout.stop()
        if hosted.linger is not None:
            hosted.linger.cancel()
        if hosted.repair is not None:
            hosted.repair.cancel()
        self.presence.leave(session_id)
        self.broker.unsubscribe(session_id)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
