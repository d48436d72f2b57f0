"""What a fault was like for the people: how many lost their connection, and how long until all was as before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from testbed.checking import views
from testbed.checking.history import Cause, Joined, Lost, MemberHistory, SessionHistory
from testbed.checking.live import newest_of

NOTICED_MS: Final = 1_000
"""A position that comes later than this after it was reported is noticed: people are used to one a second."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a fault did.

    Attributes:
        members: How many were there.
        dropped: How many of them lost their connection, during the fault or after it.
        joined_ms: From the end of the fault until the last of them had joined again; 0 where all had before it ended.
        fresh_ms: From the end of the fault until everybody showed everybody's newest position; 0 likewise.
        repeated: How many operations had to be sent more than once.
        untouched: How many were in sessions in which nobody lost a connection.
        noticed: How many of those were shown somebody's position late all the same.
        latest_ms: The longest that anybody was not shown a position after it was reported.
        answered_ms: The longest that an operation was without an answer.
    """

    members: int
    dropped: int
    joined_ms: int
    fresh_ms: int
    repeated: int
    untouched: int
    noticed: int
    latest_ms: int
    answered_ms: int


def recovery(histories: Iterable[SessionHistory], cause: Cause, end: int) -> Recovery:
    """Measures one fault, after which there was no other until `end`.

    Args:
        histories: Of the sessions that were there.
        cause: The fault.
        end: The moment at which the histories end.
    """
    sessions = [[m for m in history.members if _first_joined(m) < cause.began] for history in histories]
    members = [member for session in sessions for member in session]
    asks = [
        ask for member in members for ask in member.asks if ask.answered_at is None or ask.answered_at >= cause.began
    ]
    staying = [_staying(session) for session in sessions]
    untouched = [session for session in staying if not any(_is_dropped(member, cause) for member in session)]
    late = {id(viewer): _latest_ms(viewer, session, cause, end) for session in staying for viewer in session}
    return Recovery(
        members=len(members),
        dropped=sum(_is_dropped(member, cause) for session in staying for member in session),
        joined_ms=max((_joined_ms(member, cause, end) for session in staying for member in session), default=0),
        fresh_ms=max((_fresh_ms(session, cause, end) for session in staying), default=0),
        repeated=sum(ask.times > 1 for ask in asks),
        untouched=sum(map(len, untouched)),
        noticed=sum(late[id(viewer)] > NOTICED_MS for session in untouched for viewer in session),
        latest_ms=max(late.values(), default=0),
        answered_ms=max((min(ask.answered_at or end, end) - ask.at for ask in asks), default=0),
    )


def _is_dropped(member: MemberHistory, cause: Cause) -> bool:
    return any(isinstance(record, Lost) and record.at >= cause.began for record in member.records)


def _latest_ms(viewer: MemberHistory, session: Sequence[MemberHistory], cause: Cause, end: int) -> int:
    """The longest that somebody was not shown what the others reported from the fault's beginning on.

    Those who pause sharing are left out: what they report just before it is rightly never shown.
    """
    longest = 0
    for other in session:
        if any(ask.operation == "sharing:set" for ask in other.asks):
            continue
        steps = views.shown(viewer, other.participant)
        place = 0
        for report in other.reports:
            while place < len(steps) and (steps[place].value or 0) < report.position.fix_time:
                place += 1
            seen = steps[place].at if place < len(steps) else end
            if report.at >= cause.began:
                longest = max(longest, seen - report.at)
    return longest


def _first_joined(member: MemberHistory) -> int:
    return next((record.at for record in member.records if isinstance(record, Joined)), 1 << 62)


def _staying(members: Iterable[MemberHistory]) -> list[MemberHistory]:
    return [member for member in members if not any(ask.operation == "leave" for ask in member.asks)]


def _joined_ms(member: MemberHistory, cause: Cause, end: int) -> int:
    spans = views.joined_spans(member, end)
    return max((began - cause.ended for began, _ in spans if began > cause.ended), default=0)


def _fresh_ms(members: Sequence[MemberHistory], cause: Cause, end: int) -> int:
    longest = 0
    for other in members:
        newest, until = newest_of(other, cause.ended)
        if newest is not None:
            for viewer in members:
                steps = views.shown(viewer, other.participant)
                late = views.older_than(steps, newest.fix_time, cause.ended, min(until, end))
                longest = max([longest, *(stop - cause.ended for _, stop in late)])
    return longest
