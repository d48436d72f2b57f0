"""SOS: who raises one for whom, when it comes again, who ends it, and that nothing of it stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.audience import readable
from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.events import read_by
from cavalcade.domain.features.membership import Join, Leave
from cavalcade.domain.features.sharing import SetSharing, SharingChanged
from cavalcade.domain.features.sos import (
    MAX_FOR_OTHERS,
    AnswerSos,
    ClearSos,
    RaiseSos,
    Sos,
    SosAnswer,
    SosAnswered,
    SosCleared,
    SosEnd,
    SosEscalated,
    SosKind,
    SosRaised,
    SosReason,
    standing,
)
from cavalcade.domain.model import Limits, Role, SessionState
from cavalcade.domain.session import Elapse, effects, next_at, replay
from tests.domain.strategies import LIMITS, NOW, History, histories, session_with
from tests.domain.test_session import HOST, MEMBER, VIEWER, asked, done, refused

AGAIN, CALL = NOW + 60_000, NOW + 120_000
"""When what was raised `NOW` comes again, and when the group is told to call: 60 s and 120 s later."""

GROUP = session_with(HOST, MEMBER, MEMBER, VIEWER)
HELP = RaiseSos(SosKind.INJURED, 47.66, 9.18)


def raised(by: int = 2, command: RaiseSos = HELP, state: SessionState = GROUP) -> SessionState:
    return done(state, by, command)


def only(state: SessionState) -> Sos:
    (sos,) = standing(state)
    return sos


def passes(state: SessionState, until: int) -> tuple[SessionState, list[int]]:
    """The state after the system has looked at each moment at which something was due, and the stages reached."""
    stages = []
    while (at := next_at(state)) is not None and at <= until:
        events = asked(state, None, Elapse(), at)
        stages += [event.change.stage for event in events if isinstance(event.change, SosEscalated)]
        state = replay(state, events)
    return state, stages


class TestRaising:
    def test_says_who_where_and_when(self) -> None:
        state = raised()
        assert only(state) == Sos(
            sos=state.offset,
            participant=2,
            by=2,
            kind=SosKind.INJURED,
            lat=47.66,
            lon=9.18,
            at=NOW,
            again_at=AGAIN,
            call_at=CALL,
        )

    def test_two_people_can_both_be_raised_for(self) -> None:
        state = raised(1, replace(HELP, participant=3), raised(2))
        assert [sos.participant for sos in standing(state)] == [2, 3]
        assert {sos.by for sos in standing(state)} == {1, 2}

    def test_three_witnesses_of_one_are_one(self) -> None:
        state = raised(1, replace(HELP, participant=3))
        for witness, command in ((2, replace(HELP, participant=3)), (3, HELP), (1, replace(HELP, participant=3))):
            assert asked(state, witness, command, NOW + 59_999) == []
            assert command.names(witness, state) == only(state).sos

    def test_a_minute_later_it_takes_the_place_of_the_earlier_one(self) -> None:
        first = raised()
        (event,) = asked(first, 1, replace(HELP, participant=2, kind=SosKind.LOST), NOW + 60_000)
        assert isinstance(event.change, SosRaised)
        assert event.scrubs == (only(first).sos,)
        second = only(replay(first, [event]))
        assert (second.sos, second.kind, second.stage) == (event.offset, SosKind.LOST, 0)

    def test_a_clock_that_was_ahead_keeps_nobody_from_raising_one(self) -> None:
        state = done(GROUP, 2, HELP, NOW + 3_600_000)
        assert len(asked(state, 2, HELP, NOW)) == 1

    def test_after_its_end_another_one_can_be_raised_at_once(self) -> None:
        state = raised()
        state = done(state, 2, ClearSos(only(state).sos, SosReason.FALSE_ALARM), NOW + 1)
        assert len(standing(done(state, 2, HELP, NOW + 2))) == 1

    def test_ones_own_starts_sharing_and_the_event_of_the_sos_comes_last(self) -> None:
        paused = done(GROUP, 2, SetSharing(on=False))
        sharing, sos = asked(paused, 2, HELP)
        assert sharing.change == SharingChanged(2, on=True)
        assert isinstance(sos.change, SosRaised)
        assert [event.change.type for event in asked(paused, 1, replace(HELP, participant=2))] == ["sos_raised"]

    def test_starts_sharing_also_where_somebody_was_faster(self) -> None:
        state = raised(1, replace(HELP, participant=2), done(GROUP, 2, SetSharing(on=False)))
        assert [event.change for event in asked(state, 2, HELP)] == [SharingChanged(2, on=True)]

    @pytest.mark.parametrize(("lat", "lon"), [(None, None), (47.0, None), (None, 9.0), (0.0, 0.0)])
    def test_is_not_refused_for_a_place_that_nobody_knows(self, lat: float | None, lon: float | None) -> None:
        sos = only(raised(2, RaiseSos(SosKind.LOST, lat, lon)))
        assert (sos.lat, sos.lon) == (None, None)

    def test_says_where_as_exactly_as_positions_do(self) -> None:
        sos = only(raised(2, RaiseSos(SosKind.LOST, 47.123456789, -9.987654321)))
        assert (sos.lat, sos.lon) == (47.1234568, -9.9876543)

    def test_viewers_raise_none_and_none_is_raised_for_them(self) -> None:
        assert refused(GROUP, 4, HELP).code is ErrorCode.FORBIDDEN
        assert [error.pointer for error in refused(GROUP, 1, replace(HELP, participant=4)).errors] == ["/participant"]
        assert [error.pointer for error in refused(GROUP, 1, replace(HELP, participant=9)).errors] == ["/participant"]

    def test_many_for_others_are_refused_for_a_while_but_never_ones_own(self) -> None:
        limits = Limits()
        state = session_with(HOST, *[MEMBER] * (MAX_FOR_OTHERS + 2), limits=limits)
        for who in range(2, MAX_FOR_OTHERS + 2):
            state = done(state, 1, replace(HELP, participant=who), limits=limits)
        last = MAX_FOR_OTHERS + 2
        assert refused(state, 1, replace(HELP, participant=last)).retry
        assert len(standing(done(state, last, HELP))) == MAX_FOR_OTHERS + 1


class TestEscalating:
    def test_comes_again_after_a_minute_and_says_to_call_after_two(self) -> None:
        assert passes(raised(), AGAIN - 1)[1] == []
        assert passes(raised(), AGAIN)[1] == [1]
        assert passes(raised(), CALL - 1)[1] == [1]
        state, stages = passes(raised(), CALL + 86_400_000)
        assert (stages, only(state).stage) == ([1, 2], 2)

    def test_says_only_the_last_where_nobody_looked_for_so_long(self) -> None:
        (event,) = asked(raised(), None, Elapse(), CALL)
        assert event.change == SosEscalated(only(raised()).sos, 2)

    @pytest.mark.parametrize(
        ("answers", "stages"),
        [
            ([(1, SosAnswer.GOING)], []),
            ([(1, SosAnswer.STAYING), (3, SosAnswer.GOING)], []),
            ([(1, SosAnswer.CALLING)], [1]),
            ([(1, SosAnswer.STAYING), (3, SosAnswer.STAYING)], [1, 2]),
            ([(1, SosAnswer.GOING), (1, SosAnswer.STAYING)], [1, 2]),
        ],
    )
    def test_goes_on_until_somebody_helps(self, answers: list[tuple[int, SosAnswer]], stages: list[int]) -> None:
        state = raised()
        for who, answer in answers:
            state = done(state, who, AnswerSos(only(state).sos, answer), NOW + 1)
        assert passes(state, CALL)[1] == stages

    def test_goes_on_where_the_one_who_was_going_leaves(self) -> None:
        state = raised()
        state = done(state, 3, AnswerSos(only(state).sos, SosAnswer.GOING))
        assert next_at(state) is None
        assert passes(done(state, 3, Leave()), CALL)[1] == [1, 2]

    def test_nothing_comes_after_the_end(self) -> None:
        state = raised()
        assert next_at(done(state, 2, ClearSos(only(state).sos, SosReason.SOLVED))) is None
        assert next_at(done(state, 2, Leave())) is None

    def test_each_of_several_has_its_own_time(self) -> None:
        state = done(raised(), 1, replace(HELP, participant=3), NOW + 30_000)
        assert passes(state, CALL + 30_000)[1] == [1, 1, 2, 2]


class TestAnswering:
    def test_the_newest_answer_of_each_counts(self) -> None:
        state = raised()
        sos = only(state).sos
        for who, answer in ((1, SosAnswer.STAYING), (3, SosAnswer.CALLING), (1, SosAnswer.GOING)):
            state = done(state, who, AnswerSos(sos, answer))
        assert only(state).answers == {"1": SosAnswer.GOING, "3": SosAnswer.CALLING}
        assert asked(state, 1, AnswerSos(sos, SosAnswer.GOING)) == []

    def test_is_for_the_others(self) -> None:
        state = raised(1, replace(HELP, participant=2))
        going = AnswerSos(only(state).sos, SosAnswer.GOING)
        assert refused(state, 2, going).code is ErrorCode.FORBIDDEN
        assert refused(state, 4, going).code is ErrorCode.FORBIDDEN
        assert asked(state, 1, going)

    def test_names_the_field_where_it_is_not_open(self) -> None:
        assert [error.pointer for error in refused(GROUP, 1, AnswerSos(1, SosAnswer.GOING)).errors] == ["/sos"]


class TestEnding:
    @pytest.mark.parametrize("who", [1, 2, 3])
    def test_by_the_person_who_raised_it_and_the_host(self, who: int) -> None:
        state = raised(3, replace(HELP, participant=2))
        (event,) = asked(state, who, ClearSos(only(state).sos, SosReason.SOLVED))
        assert event.change == SosCleared(only(state).sos, SosEnd.SOLVED)
        assert standing(replay(state, [event])) == ()

    def test_not_by_others(self) -> None:
        state = raised()
        assert refused(state, 3, ClearSos(only(state).sos, SosReason.SOLVED)).code is ErrorCode.FORBIDDEN

    def test_twice_is_once(self) -> None:
        state = raised()
        cleared = done(state, 2, ClearSos(only(state).sos, SosReason.SOLVED))
        assert asked(cleared, 3, ClearSos(only(state).sos, SosReason.FALSE_ALARM)) == []
        assert refused(cleared, 3, ClearSos(cleared.offset + 1, SosReason.SOLVED)).errors[0].pointer == "/sos"

    def test_with_the_one_who_leaves(self) -> None:
        state = raised()
        left, cleared = asked(state, 2, Leave())
        assert left.change.type == "participant_left"
        assert cleared.change == SosCleared(only(state).sos, SosEnd.LEFT)
        assert len(asked(state, 3, Leave())) == 1

    def test_scrubs_what_it_said(self) -> None:
        state = raised()
        (event,) = asked(state, 2, ClearSos(only(state).sos, SosReason.SOLVED))
        assert event.scrubs == (only(state).sos,)


def test_viewers_learn_nothing_of_it() -> None:
    state = raised()
    assert readable(state.features, 4, state).kept == {}
    assert readable(state.features, 3, state).kept.keys() == {"sos"}
    (event,) = asked(GROUP, 2, HELP)
    assert read_by([event], 4, state) == [event.without_content()]
    assert read_by([event], 3, state) == [event]
    for change in (SosEscalated(5, 1), SosAnswered(5, 1, SosAnswer.GOING), SosCleared(5, SosEnd.SOLVED)):
        assert effects(change).audience == "members"


def sos_commands() -> st.SearchStrategy[RaiseSos | AnswerSos | ClearSos | Elapse]:
    """What people and the system do about SOS, of whom and which are not always there."""
    who, sos = st.none() | st.integers(1, 6), st.integers(1, 30)
    return st.one_of(
        st.builds(RaiseSos, st.sampled_from(SosKind), st.just(47.5), st.just(9.5), who),
        st.builds(AnswerSos, sos, st.sampled_from(SosAnswer)),
        st.builds(ClearSos, sos, st.sampled_from(SosReason)),
        st.just(Elapse()),
    )


@given(histories(more=sos_commands()))
def test_one_for_each_person_who_is_there_and_the_later_stages_once(history: History) -> None:
    stages: dict[int, list[int]] = {}
    for step in history.steps:
        open_for = [sos.participant for sos in standing(step.after)]
        assert len(open_for) == len(set(open_for))
        assert all(step.after.participants[who].role is not Role.VIEWER for who in open_for)
        for event in step.events:
            if isinstance(event.change, SosEscalated):
                stages.setdefault(event.change.sos, []).append(event.change.stage)
    assert all(reached in ([1], [2], [1, 2]) for reached in stages.values())


@given(histories(more=sos_commands()))
def test_what_scrubbed_events_said_is_not_missed(history: History) -> None:
    """Somebody who comes back later, and gets them without their content, knows the same as who heard all of it."""
    gone = {offset for event in history.events for offset in event.scrubs}
    later = [event.without_content() if event.offset in gone else event for event in history.events]
    assert replay(history.start, later) == replay(history.start, history.events)


def test_a_newcomer_learns_of_it() -> None:
    assert only(done(raised(), None, Join())).participant == 2
    assert LIMITS.sos_again_s == 60
