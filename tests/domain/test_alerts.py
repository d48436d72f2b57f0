"""Alerts: about whom, by whom, and that many who judge the same tell it once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.events import read_by
from cavalcade.domain.features.alerts import (
    MOST,
    MOST_OF_ONE,
    Alert,
    AlertAnswer,
    AlertAnswered,
    AlertKind,
    AlertRaised,
    AnswerAlert,
    RaiseAlert,
    RecentAlerts,
    recent,
)
from cavalcade.domain.model import Limits, SessionState
from tests.domain.strategies import NOW, session_with
from tests.domain.test_session import HOST, MEMBER, VIEWER, asked, done, refused

GROUP = session_with(HOST, MEMBER, MEMBER, VIEWER)
SILENT = NOW - Limits().silent_s * 1000
"""Since when somebody was away for long enough."""

FIVE_MINUTES = 300_000


def about(who: int, kind: AlertKind = AlertKind.NO_NEWS, seen_at: int | None = SILENT) -> RaiseAlert:
    return RaiseAlert(kind, who, seen_at)


def test_says_what_about_whom_and_who_judged_it() -> None:
    (event,) = asked(GROUP, 1, about(2))
    assert event.change == AlertRaised(AlertKind.NO_NEWS, 2, 1, NOW)
    (event,) = asked(GROUP, 3, RaiseAlert(AlertKind.STOPPED))
    assert event.change == AlertRaised(AlertKind.STOPPED, 3, 3, NOW)


def test_the_same_within_five_minutes_is_one_whoever_judges_it() -> None:
    state = done(GROUP, 1, about(2))
    for who, command, now in ((3, about(2), NOW), (1, about(2), NOW + FIVE_MINUTES - 1)):
        assert asked(state, who, command, now) == []
        assert command.names(who, state) == state.offset
    assert len(asked(state, 3, about(2), NOW + FIVE_MINUTES)) == 1
    assert len(asked(state, 1, about(3))) == 1
    assert len(asked(state, 1, about(2, AlertKind.STRAGGLER))) == 1


def test_what_somebody_says_of_themselves_is_the_same_alert() -> None:
    state = done(GROUP, 1, about(2, AlertKind.STOPPED))
    assert asked(state, 2, RaiseAlert(AlertKind.STOPPED)) == []
    assert RaiseAlert(AlertKind.STOPPED).names(2, state) == state.offset


@pytest.mark.parametrize("seen_at", [NOW, SILENT + 1])
def test_nobody_who_is_there_is_told_of_by_others(seen_at: int) -> None:
    assert refused(GROUP, 1, about(2, AlertKind.STOPPED, seen_at)).code is ErrorCode.FORBIDDEN


def test_who_was_never_connected_is_silent_since_they_joined() -> None:
    state = session_with(HOST, MEMBER)
    assert refused(state, 1, about(2, seen_at=None), NOW + 60_999).code is ErrorCode.FORBIDDEN
    assert asked(state, 1, about(2, seen_at=None), NOW + 61_000)


def test_who_goes_stands_with_the_alert_until_they_take_it_back() -> None:
    def going(state: SessionState) -> list[tuple[int, ...]]:
        return [one.going for one in state.features.of(RecentAlerts).recent]

    state = done(done(GROUP, 3, RaiseAlert(AlertKind.STOPPED)), 2, RaiseAlert(AlertKind.STOPPED))
    first, second = (one.alert for one in state.features.of(RecentAlerts).recent)
    assert asked(state, 1, AnswerAlert(first)) == []
    (event,) = asked(state, 2, AnswerAlert(first, AlertAnswer.GOING))
    assert event.change == AlertAnswered(first, 2, AlertAnswer.GOING)
    assert read_by([event], 4, GROUP) == [event.without_content()]
    state = done(done(state, 2, AnswerAlert(first, AlertAnswer.GOING)), 1, AnswerAlert(first, AlertAnswer.GOING))
    assert going(state) == [(2, 1), ()]
    assert asked(state, 1, AnswerAlert(first, AlertAnswer.GOING)) == []
    assert asked(state, 3, RaiseAlert(AlertKind.STOPPED)) == []  # the same alert, and who goes stays
    assert going(done(state, 2, AnswerAlert(first))) == [(1,), ()]
    assert refused(state, 3, AnswerAlert(first, AlertAnswer.GOING)).code is ErrorCode.FORBIDDEN
    assert refused(state, 4, AnswerAlert(second, AlertAnswer.GOING)).code is ErrorCode.FORBIDDEN
    for unknown in (1, second + 1):
        assert [error.pointer for error in refused(state, 1, AnswerAlert(unknown)).errors] == ["/alert"]


def test_nobody_is_silent_who_says_so() -> None:
    for command in (RaiseAlert(AlertKind.NO_NEWS), about(1)):
        assert [error.pointer for error in refused(GROUP, 1, command).errors] == ["/participant"]


def test_viewers_raise_none_and_none_is_about_them_and_they_learn_of_none() -> None:
    assert refused(GROUP, 4, about(2)).code is ErrorCode.FORBIDDEN
    for who in (4, 9):
        assert [error.pointer for error in refused(GROUP, 1, about(who)).errors] == ["/participant"]
    (event,) = asked(GROUP, 1, about(2))
    assert read_by([event], 4, GROUP) == [event.without_content()]


def test_one_participant_and_all_together_are_bounded_for_a_while() -> None:
    state = session_with(HOST, *[MEMBER] * 30, limits=Limits())
    for who in range(2, 2 + MOST_OF_ONE):
        state = done(state, 1, about(who))
    wrong = refused(state, 1, about(30), NOW + 10)
    assert (wrong.code, wrong.retry, wrong.retry_after_s) == (ErrorCode.TOO_MANY_REQUESTS, True, 300)
    assert asked(state, 2, about(30), NOW + 10)
    assert asked(state, 1, about(30), NOW + FIVE_MINUTES)
    others = tuple(Alert(40 + who, AlertKind.STOPPED, who, who, NOW) for who in range(100, 100 + MOST - MOST_OF_ONE))
    features = state.features.put(RecentAlerts((*recent(state, NOW), *others)))
    assert refused(replace(state, features=features), 2, about(30), NOW + 10).retry


def test_what_is_too_old_to_be_the_same_is_forgotten() -> None:
    state = done(done(GROUP, 1, about(2)), 1, about(3), NOW + FIVE_MINUTES)
    assert [one.participant for one in state.features.of(RecentAlerts).recent] == [3]
