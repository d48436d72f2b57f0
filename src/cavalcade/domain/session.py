"""A session's rules: `decide` says what an operation leads to, `evolve` folds what happened into the state.

The law that everything rests on: events applied to a stale snapshot equal a fresh snapshot.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import reduce

from cavalcade.domain import names
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.events import (
    Change,
    Event,
    HostChanged,
    ParticipantJoined,
    ParticipantLeft,
    ProfileChanged,
    SessionChanged,
    SessionEnded,
    SharingChanged,
    TimeAsked,
    UnknownChange,
)
from cavalcade.domain.model import MAX_PARTICIPANT_ID, Limits, Participant, Role, Session, SessionState
from cavalcade.domain.operations import (
    AskTime,
    ClaimHost,
    EndSession,
    Expire,
    Join,
    Leave,
    Operation,
    SendFixes,
    SetProfile,
    SetSession,
    SetSharing,
    WishOfParticipant,
)

LEFT = "left"
ENDED = "ended"
EXPIRED = "expired"


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
    changes = _changes(state, operation, now, limits)
    return [
        Event(state.offset + place, now, _cause(operation, change), operation.op_id, change)
        for place, change in enumerate(changes, start=1)
    ]


def evolve(state: SessionState, event: Event) -> SessionState:
    """Folds one event into the state.

    Raises:
        ValueError: Where the event is not the next one; folding it would break the order of offsets.
    """
    if event.offset != state.offset + 1:
        raise ValueError(f"event {event.offset} does not follow offset {state.offset}")
    return replace(_evolve(state, event.change), offset=event.offset)


def replay(state: SessionState, events: Iterable[Event]) -> SessionState:
    """Folds events into the state, in order."""
    return reduce(evolve, events, state)


def withdrawn(change: Change) -> int | None:
    """Whose position must disappear everywhere with this change, if anyone's."""
    match change:
        case ParticipantLeft(participant=participant) | SharingChanged(participant=participant, on=False):
            return participant
        case _:
            return None


def _changes(state: SessionState, operation: Operation, now: int, limits: Limits) -> list[Change]:
    wish = operation.wish
    if isinstance(wish, Expire):
        due = state.ended is None and now >= state.session.expires_at
        return [SessionEnded(EXPIRED)] if due else []
    if state.is_over(now):
        raise Rejected(ErrorCode.SESSION_NOT_FOUND, "This session does not exist or is over.")
    if isinstance(wish, Join):
        return [_join(state, wish, now)]
    me = state.participants.get(operation.by) if operation.by is not None else None
    if me is None:
        raise Rejected(ErrorCode.UNAUTHORIZED, "You are not in this session any more.")
    return _changes_by(me, state, wish, now, limits)


def _changes_by(
    me: Participant, state: SessionState, wish: WishOfParticipant, now: int, limits: Limits
) -> list[Change]:
    match wish:
        case Leave():
            return _leave(state, me)
        case SetProfile():
            return _set_profile(me, wish)
        case SetSharing():
            return _set_sharing(me, wish)
        case ClaimHost():
            return _claim_host(state, me, wish, now, limits)
        case SetSession():
            return _set_session(state, me, wish, now, limits)
        case AskTime():
            return _ask_time(state, me)
        case EndSession():
            _require_host(me)
            return [SessionEnded(ENDED)]
        case SendFixes():
            if me.role is Role.VIEWER:
                raise Rejected(ErrorCode.FORBIDDEN, "A viewer sends no positions.")
            return []


def _cause(operation: Operation, change: Change) -> int | None:
    """Who caused a change: whoever joins gets their id with the event, and so cannot be named by the operation."""
    return change.participant.id if isinstance(change, ParticipantJoined) else operation.by


def _join(state: SessionState, wish: Join, now: int) -> Change:
    if len(state.participants) >= state.max_participants:
        raise Rejected(ErrorCode.SESSION_FULL, f"This session already has {state.max_participants} people in it.")
    participant = state.next_participant
    if participant > MAX_PARTICIPANT_ID:
        raise Rejected(ErrorCode.SESSION_FULL, "Too many people have come and gone in this session.")
    role = wish.role
    if role is not Role.VIEWER:
        role = Role.HOST if state.host is None else Role.MEMBER
    name = wish.name or names.default_participant_name(participant)
    return ParticipantJoined(
        Participant(
            id=participant,
            name=name,
            initials=names.initials(name),
            color=wish.color or names.default_color(participant),
            role=role,
            sharing=role is not Role.VIEWER,
            joined_at=now,
        )
    )


