"""What a fault was like for the people: how many lost their connection, and how long until all was as before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cavalcade.evaluation import views
from cavalcade.evaluation.history import Cause, Joined, Lost, MemberHistory, SessionHistory
from cavalcade.evaluation.live import newest_of


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a fault did.

    Attributes:
        members: How many were there.
        dropped: How many of them lost their connection, during the fault or after it.
        joined_ms: From the end of the fault until the last of them had joined again; 0 where all had before it ended.
        fresh_ms: From the end of the fault until everybody showed everybody's newest position; 0 likewise.
        repeated: How many operations had to be sent more than once.
    """

    members: int
    dropped: int
    joined_ms: int
    fresh_ms: int
    repeated: int


def recovery(histories: Iterable[SessionHistory], cause: Cause, end: int) -> Recovery:
    """Measures one fault, after which there was no other until `end`.

    Args:
        histories: Of the sessions that were there.
        cause: The fault.
        end: The moment at which the histories end.
    """
    sessions = [[m for m in history.members if _first_joined(m) < cause.began] for history in histories]
    members = [member for session in sessions for member in session]
    asks = [ask for member in members for ask in member.asks]
    return Recovery(
        members=len(members),
        dropped=sum(any(isinstance(r, Lost) and r.at >= cause.began for r in m.records) for m in _staying(members)),
        joined_ms=max((_joined_ms(member, cause, end) for member in _staying(members)), default=0),
        fresh_ms=max((_fresh_ms(_staying(session), cause, end) for session in sessions), default=0),
        repeated=sum(ask.times > 1 for ask in asks if ask.answered_at is None or ask.answered_at >= cause.began),
    )


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
