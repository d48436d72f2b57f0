"""A session's rules: `decide`, `evolve` and `effects` over all features, which are registered here.

`decide` says what an operation leads to, `evolve` folds what happened into the state, and `effects` says what servers,
stores and clients must do about it besides.

The law that everything rests on: events applied to a stale snapshot equal a fresh snapshot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar, Final

from cavalcade.domain import names
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.feature import Change, Command, Effects, Feature, Issuer, Report, Situation, permit
from cavalcade.domain.features import (
    alerts,
    chat,
    ending,
    fixes,
    hazards,
    hosting,
    membership,
    more_time,
    places,
    posts,
    profile,
    regroup,
    settings,
    sharing,
    sos,
    statuses,
)
from cavalcade.domain.kept import Kept
from cavalcade.domain.model import Limits, Session, SessionState
from cavalcade.domain.operations import Operation

FEATURES: Final[tuple[Feature, ...]] = (
    membership.FEATURE,
    profile.FEATURE,
    sharing.FEATURE,
    hosting.FEATURE,
    settings.FEATURE,
    more_time.FEATURE,
    posts.FEATURE,
    statuses.FEATURE,
    chat.FEATURE,
    sos.FEATURE,
    places.FEATURE,
    hazards.FEATURE,
    regroup.FEATURE,
    alerts.FEATURE,
    ending.FEATURE,
    fixes.FEATURE,
)
"""All there is to a session, in the order in which the contract tells of it."""

OPERATIONS: Final[dict[str, type[Command]]] = {
    command.operation: command for feature in FEATURES for command in feature.commands if command.operation is not None
}
"""The operations of the socket, by their event name."""

FINISHING: Final = frozenset(name for name, command in OPERATIONS.items() if command.finishes)
"""Operations after which the session is over for the participant who asked: each is carried out once."""

URGENT: Final = frozenset(name for name, command in OPERATIONS.items() if command.urgent)
"""Operations that wait behind no others."""

CHANGES: Final[dict[str, type[Change]]] = {change.type: change for feature in FEATURES for change in feature.changes}
"""What can happen, by the event's type."""

REPORTS: Final[dict[str, type[Report]]] = {
    report.operation: report for feature in FEATURES for report in feature.reports
}
"""What participants tell each other that is not stored, by the event name of the push."""

TIMED: Final[list[type[Command]]] = [
    command for feature in FEATURES for command in feature.commands if command.issuer is Issuer.SYSTEM
]
"""What the system does at some time, in the order in which it is done where several are due at once."""

KEPT: Final[dict[str, type[Kept]]] = {
    kind.key: kind for feature in FEATURES for kind in (feature.session, feature.participant) if kind is not None
}
"""What features keep, by its key."""


def found(session_id: str, name: str | None, lifetime_s: int | None, now: int, limits: Limits) -> SessionState:
    """Makes a session that nobody is in yet; the first member to join becomes its host.

    Args:
        session_id: Its id.
        name: A cleaned name, or None or empty for a friendly default.
        lifetime_s: Seconds until it expires, or None for the default.
        now: ms since the epoch.
        limits: The operator's bounds.

    Raises:
        Rejected: `invalid_request` where the lifetime is out of bounds.
    """
    seconds = limits.default_lifetime_s if lifetime_s is None else lifetime_s
    if not limits.min_lifetime_s <= seconds <= limits.max_lifetime_s:
        detail = f"must be from {limits.min_lifetime_s} to {limits.max_lifetime_s} seconds"
        raise Rejected(ErrorCode.INVALID_REQUEST, errors=(FieldError("/lifetime_s", detail),))
    session = Session(session_id, name or names.default_session_name(session_id), now, now + seconds * 1000)
    return SessionState(session, max_participants=limits.max_participants)


def decide(state: SessionState, operation: Operation, now: int, limits: Limits) -> list[Event]:
    """Says which events an operation leads to.

    Args:
        state: The session as it is.
        operation: What is asked for, and by whom.
        now: ms since the epoch.
        limits: The operator's bounds.

    Returns:
        The events in order, numbered on from the state's offset; none where nothing changes.

    Raises:
        Rejected: With the code of the rule that refuses it.
    """
    changes = _changes(operation, Situation(state, now, limits))
    changes = _with_what_follows(state, changes)
    return [_event(state.offset + place, now, operation, change) for place, change in enumerate(changes, start=1)]


def next_at(state: SessionState) -> int | None:
    """When `Elapse` is due in a session, ms since the epoch; None where nothing is timed.

    Its end is not among this: `expires_at` says when that is due, and sessions end many at a time.
    """
    if state.ended is not None:
        return None
    return min((at for command in TIMED if (at := command.due(state)) is not None), default=None)


@dataclass(frozen=True, slots=True)
class Elapse(Command):
    """Have happen what is due, by the system."""

    issuer: ClassVar[Issuer] = Issuer.SYSTEM

    def decide_alone(self, situation: Situation) -> list[Change]:
        """What all features have due now, one after the other; nothing where somebody was faster, or it is over."""
        changes: list[Change] = []
        if situation.state.is_over(situation.now):
            return changes
        for command in TIMED:
            at = command.due(situation.state)
            if at is not None and at <= situation.now:
                decided = command().decide_alone(situation)
                changes += decided
                situation = replace(situation, state=reduce(_folded, decided, situation.state))
        return changes


def evolve(state: SessionState, event: Event) -> SessionState:
    """Folds one event into the state.

    Raises:
        ValueError: Where the event is not the next one; folding it would break the order of offsets.
    """
    if event.offset != state.offset + 1:
        raise ValueError(f"event {event.offset} does not follow offset {state.offset}")
    return replace(event.change.evolve(state), offset=event.offset, mark=event.mark)


def replay(state: SessionState, events: Iterable[Event]) -> SessionState:
    """Folds events into the state, in order."""
    return reduce(evolve, events, state)


def effects(change: Change) -> Effects:
    """Says what servers, stores and clients must do about a change, besides folding it into the state."""
    return change.effects()


def _folded(state: SessionState, change: Change) -> SessionState:
    return replace(change.evolve(state), offset=state.offset + 1)


def _with_what_follows(state: SessionState, changes: Iterable[Change]) -> list[Change]:
    """The changes and, after them, what other features make of each; also of what follows itself."""
    every = list(changes)
    for change in every:
        for feature in FEATURES:
            if feature.follows is not None:
                every += feature.follows(state, change)
    return every


def _event(offset: int, now: int, operation: Operation, change: Change) -> Event:
    what = effects(change)
    # A newcomer gets their id with the event, and so cannot be named by the operation.
    by = what.admits or operation.by
    return Event(offset, now, by, operation.op_id, change, audience=what.audience, scrubs=what.scrubs)


def _changes(operation: Operation, situation: Situation) -> list[Change]:
    state, command = situation.state, operation.command
    if command.issuer is Issuer.SYSTEM:
        return command.decide_alone(situation)
    if state.is_over(situation.now):
        raise Rejected(ErrorCode.SESSION_NOT_FOUND, "This session does not exist or is over.")
    if command.issuer is Issuer.NEWCOMER:
        return command.decide_alone(situation)
    me = state.participants.get(operation.by) if operation.by is not None else None
    if me is None:
        raise Rejected(ErrorCode.UNAUTHORIZED, "You are not in this session any more.")
    permit(command, me)
    return command.decide(me, situation)