def _leave(state: SessionState, me: Participant) -> list[Change]:
    changes: list[Change] = [ParticipantLeft(me.id, LEFT)]
    if me.role is Role.HOST:
        members = [p for p in state.participants.values() if p.role is Role.MEMBER]
        if members:
            changes.append(HostChanged(min(members, key=lambda p: (p.joined_at, p.id)).id))
    return changes


def _set_profile(me: Participant, wish: SetProfile) -> list[Change]:
    name = me.name if wish.name is None else wish.name or names.default_participant_name(me.id)
    color = me.color if wish.color is None else wish.color
    if (name, color) == (me.name, me.color):
        return []
    return [ProfileChanged(me.id, name, names.initials(name), color)]


def _set_sharing(me: Participant, wish: SetSharing) -> list[Change]:
    if me.role is Role.VIEWER:
        raise Rejected(ErrorCode.FORBIDDEN, "A viewer shares no position.")
    return [] if me.sharing == wish.on else [SharingChanged(me.id, wish.on)]


def _claim_host(state: SessionState, me: Participant, wish: ClaimHost, now: int, limits: Limits) -> list[Change]:
    if me.role is Role.HOST:
        return []
    if me.role is Role.VIEWER:
        raise Rejected(ErrorCode.FORBIDDEN, "A viewer cannot become host.")
    host = state.host
    if host is not None:
        seen_at = host.joined_at if wish.host_seen_at is None else wish.host_seen_at
        if now - seen_at < limits.host_away_s * 1000:
            minutes = max(1, round(limits.host_away_s / 60))
            raise Rejected(ErrorCode.FORBIDDEN, f"The host must have been away for {minutes} minutes.")
    return [HostChanged(me.id)]


def _set_session(state: SessionState, me: Participant, wish: SetSession, now: int, limits: Limits) -> list[Change]:
    _require_host(me)
    session = state.session
    name = session.name if wish.name is None else wish.name or names.default_session_name(session.id)
    expires_at = session.expires_at
    time_asked_by = session.time_asked_by
    if wish.extend_s is not None:
        expires_at += wish.extend_s * 1000
        time_asked_by = None
        latest = min(now + limits.max_lifetime_s * 1000, session.created_at + limits.max_age_s * 1000)
        if expires_at > latest:
            room_s = max(0, (latest - session.expires_at) // 1000)
            detail = f"the session can be extended by at most {room_s} seconds now"
            raise Rejected(ErrorCode.INVALID_REQUEST, errors=(FieldError("/extend_s", detail),))
    changed = replace(session, name=name, expires_at=expires_at, time_asked_by=time_asked_by)
    return [] if changed == session else [SessionChanged(changed)]


def _ask_time(state: SessionState, me: Participant) -> list[Change]:
    # The host gives time rather than asks for it, and one question is as good as ten.
    if me.role is Role.HOST or state.session.time_asked_by is not None:
        return []
    return [TimeAsked(me.id)]


def _require_host(me: Participant) -> None:
    if me.role is not Role.HOST:
        raise Rejected(ErrorCode.FORBIDDEN, "Only the host may do this.")


def _evolve(state: SessionState, change: Change) -> SessionState:
    match change:
        case ParticipantJoined(participant=joined):
            people = {**state.participants, joined.id: joined}
            return replace(state, participants=people, next_participant=max(state.next_participant, joined.id + 1))
        case ParticipantLeft(participant=left):
            session = state.session
            if session.time_asked_by == left:
                session = replace(session, time_asked_by=None)
            people = {k: p for k, p in state.participants.items() if k != left}
            return replace(state, session=session, participants=people)
        case ProfileChanged(participant=who, name=name, initials=short, color=color):
            return _with(state, who, lambda p: replace(p, name=name, initials=short, color=color))
        case SharingChanged(participant=who, on=on):
            return _with(state, who, lambda p: replace(p, sharing=on))
        case HostChanged(participant=who):
            old = state.host
            demoted = state if old is None else _with(state, old.id, lambda p: replace(p, role=Role.MEMBER))
            return _with(demoted, who, lambda p: replace(p, role=Role.HOST))
        case SessionChanged(session=session):
            return replace(state, session=session)
        case TimeAsked(participant=who):
            return replace(state, session=replace(state.session, time_asked_by=who))
        case SessionEnded(reason=reason):
            return replace(state, ended=reason)
        case UnknownChange():
            return state


def _with(state: SessionState, participant: int, change: Callable[[Participant], Participant]) -> SessionState:
    old = state.participants.get(participant)
    if old is None:
        return state
    return replace(state, participants={**state.participants, participant: change(old)})
