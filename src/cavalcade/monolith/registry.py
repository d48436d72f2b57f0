"""From a session to its process: started when it is needed, started again when it fails, gone when it is idle.

This is the node's dynamic supervisor. Each session has a restart budget of its own, so one that fails for ever is given
up alone. What must outlive a process is kept here, in its place: the mailbox, the list of connections, and the newest
positions.
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
from cavalcade.server.outbox import CLOSE_FAILED, CLOSE_GOING_AWAY, CLOSE_NOT_FOUND, Outbox
from cavalcade.server.steady_clock import Step
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
class Place:
    """Where a session's process lives."""

    mailbox: Mailbox = field(default_factory=Mailbox)
    audience: list[Outbox] = field(default_factory=list)
    positions: dict[int, Position] = field(default_factory=dict)
    """What the last process knew when it went; Redis may be away, or may have lost them, when the next one starts."""
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
            let_go: Called for a session that has no place here any more.
        """
        self.places: dict[str, Place] = {}
        self.restarts = 0
        self.given_up = 0
        self._here, self._let_go = here, let_go
        self._loop = asyncio.get_running_loop()

    def send(self, session_id: str, message: Message) -> Place:
        """Puts a message into a session's mailbox, and starts its process if there is none.

        Raises:
            Rejected: `unavailable` where the mailbox is full.
        """
        place = self.places.get(session_id)
        if place is None:
            place = self.places[session_id] = Place()
        if not place.mailbox.put(message):
            raise Rejected(ErrorCode.UNAVAILABLE, "This session has too much to do right now; try again.")
        self.wake(session_id, place)
        return place

    def wake(self, session_id: str, place: Place) -> None:
        """Starts a session's process if it hibernates."""
        place.busy_at = self._loop.time()
        if place.task is None:
            place.task = asyncio.create_task(self._supervise(session_id, place), name=f"session {session_id}")

    async def run(self) -> None:
        """Lets idle processes hibernate, until cancelled; then stops all."""
        for session_id, place in tuple(self.places.items()):
            if len(place.mailbox):  # left there when this was stopped and started again
                self.wake(session_id, place)
        try:
            while True:
                await asyncio.sleep(SCAN_S)
                self.scan(self._loop.time())
        finally:
            tasks = [place.task for place in self.places.values() if place.task is not None]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def rewrite(self) -> None:
        """Hands all newest positions to the writer again: Redis may have lost them."""
        for session_id, place in tuple(self.places.items()):
            if place.process is not None:
                place.process.rewrite()
            elif place.positions:
                self.wake(session_id, place)  # it hibernates, and writes what Redis has not when it starts

    def correct(self, step: Step) -> None:
        """Takes that the clock has stepped: the times of the newest positions are corrected."""
        now = self._here.clock.now()
        for place in self.places.values():
            for who, position in place.positions.items():
                place.positions[who] = position._replace(fix_time=step.corrected(position.fix_time, now))
            if place.process is not None and place.process.local is not None:
                place.process.local.fanout.correct(step)

    def leave(self, session_id: str) -> None:
        """Gives up a session's place at once: another node serves it now, and its members find it there."""
        place = self.places.get(session_id)
        if place is not None:
            if place.task is not None:
                place.task.cancel()
            self._leave(session_id, place)

    def scan(self, moment: float) -> None:
        """Asks processes that had nothing to do for a while to hibernate, at a moment of the loop's clock."""
        for place in tuple(self.places.values()):
            if place.task is not None and moment - place.busy_at > HIBERNATE_S:
                place.mailbox.put(Hibernate())

    async def _supervise(self, session_id: str, place: Place) -> None:
        """Runs a session's process, again after each failure, until it ends by itself or fails too often."""
        try:
            while await self._live(session_id, place):
                place.restarts += 1
                self.restarts += 1
        finally:
            place.process, place.task = None, None
            is_here = self.places.get(session_id) is place
            if not is_here:
                self._leave(session_id, place)  # what came in since it was given up
            elif not len(place.mailbox) and not place.audience:
                del self.places[session_id]
                self._let_go(session_id)
        if is_here and len(place.mailbox):
            self.wake(session_id, place)  # a message came in while the process was leaving

    async def _live(self, session_id: str, place: Place) -> bool:
        """One life of the process; whether another one is due."""
        give_up_at = self._loop.time() + LOAD_S
        while True:
            process = SessionProcess(session_id, self._here, place.mailbox, place.audience, place.positions)
            place.process = process
            try:
                await process.run()
            except Unavailable:
                if self._loop.time() < give_up_at:
                    await asyncio.sleep(RETRY_S)
                    continue
                _log.warning("session_not_loaded")
                for outbox in tuple(place.audience):
                    outbox.fail()
                self._dismiss(place, Rejected(ErrorCode.UNAVAILABLE, "The session cannot be loaded right now."))
                return False
            except Elsewhere:
                self._leave(session_id, place)
                return False
            except Rejected as rejected:
                for outbox in tuple(place.audience):
                    outbox.close(CLOSE_NOT_FOUND)
                self._dismiss(place, rejected)
                return False
            except Conflict:
                report_crash("session", Conflict("superseded"), process.last_message)
                return self._may_restart(place)
            except Exception as failure:  # noqa: BLE001 - supervision: whatever it is, it stays in this session
                report_crash("session", failure, process.last_message)
                return self._may_restart(place)
            else:
                return False

    def _may_restart(self, place: Place) -> bool:
        if place.budget is None:
            place.budget = RestartBudget(INTENSITY)
        if place.budget.spend(self._loop.time()):
            return True
        self.given_up += 1
        _log.error("session_given_up", connections=len(place.audience))
        for outbox in tuple(place.audience):
            outbox.close(CLOSE_FAILED)
        self._dismiss(place, Rejected(ErrorCode.UNAVAILABLE, "This session fails again and again; try again."))
        return False

    def _leave(self, session_id: str, place: Place) -> None:
        """Sends everybody elsewhere."""
        if self.places.get(session_id) is place:
            del self.places[session_id]
        waiting = place.mailbox.drain()
        outboxes = [*place.audience, *(message.outbox for message in waiting if isinstance(message, Attach))]
        place.audience.clear()
        for outbox in outboxes:
            outbox.close(CLOSE_GOING_AWAY)
        refuse(waiting, Rejected(ErrorCode.UNAVAILABLE, "Another node serves this session now; try again."))
        self._here.writer.forget(session_id)

    def _dismiss(self, place: Place, rejected: Rejected) -> None:
        """Answers everything that waits."""
        refuse(place.mailbox.drain(), rejected)
