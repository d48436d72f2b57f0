"""The law that everything rests on: events applied to a stale snapshot equal a fresh snapshot."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event, UnknownChange
from cavalcade.domain.feature import Change
from cavalcade.domain.features.ending import SessionEnded
from cavalcade.domain.features.hosting import HostChanged
from cavalcade.domain.features.membership import ParticipantJoined, ParticipantLeft
from cavalcade.domain.features.more_time import AskTime
from cavalcade.domain.features.profile import ProfileChanged, SetProfile
from cavalcade.domain.features.settings import SetSession
from cavalcade.domain.features.sharing import SetSharing
from cavalcade.domain.model import Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import FEATURES, decide, evolve, replay
from cavalcade.wire import messages
from tests.domain.strategies import LIMITS, NOW, History, histories, session_with


def through_json(value: object) -> object:
    return json.loads(json.dumps(value))


def seen_by_client(state: SessionState) -> tuple[int, object]:
    return state.offset, through_json(messages.snapshot_to_dict(state))


def assert_law(start: SessionState, events: list[Event]) -> None:
    fresh = replay(start, events)
    state = start
    for passed in range(len(events) + 1):
        stale = messages.state_from_snapshot(*seen_by_client(state))
        missed = messages.events_from_list(through_json([messages.event_to_dict(e) for e in events[passed:]]))
        assert seen_by_client(replay(stale, missed)) == seen_by_client(fresh)
        if passed < len(events):
            state = evolve(state, events[passed])


@given(histories())
def test_later_events_on_any_stale_snapshot_give_the_fresh_one(history: History) -> None:
    assert_law(history.start, history.events)


@pytest.mark.parametrize(
    "change",
    [
        *(change for feature in FEATURES for change, _ in feature.happened),
        # Of somebody who is not there, or of who is host already.
        ParticipantLeft(77, "left"),
        ProfileChanged(77, "Ben", "BE", "#000000"),
        HostChanged(1),
        UnknownChange("poll_opened"),
    ],
    ids=lambda change: change.type,
)
def test_the_law_for_each_type_of_event(change: Change) -> None:
    start = session_with(Role.HOST, Role.MEMBER, Role.VIEWER)
    assert_law(start, [Event(start.offset + 1, NOW, 1, "op-1", change)])


@given(histories())
def test_offsets_have_no_holes(history: History) -> None:
    assert [event.offset for event in history.events] == list(range(1, len(history.events) + 1))


@given(histories())
def test_a_rejected_operation_changes_nothing_and_a_decision_mutates_nothing(history: History) -> None:
    for step in history.steps:
        before = copy.deepcopy(step.before)
        if step.rejected is not None:
            assert step.after == step.before
            assert step.rejected.code in {
                ErrorCode.SESSION_NOT_FOUND,
                ErrorCode.UNAUTHORIZED,
                ErrorCode.FORBIDDEN,
                ErrorCode.SESSION_FULL,
                ErrorCode.INVALID_REQUEST,
            }
        else:
            assert decide(step.before, step.operation, step.now, LIMITS) == step.events
        assert step.before == before


@given(histories())
def test_setting_what_is_set_already_gives_no_event(history: History) -> None:
    for step in history.steps:
        command = step.operation.command
        repeats = isinstance(command, SetProfile | SetSharing | AskTime) or (
            isinstance(command, SetSession) and command.extend_s is None
        )
        if repeats and step.rejected is None:
            assert decide(step.after, step.operation, step.now, LIMITS) == []


@given(histories())
def test_every_event_says_who_when_and_by_which_operation(history: History) -> None:
    for step in history.steps:
        for event in step.events:
            assert event.at == step.now
            assert event.op_id == step.operation.op_id
            if isinstance(event.change, ParticipantJoined):
                assert event.by == event.change.participant.id
            elif isinstance(event.change, SessionEnded) and event.change.reason == "expired":
                assert event.by is None
            else:
                assert event.by == step.operation.by


@given(histories())
def test_ids_are_never_used_again(history: History) -> None:
    given_ids = [e.change.participant.id for e in history.events if isinstance(e.change, ParticipantJoined)]
    assert given_ids == list(range(1, len(given_ids) + 1))


@given(histories())
def test_there_is_one_host_exactly_while_somebody_is_there_who_may_be(history: History) -> None:
    for step in history.steps:
        people = step.after.participants.values()
        hosts = [p for p in people if p.role is Role.HOST]
        assert len(hosts) == (1 if any(p.role is not Role.VIEWER for p in people) else 0)
        assert step.after.host == (hosts[0] if hosts else None)


@given(histories())
def test_the_bounds_hold_all_along(history: History) -> None:
    for step in history.steps:
        state = step.after
        assert len(state.participants) <= LIMITS.max_participants
        assert state.session.expires_at <= max(
            history.start.session.expires_at, step.now + LIMITS.max_lifetime_s * 1000
        )
        assert state.session.expires_at <= state.session.created_at + LIMITS.max_age_s * 1000
        for participant in state.participants.values():
            assert not (participant.role is Role.VIEWER and participant.sharing)
            assert participant.name
            assert participant.initials


@given(histories())
def test_nothing_happens_after_the_end_but_its_own_event(history: History) -> None:
    for step in history.steps:
        if step.before.is_over(step.now):
            assert all(isinstance(event.change, SessionEnded) for event in step.events)
        if step.before.ended is not None:
            assert step.events == []


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_an_event_out_of_order_is_not_folded(offset: int) -> None:
    state = session_with(Role.HOST, Role.MEMBER)
    assert state.offset == 2
    with pytest.raises(ValueError, match="does not follow"):
        evolve(state, Event(offset, NOW, None, None, SessionEnded("ended")))


def test_an_unknown_change_moves_the_offset_alone() -> None:
    state = session_with(Role.HOST)
    folded = evolve(state, Event(2, NOW, 1, None, UnknownChange("poll_opened")))
    assert folded.offset == 2
    assert seen_by_client(folded)[1] == seen_by_client(state)[1]


def test_an_operation_by_nobody_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        decide(session_with(Role.HOST), Operation(None, SetSharing(on=False)), NOW, LIMITS)
    assert refused.value.code is ErrorCode.UNAUTHORIZED
