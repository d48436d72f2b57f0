"""What is due in a session: it happens once, by the system, and never before its time."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.model import Role
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import Elapse, decide, next_at, replay
from tests import notes
from tests.domain.strategies import LIMITS, NOW, History, histories, session_with


@pytest.fixture(autouse=True)
def _notes() -> Iterator[None]:
    with notes.registered():
        yield


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(more=notes.commands()))
def test_what_is_due_happens_once_and_not_before_its_time(history: History) -> None:
    for step in history.steps:
        at = next_at(step.after)
        if at is None or step.after.is_over(at):
            continue
        assert decide(step.after, Operation(None, Elapse()), at - 1, LIMITS) == []
        events = decide(step.after, Operation(None, Elapse()), at, LIMITS)
        assert events
        assert {event.by for event in events} == {None}
        later = next_at(replay(step.after, events))
        assert later is None or later > at


def test_what_became_due_at_different_times_happens_together() -> None:
    state = session_with(Role.HOST)
    for seconds in (5, 9, 60):
        state = replay(state, decide(state, Operation(1, notes.WriteNote("x", seconds)), NOW, LIMITS))
    assert next_at(state) == NOW + 5_000
    events = decide(state, Operation(None, Elapse()), NOW + 9_000, LIMITS)
    assert [event.change for event in events] == [notes.NoteErased(2), notes.NoteErased(3)]
    assert next_at(replay(state, events)) == NOW + 60_000


def test_nothing_is_due_once_it_is_over() -> None:
    state = session_with(Role.HOST)
    state = replay(state, decide(state, Operation(1, notes.WriteNote("x", 5)), NOW, LIMITS))
    ended = replay(state, decide(state, Operation(1, EndSession()), NOW, LIMITS))
    assert next_at(ended) is None
    assert decide(ended, Operation(None, Elapse()), NOW + 9_000, LIMITS) == []
    assert decide(state, Operation(None, Elapse()), state.session.expires_at, LIMITS) == []
