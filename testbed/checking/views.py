"""What one member showed at each moment, folded from what came: positions, presence, and being joined at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cavalcade.domain.session import effects
from testbed.checking.history import Delivered, Joined, Lost, MemberHistory, Present, Shown

Span = tuple[int, int]
"""From one moment up to another."""


@dataclass(frozen=True, slots=True)
class Step:
    """From this moment on a member showed this; None is nothing."""

    at: int
    value: int | None


def shown(viewer: MemberHistory, participant: int) -> list[Step]:
    """The `fix_time` of somebody's position on a member's map, step by step."""
    steps = [Step(0, None)]

    def show(at: int, fix_time: int | None) -> None:
        if steps[-1].value != fix_time:
            steps.append(Step(at, fix_time))

    for record in viewer.records:
        match record:
            case Joined():
                position = record.positions.get(participant)
                show(record.at, None if position is None else position.fix_time)
            case Shown():
                position = record.positions.get(participant)
                if position is not None and position.fix_time >= (steps[-1].value or 0):
                    show(record.at, position.fix_time)
            case Delivered() if effects(record.event.change).withdraws == participant:
                show(record.at, None)
    return steps


def older_than(steps: Sequence[Step], fix_time: int, start: int, end: int) -> list[Span]:
    """When between two moments nothing, or something older than `fix_time`, was shown."""
    spans: list[Span] = []
    for step, until in _until_next(steps, end):
        began = max(step.at, start)
        if until > began and (step.value is None or step.value < fix_time):
            if spans and spans[-1][1] == began:
                spans[-1] = (spans[-1][0], until)
            else:
                spans.append((began, until))
    return spans


def _until_next(steps: Sequence[Step], end: int) -> Iterator[tuple[Step, int]]:
    for index, step in enumerate(steps):
        yield step, min(end, steps[index + 1].at) if index + 1 < len(steps) else end


def joined_spans(member: MemberHistory, end: int) -> list[Span]:
    """When a member had a joined channel."""
    spans: list[Span] = []
    since: int | None = None
    for record in member.records:
        if isinstance(record, Joined) and since is None:
            since = record.at
        elif isinstance(record, Lost) and since is not None:
            spans.append((since, record.at))
            since = None
    if since is not None:
        spans.append((since, end))
    return spans


def presence_spans(viewer: MemberHistory, participant: int, end: int) -> list[Span]:
    """When a member, being joined, showed somebody as connected."""
    spans: list[Span] = []
    since: int | None = None
    for record in viewer.records:
        is_shown = isinstance(record, Present) and participant in record.participants
        if since is None and is_shown:
            since = record.at
        elif since is not None and (isinstance(record, Lost) or (isinstance(record, Present) and not is_shown)):
            spans.append((since, record.at))
            since = None
    if since is not None:
        spans.append((since, end))
    return spans


def last_presence(viewer: MemberHistory) -> frozenset[int]:
    """Whom a member shows as connected at the end."""
    for record in reversed(viewer.records):
        if isinstance(record, Present):
            return record.participants
        if isinstance(record, Lost):
            break
    return frozenset()
