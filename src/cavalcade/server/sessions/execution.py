"""Carrying out one operation against one known state: recall, decide, append. Both backends do just this.

What differs is what happens around it: who serialises operations, and what a conflict means.
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import structlog

from cavalcade.domain.events import Event
from cavalcade.domain.feature import Earlier
from cavalcade.domain.features.ending import Expire
from cavalcade.domain.fix import Position, accept
from cavalcade.domain.model import Limits, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, replay
from cavalcade.server.sessions.backend import Receipt
from cavalcade.server.sessions.receipts import first_joined, outcome_of, recalled
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import End, Stored

MARK_BYTES: Final = 6
"""Enough that two histories never have the same mark at the same offset by chance; nobody has to guess it."""

FORGET_EVERY: Final = 100
"""Where only the newest events of a type keep their content, older ones are looked for at one offset of so many."""

_log = structlog.get_logger(__name__)

LastSeen = Callable[[str, int], Awaitable[int | None]]
"""Tells of a session, by its id, when a participant was last connected: ms since the epoch, None for never."""


@dataclass(frozen=True, slots=True)
class Executed:
    """An operation that is stored.

    Attributes:
        receipt: The answer.
        events: What it led to; none where it changed nothing or had been carried out before.
        after: The state that follows.
    """

    receipt: Receipt
    events: Sequence[Event]
    after: SessionState


async def execute(
    store: SessionStore, stored: Stored, operation: Operation, now: int, limits: Limits, *, last_seen: LastSeen
) -> Executed:
    """Carries out an operation, unless it was carried out before.

    Args:
        store: PostgreSQL.
        stored: What is known of the session; the append succeeds only if it is the newest.
        operation: What is asked for.
        now: ms since the epoch.
        limits: The operator's bounds.
        last_seen: Asked where a rule needs to know it.

    Raises:
        Rejected: Where a rule refuses it.
        Conflict: Where `stored` is not the newest.
        Unavailable: Where PostgreSQL is away; it may have happened or not.
    """
    if operation.memory is not None:
        outcome = await store.recall(stored.state.session.id, *operation.memory)
        if outcome is not None:
            receipt = recalled(outcome, operation, stored.state)
            if receipt.offset > stored.state.offset:  # what is known is older than the answer
                newest = await store.load(stored.state.session.id)
                receipt = receipt if newest is None else replace(receipt, state=newest.state)
            return Executed(receipt, (), stored.state)
    concerned = operation.command.concerns(stored.state)
    if concerned is not None:
        seen_at = await last_seen(stored.state.session.id, concerned)
        operation = replace(operation, command=operation.command.informed(seen_at))
    referred = operation.command.refers()
    if referred is not None:
        earlier = await _earlier(store, stored.state, referred)
        operation = replace(operation, command=operation.command.recalling(earlier))
    events = marked(decide(stored.state, operation, now, limits))
    after = replay(stored.state, events)
    kept = operation.command.kept_fixes
    accepted = None if kept is None else len(kept)
    named = None if operation.by is None else operation.command.names(operation.by, after)
    receipt = Receipt(named or after.offset, after, participant=first_joined(events), accepted=accepted)
    if events or operation.memory is not None:
        outcome = outcome_of(receipt, operation)
        await store.append(stored, events, after, memory=operation.memory, outcome=outcome)
        note_end(after)
        for event in events:
            if event.change.most is not None and event.offset % FORGET_EVERY == 0:
                with suppress(Unavailable):  # what was asked for is stored; the next time does this as well
                    await store.forget_old(stored.state.session.id, type(event.change))
    return Executed(receipt, events, after)


async def _earlier(store: SessionStore, state: SessionState, offset: int) -> Earlier | None:
    """An earlier event of a session, as far as rules need to know it; None where it has not happened."""
    if offset > state.offset:
        return None
    found = await store.events_after(state.session.id, offset - 1, 1)
    return next((Earlier(one.change.type, one.by, one.has_content) for one in found if one.offset == offset), None)


def marked(events: Iterable[Event]) -> list[Event]:
    """Gives each event that is about to be appended its mark."""
    return [replace(event, mark=secrets.token_urlsafe(MARK_BYTES)) for event in events]


def note_end(after: SessionState) -> None:
    """Logs the end of a session that has just ended."""
    if after.ended is not None:
        _log.info("session_ended", reason=after.ended, participants=len(after.participants))


def ends(stored: Iterable[Stored], now: int, limits: Limits) -> list[End]:
    """How those of some sessions end whose time is over at `now`, ms since the epoch."""
    decided = ((one, marked(decide(one.state, Operation(None, Expire()), now, limits))) for one in stored)
    return [End(one, events[0], replay(one.state, events)) for one, events in decided if events]


def newest_kept(operation: Operation, now: int) -> tuple[int, Position] | None:
    """Who moves by an operation, and where to: by the newest of the fixes that they kept while offline, if any."""
    kept = operation.command.kept_fixes
    if not kept or operation.by is None:
        return None
    positions = [position for fix in kept if (position := accept(fix, now)) is not None]
    newest = max(positions, key=lambda position: position.fix_time, default=None)
    return None if newest is None else (operation.by, newest)
