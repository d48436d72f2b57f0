"""Statuses: whose they are, and who may say what of whom."""

from __future__ import annotations

import pytest

from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.features.membership import Leave
from cavalcade.domain.features.statuses import PersonStatus, SetStatus, Status, StatusChanged
from cavalcade.domain.model import SessionState
from cavalcade.domain.session import Elapse, next_at, replay
from tests.domain.strategies import NOW, session_with
from tests.domain.test_session import HOST, MEMBER, VIEWER, asked, done, refused


def status_of(state: SessionState, who: int) -> PersonStatus:
    return state.participants[who].features.of(PersonStatus)


@pytest.mark.parametrize("status", Status)
def test_stands_with_the_moment_since_when(status: Status) -> None:
    state = done(session_with(HOST, MEMBER), 2, SetStatus(status), NOW + 5)
    assert status_of(state, 2) == PersonStatus(status, NOW + 5)
    assert status_of(state, 1) == PersonStatus()
    assert status_of(done(state, 2, SetStatus()), 2) == PersonStatus()


def test_a_status_that_stands_is_not_set_again() -> None:
    state = done(session_with(HOST, MEMBER), 2, SetStatus(Status.FUEL))
    assert asked(state, 2, SetStatus(Status.FUEL), NOW + 60_000) == []
    assert asked(session_with(HOST, MEMBER), 2, SetStatus()) == []


def test_going_home_ends_after_four_hours_and_nothing_else_does() -> None:
    state = done(session_with(HOST, MEMBER, MEMBER), 2, SetStatus(Status.GOING_HOME))
    state = done(state, 1, SetStatus(Status.GOING_HOME, 3), NOW + 1)
    state = done(state, 1, SetStatus(Status.FUEL))
    assert next_at(state) == NOW + 4 * 3_600_000
    assert asked(state, None, Elapse(), NOW + 4 * 3_600_000 - 1) == []
    (event,) = asked(state, None, Elapse(), NOW + 4 * 3_600_000)
    assert (event.by, event.change) == (None, StatusChanged(2, None, NOW + 4 * 3_600_000))
    state = replay(state, [event])
    assert next_at(state) == NOW + 4 * 3_600_000 + 1
    assert next_at(done(state, 3, SetStatus(Status.READY), NOW + 2)) is None


def test_goes_with_the_one_who_leaves() -> None:
    state = done(done(session_with(HOST, MEMBER), 2, SetStatus(Status.READY)), 2, Leave())
    assert 2 not in state.participants


def test_a_host_says_of_others_only_that_they_are_going_home() -> None:
    state = session_with(HOST, MEMBER, MEMBER)
    home = done(state, 1, SetStatus(Status.GOING_HOME, 2))
    assert status_of(home, 2).status is Status.GOING_HOME
    assert status_of(done(home, 1, SetStatus(None, 2)), 2) == PersonStatus()
    assert refused(state, 1, SetStatus(Status.BREAK, 2)).code is ErrorCode.FORBIDDEN
    broken = done(state, 2, SetStatus(Status.PROBLEM))
    assert refused(broken, 1, SetStatus(None, 2)).code is ErrorCode.FORBIDDEN
    assert status_of(done(broken, 1, SetStatus(Status.GOING_HOME, 2)), 2).status is Status.GOING_HOME


def test_a_member_says_nothing_of_others_and_a_viewer_nothing_at_all() -> None:
    state = session_with(HOST, MEMBER, MEMBER, VIEWER)
    assert refused(state, 2, SetStatus(Status.GOING_HOME, 3)).code is ErrorCode.FORBIDDEN
    assert refused(state, 4, SetStatus(Status.READY)).code is ErrorCode.FORBIDDEN
    assert asked(state, 2, SetStatus(Status.READY, 2))


def test_names_the_field_where_somebody_is_not_there() -> None:
    wrong = refused(session_with(HOST, MEMBER), 1, SetStatus(Status.GOING_HOME, 9))
    assert [error.pointer for error in wrong.errors] == ["/participant"]
