"""The rules for what passes: positions and presence, soon after a fault has ended and at the end."""

from collections.abc import Iterator, Sequence
from typing import Final

from cavalcade.domain.fix import Position
from testbed.checking import views
from testbed.checking.findings import Finding, Rule, Run
from testbed.checking.history import Joined, MemberHistory, Shown

FRESH_MS: Final = 5_000
"""How long after its end a fault may keep somebody's newest position from somebody."""

GHOST_MS: Final = 15_000
"""How long somebody who is gone may be shown as connected."""

_NEVER: Final = 1 << 62


def shown(run: Run, who: int, known: int, record: Joined | Shown) -> Iterator[Finding]:
    """Positions that came to somebody who knows the session up to an offset."""
    state = run.states[min(known, len(run.states) - 1)]
    for other, position in record.positions.items():
        person = state.participants.get(other)
        reported_at = run.reported.get(other, {}).get(position)
        if person is None and other >= state.next_participant:
            continue  # the event that brings them in is still to come
        if person is None or not person.sharing:
            yield Finding(Rule.WITHDRAWN, who, f"participant {other}, who has left or paused", record.at)
        elif reported_at is None:
            yield Finding(Rule.FOREIGN, who, f"a position of participant {other} that they did not report", record.at)
        elif reported_at < run.withdrawn_before(other, known):
            yield Finding(Rule.WITHDRAWN, who, f"participant {other}, from before a pause", record.at)


def positions(run: Run, viewer: MemberHistory, other: MemberHistory) -> Iterator[Finding]:
    """Whether a member shows somebody's newest position: from a while after each fault on, and at the end exactly."""
    if not (run.stays(viewer) and run.stays(other)):
        return
    joined_at = next((record.at for record in viewer.records if isinstance(record, Joined)), run.end)
    steps = views.shown(viewer, other.participant)
    for index, cause in enumerate(run.causes):
        newest, until = newest_of(other, cause.ended)
        if newest is None:
            continue
        following = run.causes[index + 1 :]
        until = min([until, run.end, *(later.began for later in following)])
        start = max(cause.ended + FRESH_MS, joined_at)
        for began, ended in views.older_than(steps, newest.fix_time, start, until):
            detail = f"participant {other.participant}, for {ended - began} ms longer than allowed"
            yield Finding(Rule.STALE, viewer.participant, detail, began)
    newest, _ = newest_of(other, run.end)
    value = steps[-1].value
    if value != (None if newest is None else newest.fix_time):
        yield Finding(Rule.STALE, viewer.participant, f"participant {other.participant}, at the end", run.end)


def newest_of(member: MemberHistory, moment: int) -> tuple[Position | None, int]:
    """The newest position that somebody shared at a moment, and when they asked to pause after that.

    A position from before a pause does not count any more, and while they pause there is none.
    """
    since, pauses, pauses_at = 0, False, _NEVER
    for ask in member.asks:
        if ask.operation != "sharing:set":
            continue
        on = ask.payload.get("on") is True
        if ask.at > moment:
            if not on:
                pauses_at = ask.at
                break
        elif not on:
            pauses = True
        elif pauses and ask.answered_at is not None:
            since, pauses = ask.answered_at, False
    newest = [report.position for report in member.reports if since <= report.at <= moment]
    return (newest[-1] if newest and not pauses else None), pauses_at


def presence(run: Run, viewer: MemberHistory) -> Iterator[Finding]:
    """Whether those who are shown as connected are, give or take the time that it takes to notice."""
    for other in run.history.members:
        away = list(_gaps(views.joined_spans(other, run.end), run.end))
        for began, ended in views.presence_spans(viewer, other.participant, run.end):
            for gone, back in away:
                until = min(ended, back)
                # While a fault is there, nobody can notice.
                faults = [min(c.ended, until) for c in run.causes if c.began < until and c.ended > gone]
                if until > began and until - max([gone, *faults]) > GHOST_MS:
                    detail = f"participant {other.participant} was gone since {gone}"
                    yield Finding(Rule.PRESENCE, viewer.participant, detail, until)
    if viewer.is_joined and run.stays(viewer):
        connected = {member.participant for member in run.history.members if member.is_joined}
        wrong = sorted(connected ^ views.last_presence(viewer))
        if wrong:
            yield Finding(Rule.PRESENCE, viewer.participant, f"wrong in the end about {wrong}", run.end)


def _gaps(spans: Sequence[views.Span], end: int) -> Iterator[views.Span]:
    """The times between and after spans."""
    for index, (_, ended) in enumerate(spans):
        following = spans[index + 1][0] if index + 1 < len(spans) else end
        if following > ended:
            yield ended, following
