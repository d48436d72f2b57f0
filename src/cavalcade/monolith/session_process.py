"""The process of one session: it owns the session's state, and nothing else touches it.

It reads its mailbox and never waits for storage while doing so: operations, and attachments that must read old events,
run beside it, linked, so that positions flow while PostgreSQL is slow, and so that their failure is its failure.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Final

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event, SessionChanged
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Limits, SessionState
from cavalcade.domain.operations import SendFixes
from cavalcade.domain.session import evolve, withdrawn
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
from cavalcade.monolith.standing import Standing
from cavalcade.server.backend import MAX_MISSED, Attachment
from cavalcade.server.carrying import carry_out, newest_kept, shares
from cavalcade.server.clock import AdaptiveClock
from cavalcade.server.cold_loads import ColdLoads
from cavalcade.server.fanout import Fanout
from cavalcade.server.live_state import LivePositionWriter, LiveState
from cavalcade.server.outbox import Outbox
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored

LOG_LENGTH: Final = 64
"""Newest events kept for those who come back."""

NOT_FOUND: Final = "This session does not exist or is over."


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all session processes of a node share."""

    store: SessionStore
    live: LiveState
    writer: LivePositionWriter
    clock: AdaptiveClock
    limits: Limits
    loads: ColdLoads
    standing: Standing


