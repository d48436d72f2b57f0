"""The process of one session: it owns the session's state, and nothing else touches it.

It reads its mailbox and never waits for storage while doing so: operations, and attachments that must read old events,
run beside it, linked, so that positions flow while PostgreSQL is slow, and so that their failure is its failure.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.features.sharing import shares
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Limits
from cavalcade.monolith.mailbox import (
    Attach,
    CatchUp,
    Detach,
    Failed,
    Flush,
    Hibernate,
    Mailbox,
    Message,
    Operate,
    Submit,
)
from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.self_fence import SelfFence
from cavalcade.server.live.broadcasts import Broadcasts
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live.send_queue import SendQueue
from cavalcade.server.live_storage.cold_loads import ColdLoads
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.processes.clock import AdaptiveClock
from cavalcade.server.sessions.execution import execute, newest_kept
from cavalcade.server.sessions.local_session import NOT_FOUND, AnotherHistory, LocalSession, last_seen
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.wire.messages import Since


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all session processes of a node share, and whose they are."""

    store: SessionStore
    live: LiveState
    writer: LivePositionWriter
    clock: AdaptiveClock
    limits: Limits
    loads: ColdLoads
    fence: SelfFence
    ownership: Ownership


class SessionProcess:
    """One life of a session's process; after a crash the next one starts from storage."""

    __slots__ = (
        "_audience",
        "_beside",
        "_broadcasts",
        "_handled",
        "_here",
        "_in_hand",
        "_is_over",
        "_mailbox",
        "_positions",
        "_session_id",
        "_worker",
        "last_message",
        "local",
    )

    def __init__(
        self,
        session_id: str,
        here: Surroundings,
        mailbox: Mailbox,
        audience: list[SendQueue],
        positions: dict[int, Position],
        *,
        broadcasts: Broadcasts,
    ) -> None:
        """Prepares a process; `run` is its life.

        Args:
            session_id: Which session.
            here: What it shares with the others.
            mailbox: What it reads.
            audience: The session's connections, which outlive it.
            positions: The newest that the process before it knew; where it leaves its own to the next.
            broadcasts: The newest of each key; they outlive it.
        """
        self._session_id, self._here, self._mailbox, self._audience = session_id, here, mailbox, audience
        self._positions, self._broadcasts = positions, broadcasts
        self._in_hand: Submit | None = None
        self._is_over = False
        self._worker: asyncio.Task[None] | None = None
        self._beside: dict[asyncio.Task[None], Attach] | None = None
        self._handled: Message | None = None
        self.local: LocalSession | None = None
        """The session, once the process has started."""
        self.last_message = ""
        """The kind of the message that it took out last, or of the operation that it failed in."""

    @property
    def _session(self) -> LocalSession:
        assert self.local is not None
        return self.local

    async def run(self) -> None:
        """Takes the session over, then handles messages until it hibernates or the session ends.

        Raises:
            Rejected: `session_not_found` where there is no such session.
            Elsewhere: Where another node serves it.
            Unavailable: Where it cannot be loaded.
            Exception: Whatever goes wrong in it: then it has crashed.
        """
        try:
            await self._start()
            while self._session.state.ended is None:
                message = await self._mailbox.get()
                self._handled = message
                if self._here.fence.is_doubtful():
                    await self._here.fence.settled()  # before anything is sent or written
                if not isinstance(message, Failed | Operate):
                    self.last_message = type(message).__name__
                if isinstance(message, Hibernate) and self._is_idle():
                    return
                self._handle(message)
                self._handled = None
            self._audience.clear()  # the end was the last thing that they were owed
        finally:
            self._stop()

    def rewrite(self) -> None:
        """Hands the newest positions to the writer again: Redis may have lost them."""
        if self.local is not None:
            self.local.rewrite()

    def settle(self) -> None:
        """Takes what has come in, and has all written that another node needs to go on with the session."""
        if self.local is not None:
            self._flush()
            self.local.rewrite()
            self.local.note_present(self._here.clock.now())

    async def _start(self) -> None:
        """Loads events and positions, and gives the audience what it missed meanwhile."""
        stored, positions = await self._here.loads.load(self._session_id)
        if stored is None:
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        missed: list[Event] = []
        oldest = min((send_queue.offset for send_queue in self._audience), default=stored.state.offset)
        if oldest < stored.state.offset:
            missed = await self._here.store.events_after(self._session_id, oldest)
        fanout = Fanout(
            self._session_id,
            self._here.clock,
            due=self._as_part(lambda: self._mailbox.put(Flush())),
            behind=self._as_part(lambda *behind: self._mailbox.put(CatchUp(*behind))),
            broadcasts=self._broadcasts,
        )
        fanout.adopt(self._audience)
        for event in missed:
            fanout.deliver(event, stored.state)
        if stored.state.ended is not None:
            # Perhaps the process before this one had stored the end and could not tell.
            self._audience.clear()
            self._here.writer.end(self._session_id)
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        local = LocalSession(stored, fanout, self._here.writer)
        for known in (self._here.writer.unwritten(self._session_id).over(positions), self._positions):
            shown = local.shown(known.items())
            fanout.restore(shown)
            for who in known.keys() - shown.keys():
                # Perhaps the process before this one had stored a pause and could not withdraw what was shown.
                self._here.writer.withdraw(self._session_id, who)
        if fanout.newest != positions:
            local.rewrite()
        self.local = local  # not before: what it knows takes the place of what the last process left
        if len(self._mailbox) or self._broadcasts.unsent:
            fanout.expect()
        if self._mailbox.has_operations:
            self._worker = self._link(self._work())

    def _stop(self) -> None:
        """Ends all its work; what was under way is left to the next process, or refused as `unavailable`."""
        self._is_over = True
        if self.local is not None:
            self.local.fanout.stop()
            self._positions.clear()
            self._positions.update(self.local.fanout.newest)
        for task, attach in (self._beside or {}).items():
            is_under_way = task.cancel()
            if not is_under_way or not self._mailbox.put(attach):  # else the next process does it
                self._give_up(attach)
        if self._worker is not None:
            self._worker.cancel()
        for message in (self._in_hand, self._handled):
            if message is not None:
                self._give_up(message)

    def _give_up(self, message: Message) -> None:
        """The process has failed over this message: what may safely be done again is left to the next one, once."""
        if isinstance(message, Attach) and not message.answer.done() and message.send_queue in self._audience:
            self._audience.remove(message.send_queue)  # it is told that it failed, so it is not attached
        elif isinstance(message, Detach) and not message.is_retried:
            self._mailbox.put(replace(message, is_retried=True))
        refuse([message], Rejected(ErrorCode.UNAVAILABLE, "This failed here; try again."))

    def _is_idle(self) -> bool:
        return not len(self._mailbox) and self._worker is None and not self._beside

    # Messages.

    def _handle(self, message: Message) -> None:
        match message:
            case Flush():
                self._flush()
            case Operate():
                if self._worker is None:
                    self._worker = self._link(self._work())
            case Attach():
                self._attach(message)
            case Detach():
                self._detach(message.send_queue)
            case CatchUp():
                if message.send_queue in self._audience:
                    self._session.fanout.catch_up(message.send_queue, message.missed)
            case Failed():
                if message.process is self:
                    if self._in_hand is not None and self._worker is not None and self._worker.done():
                        self.last_message = type(self._in_hand.operation.command).__name__
                    raise message.failure
            case Hibernate() | Submit():
                pass

    def _flush(self) -> None:
        local, accepted = self._session, {}
        while (taken := self._mailbox.take_position()) is not None:
            participant, position = taken
            if shares(local.state, participant) and local.fanout.accept(participant, position):
                accepted[participant] = position
            self._mailbox.position_taken()
        if accepted:
            # Before anything is sent: whatever fails from here on, the next process finds them.
            local.keep(accepted)
        local.fanout.flush()

    def _attach(self, message: Attach) -> None:
        local = self._session
        try:
            local.admit(message.send_queue.participant, self._here.clock.now())
        except Rejected as rejected:
            refuse([message], rejected)
            return
        since = message.since
        if since is None or not local.resumes(since):
            self._welcome(message, None)
            return
        try:
            logged = local.logged_since(since)
        except AnotherHistory:
            self._welcome(message, None)
            return
        if logged is not None:
            self._welcome(message, logged)
        else:
            if self._beside is None:
                self._beside = {}
            task = self._link(self._attach_from_storage(message, since))
            self._beside[task] = message
            task.add_done_callback(self._attached)

    async def _attach_from_storage(self, message: Attach, since: Since) -> None:
        events: list[Event] | None
        try:
            events = await self._session.events_since(since, self._here.store)
            while self._here.fence.is_doubtful():
                await self._here.fence.settled()
                events = await self._session.events_since(since, self._here.store)  # more may have happened meanwhile
        except AnotherHistory:
            events = None
        except Unavailable:
            refuse([message], Rejected(ErrorCode.UNAVAILABLE, "The missed events cannot be read right now."))
            return
        self._welcome(message, events)

    def _welcome(self, message: Attach, events: list[Event] | None) -> None:
        """Adds a connection and answers in one step, so that nothing is lost or doubled in between."""
        if message.answer.done():
            return  # the caller has gone away
        local, send_queue = self._session, message.send_queue
        send_queue.skip_to(local.state.offset)
        local.fanout.add(send_queue)
        self._audience.append(send_queue)
        message.answer.set_result(local.attachment(send_queue.participant, events))

    def _detach(self, send_queue: SendQueue) -> None:
        local = self._session
        local.fanout.remove(send_queue)  # not there where the process has only just started
        if not local.fanout.is_present(send_queue.participant):
            local.note_seen(send_queue.participant, self._here.clock.now())

    # Operations, one after another.

    async def _work(self) -> None:
        while (submit := self._mailbox.take_operation()) is not None:
            self._in_hand = submit
            try:
                await self._execute(submit)
            except Unavailable:
                refuse([submit], Rejected(ErrorCode.UNAVAILABLE, "This cannot be stored right now; try again."))
            except Rejected as rejected:
                refuse([submit], rejected)
            self._in_hand = None
        self._worker = None

    async def _execute(self, submit: Submit) -> None:
        now, operation = self._here.clock.now(), submit.operation
        stored = self._session.stored
        executed = await execute(self._here.store, stored, operation, now, self._here.limits, last_seen=self._last_seen)
        for event in executed.events:
            self._apply(event)
        kept = newest_kept(operation, now)
        if kept is not None:
            self._mailbox.report(*kept)
            self._mailbox.put(Flush())
        if not submit.answer.done():
            submit.answer.set_result(executed.receipt)

    def _apply(self, event: Event) -> None:
        """Folds what is stored now, and delivers it."""
        self._session.apply(event)
        if self._session.state.ended is not None:
            self._here.writer.end(self._session_id)
            self._mailbox.put(Flush())  # so that the loop looks up and sees the end

    async def _last_seen(self, session_id: str, participant: int) -> int | None:
        return await last_seen(session_id, participant, self._session.fanout, self._here.live, self._here.clock.now())

    def _attached(self, task: asyncio.Task[None]) -> None:
        if self._beside is not None and not task.cancelled() and task.exception() is None:
            del self._beside[task]

    def _as_part(self, call: Callable[..., object]) -> Callable[..., None]:
        """What others call, such as a timer: where it fails, it is the process that has failed."""

        def called(*given: object) -> None:
            try:
                call(*given)
            except Exception as failure:  # noqa: BLE001 - supervision: whatever it is, it stays in this session
                self._fail(failure)

        return called

    def _link(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Runs something beside the process, which fails with it."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._linked_ended)
        return task

    def _linked_ended(self, task: asyncio.Task[None]) -> None:
        failure = RuntimeError("cancelled by somebody else") if task.cancelled() else task.exception()
        if failure is not None:
            self._fail(failure)

    def _fail(self, failure: BaseException) -> None:
        if not self._is_over:
            self._mailbox.put(Failed(self, failure))


def refuse(messages: list[Message], rejected: Rejected) -> None:
    """Answers messages whose senders wait; the others are dropped."""
    for message in messages:
        if isinstance(message, Attach | Submit) and not message.answer.done():
            message.answer.set_exception(rejected)
