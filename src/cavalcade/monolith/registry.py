"""From a session to its process: started when it is needed, started again when it fails, gone when it is idle.

This is the node's dynamic supervisor. Each session has a restart budget of its own, so one that fails for ever is given
up alone. What must outlive a process is kept here, in its entry: the mailbox, the list of connections, the newest
positions and the broadcasts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.fix import Position
from cavalcade.monolith.mailbox import Attach, Hibernate, Mailbox, Message
from cavalcade.monolith.ownership import Elsewhere
from cavalcade.monolith.session_process import SessionProcess, Surroundings, refuse
from cavalcade.monolith.supervisor import Intensity, RestartBudget, report_crash
from cavalcade.server.live.broadcasts import Broadcasts
from cavalcade.server.live.send_queue import CLOSE_FAILED, CLOSE_GOING_AWAY, CLOSE_NOT_FOUND, SendQueue
from cavalcade.server.processes.steady_clock import Step
from cavalcade.storage.errors import Conflict, Unavailable

INTENSITY: Final = Intensity(restarts=5, seconds=10.0)
"""How often a session's process may fail before the session's connections are closed with 1011."""

HIBERNATE_S: Final = 30.0
"""After how long without a message a process writes itself off."""

SCAN_S: Final = 5.0

RETRY_S: Final = 0.1
LOAD_S: Final = 2.0
"""How long a process that cannot load its session tries again before its members are told to join again."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Entry:
    """Where a session's process lives."""

    mailbox: Mailbox = field(default_factory=Mailbox)
    audience: list[SendQueue] = field(default_factory=list)
    positions: dict[int, Position] = field(default_factory=dict)
    """What the last process knew when it went; Redis may be away, or may have lost them, when the next one starts."""
    broadcasts: Broadcasts = field(default_factory=Broadcasts)
    process: SessionProcess | None = None
    task: asyncio.Task[None] | None = None
    budget: RestartBudget | None = None
    restarts: int = 0
    busy_at: float = 0.0
    _expires_at: int | None = None

    @property
    def expires_at(self) -> int | None:
        """When the session expires, ms since the epoch, as its last process knew; None where there was none yet."""
        if self.process is not None and self.process.local is not None:
            self._expires_at = self.process.local.state.session.expires_at
        return self._expires_at