class SessionProcess:
    """One life of a session's process; after a crash the next one starts from storage."""

    __slots__ = (
        "_audience",
        "_beside",
        "_handled",
        "_here",
        "_in_hand",
        "_is_over",
        "_log",
        "_mailbox",
        "_positions",
        "_session_id",
        "_stored",
        "_worker",
        "fanout",
        "last_message",
    )

    def __init__(
        self,
        session_id: str,
        here: Surroundings,
        mailbox: Mailbox,
        audience: list[Outbox],
        positions: dict[int, Position],
    ) -> None:
        """Prepares a process; `run` is its life.

        Args:
            session_id: Which session.
            here: What it shares with the others.
            mailbox: What it reads.
            audience: The session's connections, which outlive it.
            positions: The newest that the process before it knew; where it leaves its own to the next.
        """
        self._session_id, self._here, self._mailbox, self._audience = session_id, here, mailbox, audience
        self._positions = positions
        self._stored: Stored | None = None
        self._log: list[Event] = []
        self._in_hand: Submit | None = None
        self._is_over = False
        self._worker: asyncio.Task[None] | None = None
        self._beside: dict[asyncio.Task[None], Attach] | None = None
        self._handled: Message | None = None
        self.fanout: Fanout | None = None
        self.last_message = ""
        """The kind of the message that it took out last, or of the operation that it failed in."""

    @property
    def state(self) -> SessionState:
        """The session, once the process has started."""
        assert self._stored is not None
        return self._stored.state

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
            while self.state.ended is None:
                message = await self._mailbox.get()
                self._handled = message
                if self._here.standing.is_doubtful():
                    await self._here.standing.settled()  # before anything is sent or written
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
        if self.fanout is not None and self.fanout.newest and self._stored is not None:
            self._here.writer.put(self._session_id, self.state.session.expires_at, self.fanout.newest)

    def settle(self) -> None:
        """Takes what has come in, and has all written that another node needs to go on with the session."""
        if self.fanout is None or self._stored is None:
            return
        self._flush()
        self.rewrite()
        host = self.state.host
        if host is not None and self.fanout.is_present(host.id):
            self._here.writer.seen(self._session_id, host.id, self._here.clock.now(), self.state.session.expires_at)

    async def _start(self) -> None:
        """Loads events and positions, and gives the audience what it missed meanwhile."""
        stored, positions = await self._here.loads.load(self._session_id)
        if stored is None:
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        missed: list[Event] = []
        oldest = min((outbox.offset for outbox in self._audience), default=stored.state.offset)
        if oldest < stored.state.offset:
            missed = await self._here.store.events_after(self._session_id, oldest)
        self._stored = stored
        fanout = Fanout(
            self._session_id,
            self._here.clock,
            due=lambda: self._mailbox.put(Flush()),
            behind=self._note_behind,
        )
        self.fanout = fanout
        fanout.adopt(self._audience)
        for event in missed:
            fanout.deliver(event)
        if stored.state.ended is not None:
            # Perhaps the process before this one had stored the end and could not tell.
            self._audience.clear()
            self._here.writer.end(self._session_id)
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        for known in (positions, self._here.writer.waiting(self._session_id), self._positions):
            shown = {who: where for who, where in known.items() if shares(stored.state, who)}
            fanout.restore(shown)
            for who in known.keys() - shown.keys():
                # Perhaps the process before this one had stored a pause and could not withdraw what was shown.
                self._here.writer.withdraw(self._session_id, who)
        if fanout.newest != positions:
            self.rewrite()
        if len(self._mailbox):
            fanout.expect()
        if self._mailbox.has_operations:
            self._worker = self._link(self._work())

    def _stop(self) -> None:
        """Lets go of everything; whoever still waits for an answer is told to ask again."""
        self._is_over = True
        if self.fanout is not None:
            self.fanout.stop()
            self._positions.clear()
            self._positions.update(self.fanout.newest)
        for task, attach in (self._beside or {}).items():
            if task.cancel():
                self._mailbox.put(attach)  # it was under way: the next process does it
            else:
                refuse([attach], Rejected(ErrorCode.UNAVAILABLE, "This failed here; try again."))
        if self._worker is not None:
            self._worker.cancel()
        unanswered = [message for message in (self._in_hand, self._handled) if message is not None]
        refuse(unanswered, Rejected(ErrorCode.UNAVAILABLE, "This failed here; try again."))

    def _is_idle(self) -> bool:
        return not len(self._mailbox) and self._worker is None and not self._beside

    # Messages.

    def _handle(self, message: Message) -> None:
        assert self.fanout is not None
        match message:
            case Flush():
                self._flush()
            case Operate():
                if self._worker is None:
                    self._worker = self._link(self._work())
            case Attach():
                self._attach(message)
            case Detach():
                self._detach(message.outbox)
            case CatchUp():
                if message.outbox in self._audience:
                    self.fanout.catch_up(message.outbox, message.presence, message.positions)
            case Failed():
                if message.process is self:
                    if self._in_hand is not None and self._worker is not None and self._worker.done():
                        self.last_message = type(self._in_hand.operation.wish).__name__
                    raise message.failure
            case Hibernate() | Submit():
                pass

    def _flush(self) -> None:
        assert self.fanout is not None
        state = self.state
        accepted = {}
        while (taken := self._mailbox.take_position()) is not None:
            participant, position = taken
            if shares(state, participant) and self.fanout.accept(participant, position):
                accepted[participant] = position
        if accepted:
            # Before anything is sent: whatever fails from here on, the next process finds them.
            self._here.writer.put(self._session_id, state.session.expires_at, accepted)
        self.fanout.flush()

    def _note_behind(self, outbox: Outbox, presence: bool, positions: bool) -> None:
        self._mailbox.put(CatchUp(outbox, presence, positions))

    def _attach(self, message: Attach) -> None:
        state = self.state
        if state.is_over(self._here.clock.now()):
            refuse([message], Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND))
        elif message.outbox.participant not in state.participants:
            refuse([message], Rejected(ErrorCode.UNAUTHORIZED, "You are not in this session any more."))
        elif message.since is None or not 0 <= state.offset - message.since <= MAX_MISSED:
            self._welcome(message, None)
        elif message.since == state.offset or (self._log and self._log[0].offset <= message.since + 1):
            self._welcome(message, [event for event in self._log if event.offset > message.since])
        else:
            if self._beside is None:
                self._beside = {}
            task = self._link(self._attach_from_storage(message, message.since))
            self._beside[task] = message
            task.add_done_callback(self._attached)

    async def _attach_from_storage(self, message: Attach, since: int) -> None:
        try:
            events = await self._here.store.events_after(self._session_id, since)
        except Unavailable:
            refuse([message], Rejected(ErrorCode.UNAVAILABLE, "The missed events cannot be read right now."))
            return
        if self._here.standing.is_doubtful():
            await self._here.standing.settled()
        known = events[-1].offset if events else since
        later = [event for event in self._log if event.offset > known]
        self._welcome(message, [event for event in events if event.offset <= self.state.offset] + later)

    def _welcome(self, message: Attach, events: list[Event] | None) -> None:
        """Adds a connection and answers in one step, so that nothing is lost or doubled in between."""
        assert self.fanout is not None
        if message.answer.done():
            return  # whoever asked has gone away
        state, outbox = self.state, message.outbox
        outbox.skip_to(state.offset)
        self.fanout.add(outbox)
        self._audience.append(outbox)
        message.answer.set_result(Attachment(state, events, dict(self.fanout.newest), self.fanout.present))

    def _detach(self, outbox: Outbox) -> None:
        assert self.fanout is not None
        self.fanout.remove(outbox)  # not there where the process has only just started
        if not self.fanout.is_present(outbox.participant):
            expires_at = self.state.session.expires_at
            self._here.writer.seen(self._session_id, outbox.participant, self._here.clock.now(), expires_at)

    # Operations, one after another.

    async def _work(self) -> None:
        while (submit := self._mailbox.take_operation()) is not None:
            self._in_hand = submit
            try:
                await self._carry_out(submit)
            except Unavailable:
                refuse([submit], Rejected(ErrorCode.UNAVAILABLE, "This cannot be stored right now; try again."))
            except Rejected as rejected:
                refuse([submit], rejected)
            self._in_hand = None
        self._worker = None

    async def _carry_out(self, submit: Submit) -> None:
        assert self._stored is not None
        now = self._here.clock.now()
        carried = await carry_out(
            self._here.store, self._stored, submit.operation, now, self._here.limits, host_seen=self._host_seen
        )
        for event in carried.events:
            self._apply(event)
        wish, by = submit.operation.wish, submit.operation.by
        if isinstance(wish, SendFixes) and by is not None and (position := newest_kept(wish, now)) is not None:
            self._mailbox.report(by, position)
            self._mailbox.put(Flush())
        if not submit.answer.done():
            submit.answer.set_result(carried.receipt)

    def _apply(self, event: Event) -> None:
        """Folds what is stored now, and delivers it."""
        assert self._stored is not None
        assert self.fanout is not None
        self._stored = replace(self._stored, state=evolve(self._stored.state, event))
        self._log = [*self._log[-LOG_LENGTH + 1 :], event]
        gone = withdrawn(event.change)
        if gone is not None:
            self._here.writer.withdraw(self._session_id, gone)
        self.fanout.deliver(event)
        if isinstance(event.change, SessionChanged) and self.fanout.newest:
            # Who stands still must not fade when the session is extended: the keys expire with it.
            self._here.writer.put(self._session_id, self.state.session.expires_at, self.fanout.newest)
        if self.state.ended is not None:
            self._here.writer.end(self._session_id)
            self._mailbox.put(Flush())  # so that the loop looks up and sees the end

    async def _host_seen(self, state: SessionState) -> int | None:
        assert self.fanout is not None
        host = state.host
        if host is None or self.fanout.is_present(host.id):
            return self._here.clock.now()
        return await self._here.live.seen_at(self._session_id, host.id)

    def _attached(self, task: asyncio.Task[None]) -> None:
        if self._beside is not None and not task.cancelled() and task.exception() is None:
            del self._beside[task]

    def _link(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Runs something beside the process, which fails with it."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._linked_ended)
        return task

    def _linked_ended(self, task: asyncio.Task[None]) -> None:
        failure = RuntimeError("cancelled by somebody else") if task.cancelled() else task.exception()
        if failure is not None and not self._is_over:
            self._mailbox.put(Failed(self, failure))


def refuse(messages: list[Message], rejected: Rejected) -> None:
    """Answers messages whose senders wait; the others are dropped."""
    for message in messages:
        if isinstance(message, Attach | Submit) and not message.answer.done():
            message.answer.set_exception(rejected)
