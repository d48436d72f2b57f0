"""A session as one process has it: the state that its events fold to, the newest of them, and its audience here.

Both backends keep one for each session that has connections in the process. They differ in how events and positions
come to it, and in what they do when something is missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from cavalcade.domain.audience import may_read
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.features.sharing import shares
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Role, SessionState
from cavalcade.domain.session import effects, evolve, replay
from cavalcade.server.live.fanout import Fanout
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.sessions.backend import MAX_MISSED, Attachment
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.messages import Since

LOG_LENGTH: Final = 256
"""Newest events kept for those who come back, so that a reconnect storm does not read PostgreSQL."""

NOT_FOUND: Final = "This session does not exist or is over."


class AnotherHistory(Exception):
    """A client knows an event that is not the one of that offset here, as after a restore from a backup."""


class LocalSession:
    """State, newest events and audience of one session."""

    __slots__ = ("_writer", "fanout", "log", "stored")

    def __init__(self, stored: Stored, fanout: Fanout, writer: LivePositionWriter) -> None:
        """Starts from what is stored, without any of the events that led there.

        Args:
            stored: The session as PostgreSQL has it.
            fanout: Its connections here.
            writer: Where live state is written.
        """
        self.stored, self.fanout = stored, fanout
        self.log: list[Event] = []
        """The newest events, at most `LOG_LENGTH` of them, up to `state.offset`."""
        self._writer = writer
        fanout.may_read = self.may_read

    @property
    def state(self) -> SessionState:
        """The session as its events have left it."""
        return self.stored.state

    def apply(self, event: Event) -> None:
        """Folds the event that comes next, and delivers it to everybody here."""
        self.stored = replace(self.stored, state=evolve(self.state, event))
        if event.scrubs:
            self.log = [known.without_content() if known.offset in event.scrubs else known for known in self.log]
        self.log.append(event)
        del self.log[:-LOG_LENGTH]
        what = effects(event.change)
        if what.withdraws is not None:
            self._writer.withdraw(self.state.session.id, what.withdraws)
        self.fanout.deliver(event, self.state)
        if what.dismisses is not None:
            self.fanout.withdraw_reports(what.dismisses)
        if what.keeps_longer:
            # Who stands still must not fade when the session is extended: the keys expire with it.
            self.rewrite()

    def complete(self, read: Stored) -> None:
        """Takes the session as it has been read, with the later events, in place of one that is not whole.

        It is not whole once events of unknown types were folded into it; what they changed is in storage. Where the
        events since it was read are not known any more, nothing is taken.
        """
        later = [event for event in self.log if event.offset > read.state.offset]
        if read.state.offset + len(later) == self.state.offset:
            self.stored = replace(read, state=replay(read.state, later))

    def shown(self, positions: Iterable[tuple[int, Position]]) -> dict[int, Position]:
        """Those of some positions whose owners share them."""
        state = self.state
        return {who: where for who, where in positions if shares(state, who)}

    def keep(self, positions: Mapping[int, Position]) -> None:
        """Has accepted positions stored in Redis."""
        self._writer.put(self.state.session.id, self.state.session.expires_at, positions)

    def rewrite(self) -> None:
        """Has all newest positions stored again: Redis may have lost them, or is to keep them for longer."""
        if self.fanout.newest:
            self.keep(self.fanout.newest)

    def note_present(self, now: int) -> None:
        """Notes for all but viewers who are connected here that they are there now, ms since the epoch."""
        session, people = self.state.session, self.state.participants
        for who in self.fanout.participants:
            if who in people and people[who].role is not Role.VIEWER:
                self._writer.seen(session.id, who, now, session.expires_at)

    def note_seen(self, participant: int, now: int) -> None:
        """Notes when somebody was last connected, ms since the epoch, at once: others may do more meanwhile."""
        self._writer.seen(self.state.session.id, participant, now, self.state.session.expires_at)
        self._writer.flush()

    def admit(self, participant: int, now: int) -> None:
        """Lets somebody attach.

        Raises:
            Rejected: `session_not_found` where the session is over, `unauthorized` where they are not in it.
        """
        if self.state.is_over(now):
            raise Rejected(ErrorCode.SESSION_NOT_FOUND, NOT_FOUND)
        if participant not in self.state.participants:
            raise Rejected(ErrorCode.UNAUTHORIZED, "You are not in this session any more.")

    def may_read(self, participant: int, audience: str | None) -> bool:
        """Whether somebody may read what is broadcast to an audience."""
        return may_read(audience, participant, self.state)

    def resumes(self, since: Since | None) -> bool:
        """Whether somebody who knows all events up to an offset is told the later ones, rather than everything."""
        return since is not None and 0 <= self.state.offset - since.offset <= MAX_MISSED

    def logged_since(self, since: Since) -> list[Event] | None:
        """The events after those that somebody knows, or None where the log does not reach back so far.

        Raises:
            AnotherHistory: What they know is not what has happened here.
        """
        if since.offset == self.state.offset:
            _compare(since, self.state.mark)
            return []
        first = _first_needed(since)
        if not (self.log and self.log[0].offset <= first):
            return None
        return _after(since, [event for event in self.log if event.offset >= first])

    async def events_since(self, since: Since, store: SessionStore) -> list[Event]:
        """The events after those that somebody knows, up to the state that the session has when this returns.

        Raises:
            AnotherHistory: What they know is not what has happened here.
            Unavailable: Where PostgreSQL must be read and cannot.
        """
        logged = self.logged_since(since)
        if logged is not None:
            return logged
        events = await store.events_after(self.state.session.id, _first_needed(since) - 1)
        # PostgreSQL may know more than this process has applied; what is to come is delivered as it comes.
        events = _after(since, [event for event in events if event.offset <= self.state.offset])
        known = events[-1].offset if events else since.offset
        return events + [event for event in self.log if event.offset > known]

    def attachment(self, participant: int, missed: list[Event] | None) -> Attachment:
        """What somebody who attaches now starts from; `missed` is None where they get everything."""
        fanout = self.fanout
        broadcasts = fanout.broadcasts_for(participant)
        return Attachment(self.state, missed, dict(fanout.newest), fanout.present, broadcasts)


async def last_seen(session_id: str, participant: int, fanout: Fanout | None, live: LiveState, now: int) -> int | None:
    """When somebody was last connected, ms since the epoch; None where nothing is known of it.

    Args:
        session_id: The session.
        participant: Who.
        fanout: Its connections here, where it has any.
        live: Asked where they are not among them.
        now: ms since the epoch.

    Raises:
        Rejected: `unavailable` while Redis is away.
    """
    if fanout is not None and fanout.is_present(participant):
        return now
    return await live.seen_at(session_id, participant)


def _first_needed(since: Since) -> int:
    """The first event to look at: the newest that they know, where it can be compared, else the one after it."""
    return since.offset + (since.mark is None or since.offset == 0)


def _after(since: Since, events: list[Event]) -> list[Event]:
    """Leaves out the event that is only compared."""
    if events and events[0].offset == since.offset:
        _compare(since, events[0].mark)
        return events[1:]
    return events


def _compare(since: Since, mark: str | None) -> None:
    # An event that was appended by a version without marks can be compared with nothing.
    if None not in (since.mark, mark) and since.mark != mark:
        raise AnotherHistory