class Registry:
    """All session processes of a node."""

    def __init__(self, here: Surroundings, let_go: Callable[[str], None] = lambda _: None) -> None:
        """Starts without any.

        Args:
            here: What all processes share.
            let_go: Called for a session that has no entry here any more.
        """
        self.entries: dict[str, Entry] = {}
        self.restarts = 0
        self.given_up = 0
        self._here, self._let_go = here, let_go
        self._loop = asyncio.get_running_loop()

    def send(self, session_id: str, message: Message) -> Entry:
        """Puts a message into a session's mailbox, and starts its process if there is none.

        Raises:
            Rejected: `unavailable` where the mailbox is full.
        """
        entry = self.entries.get(session_id)
        if entry is None:
            entry = self.entries[session_id] = Entry()
        if not entry.mailbox.put(message):
            raise Rejected(ErrorCode.UNAVAILABLE, "This session has too much to do right now; try again.")
        self.wake(session_id, entry)
        return entry

    def wake(self, session_id: str, entry: Entry) -> None:
        """Starts a session's process if it hibernates."""
        entry.busy_at = self._loop.time()
        if entry.task is None:
            entry.task = asyncio.create_task(self._supervise(session_id, entry), name=f"session {session_id}")

    async def run(self) -> None:
        """Lets idle processes hibernate, until cancelled; then stops all."""
        for session_id, entry in tuple(self.entries.items()):
            if len(entry.mailbox):  # left there when this was stopped and started again
                self.wake(session_id, entry)
        try:
            while True:
                await asyncio.sleep(SCAN_S)
                self.scan(self._loop.time())
        finally:
            tasks = [entry.task for entry in self.entries.values() if entry.task is not None]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def rewrite(self) -> None:
        """Hands all newest positions to the writer again: Redis may have lost them."""
        for session_id, entry in tuple(self.entries.items()):
            if entry.process is not None:
                entry.process.rewrite()
            elif entry.positions:
                self.wake(session_id, entry)  # it hibernates, and writes what Redis has not when it starts

    def correct(self, step: Step) -> None:
        """Takes that the clock has stepped: the times of the newest positions are corrected."""
        now = self._here.clock.now()
        for entry in self.entries.values():
            for who, position in entry.positions.items():
                entry.positions[who] = position._replace(fix_time=step.corrected(position.fix_time, now))
            if entry.process is not None and entry.process.local is not None:
                entry.process.local.fanout.correct(step)

    def leave(self, session_id: str) -> None:
        """Gives up a session's entry at once: another node serves it now, and its members find it there."""
        entry = self.entries.get(session_id)
        if entry is not None:
            if entry.task is not None:
                entry.task.cancel()
            self._leave(session_id, entry)

    def scan(self, moment: float) -> None:
        """Asks processes that had nothing to do for a while to hibernate, at a moment of the loop's clock."""
        for entry in tuple(self.entries.values()):
            if entry.task is not None and moment - entry.busy_at > HIBERNATE_S:
                entry.mailbox.put(Hibernate())

    async def _supervise(self, session_id: str, entry: Entry) -> None:
        """Runs a session's process, again after each failure, until it ends by itself or fails too often."""
        try:
            while await self._live(session_id, entry):
                entry.restarts += 1
                self.restarts += 1
        finally:
            entry.process, entry.task = None, None
            is_here = self.entries.get(session_id) is entry
            if not is_here:
                self._leave(session_id, entry)  # what came in since it was given up
            elif not len(entry.mailbox) and not entry.audience:
                del self.entries[session_id]
                self._let_go(session_id)
        if is_here and len(entry.mailbox):
            self.wake(session_id, entry)  # a message came in while the process was leaving

    async def _live(self, session_id: str, entry: Entry) -> bool:
        """One life of the process; whether another one is due."""
        give_up_at = self._loop.time() + LOAD_S
        while True:
            process = SessionProcess(
                session_id, self._here, entry.mailbox, entry.audience, entry.positions, broadcasts=entry.broadcasts
            )
            entry.process = process
            try:
                await process.run()
            except Unavailable:
                if self._loop.time() < give_up_at:
                    await asyncio.sleep(RETRY_S)
                    continue
                _log.warning("session_not_loaded")
                for send_queue in tuple(entry.audience):
                    send_queue.fail()
                self._dismiss(entry, Rejected(ErrorCode.UNAVAILABLE, "The session cannot be loaded right now."))
                return False
            except Elsewhere:
                self._leave(session_id, entry)
                return False
            except Rejected as rejected:
                for send_queue in tuple(entry.audience):
                    send_queue.close(CLOSE_NOT_FOUND)
                self._dismiss(entry, rejected)
                return False
            except Conflict:
                report_crash("session", Conflict("superseded"), process.last_message)
                return self._may_restart(entry)
            except Exception as failure:  # noqa: BLE001 - supervision: whatever it is, it stays in this session
                report_crash("session", failure, process.last_message)
                return self._may_restart(entry)
            else:
                return False

    def _may_restart(self, entry: Entry) -> bool:
        if entry.budget is None:
            entry.budget = RestartBudget(INTENSITY)
        if entry.budget.spend(self._loop.time()):
            return True
        self.given_up += 1
        _log.error("session_given_up", connections=len(entry.audience))
        for send_queue in tuple(entry.audience):
            send_queue.close(CLOSE_FAILED)
        self._dismiss(entry, Rejected(ErrorCode.UNAVAILABLE, "This session fails again and again; try again."))
        return False

    def _leave(self, session_id: str, entry: Entry) -> None:
        """Sends everybody elsewhere."""
        if self.entries.get(session_id) is entry:
            del self.entries[session_id]
        waiting = entry.mailbox.drain()
        send_queues = [*entry.audience, *(message.send_queue for message in waiting if isinstance(message, Attach))]
        entry.audience.clear()
        for send_queue in send_queues:
            send_queue.close(CLOSE_GOING_AWAY)
        refuse(waiting, Rejected(ErrorCode.UNAVAILABLE, "Another node serves this session now; try again."))
        self._here.writer.forget(session_id)

    def _dismiss(self, entry: Entry, rejected: Rejected) -> None:
        """Answers everything that waits."""
        refuse(entry.mailbox.drain(), rejected)
