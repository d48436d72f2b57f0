"""The rules of a session one by one: who may do what, until when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain import names
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.domain.events import Event
from cavalcade.domain.feature import Command
from cavalcade.domain.features.ending import EndSession, Expire, SessionEnded
from cavalcade.domain.features.fixes import SendFixes
from cavalcade.domain.features.hosting import ClaimHost, HostChanged
from cavalcade.domain.features.membership import Join, Leave, ParticipantJoined, ParticipantLeft
from cavalcade.domain.features.more_time import AskTime, TimeAsked
from cavalcade.domain.features.profile import ProfileChanged, SetProfile
from cavalcade.domain.features.settings import SessionChanged, SetSession
from cavalcade.domain.features.sharing import SetSharing, SharingChanged
from cavalcade.domain.fix import Fix
from cavalcade.domain.model import MAX_PARTICIPANT_ID, Limits, Role, SessionState
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, effects, found, replay
from tests.domain.strategies import LIMITS, NOW, cleaned_names, session_with

HOST, MEMBER, VIEWER = Role.HOST, Role.MEMBER, Role.VIEWER


def asked(
    state: SessionState, by: int | None, command: Command, now: int = NOW, limits: Limits = LIMITS
) -> list[Event]:
    return decide(state, Operation(by, command), now, limits)


def done(
    state: SessionState, by: int | None, command: Command, now: int = NOW, limits: Limits = LIMITS
) -> SessionState:
    return replay(state, asked(state, by, command, now, limits))


def refused(state: SessionState, by: int | None, command: Command, now: int = NOW, limits: Limits = LIMITS) -> Rejected:
    with pytest.raises(Rejected) as caught:
        decide(state, Operation(by, command), now, limits)
    return caught.value


class TestFound:
    @pytest.mark.parametrize(("lifetime_s", "seconds"), [(None, 8 * 3600), (300, 300), (7 * 86_400, 7 * 86_400)])
    def test_lives_as_long_as_asked_within_the_bounds(self, lifetime_s: int | None, seconds: int) -> None:
        session = found("abcdefghij", "Ride", lifetime_s, NOW, Limits()).session
        assert (session.created_at, session.expires_at) == (NOW, NOW + seconds * 1000)

    @pytest.mark.parametrize("lifetime_s", [-1, 0, 299, 7 * 86_400 + 1])
    def test_refuses_a_lifetime_out_of_bounds(self, lifetime_s: int) -> None:
        with pytest.raises(Rejected) as caught:
            found("abcdefghij", "Ride", lifetime_s, NOW, Limits())
        assert caught.value.code is ErrorCode.INVALID_REQUEST
        assert [error.pointer for error in caught.value.errors] == ["/lifetime_s"]

    @pytest.mark.parametrize("name", [None, ""])
    def test_takes_a_friendly_name_where_none_is_given(self, name: str | None) -> None:
        state = found("abcdefghij", name, None, NOW, Limits())
        assert state.session.name == names.default_session_name("abcdefghij")
        assert len(state.session.name.split()) == 2


class TestJoin:
    def test_the_first_member_becomes_host_and_a_viewer_never_does(self) -> None:
        state = session_with(VIEWER, MEMBER, MEMBER, VIEWER)
        assert [p.role for p in state.participants.values()] == [VIEWER, HOST, MEMBER, VIEWER]
        assert [p.sharing for p in state.participants.values()] == [False, True, True, False]

    def test_nobody_joins_as_a_second_host(self) -> None:
        (event,) = asked(session_with(HOST), None, Join(HOST))
        assert isinstance(event.change, ParticipantJoined)
        assert event.change.participant.role is MEMBER

    @pytest.mark.parametrize("name", [None, ""])
    def test_a_name_and_a_colour_left_out_become_defaults(self, name: str | None) -> None:
        joined = done(session_with(HOST), None, Join(MEMBER, name), NOW + 5).participants[2]
        assert (joined.name, joined.initials, joined.color) == ("Traveller 2", "T2", names.PALETTE[1])
        assert joined.joined_at == NOW + 5

    def test_a_full_session_lets_nobody_in_until_somebody_leaves(self) -> None:
        state = session_with(HOST, MEMBER, VIEWER, MEMBER, MEMBER)
        assert refused(state, None, Join(MEMBER)).code is ErrorCode.SESSION_FULL
        assert refused(state, None, Join(VIEWER)).code is ErrorCode.SESSION_FULL
        assert list(done(done(state, 3, Leave()), None, Join(MEMBER)).participants) == [1, 2, 4, 5, 6]

    def test_viewers_leave_half_of_the_places_to_members(self) -> None:
        state = session_with(HOST, VIEWER, VIEWER)  # of five
        assert refused(state, None, Join(VIEWER)).code is ErrorCode.SESSION_FULL
        full = done(done(state, None, Join(MEMBER)), None, Join(MEMBER))
        assert len(full.participants) == 5
        assert len(done(done(state, 2, Leave()), None, Join(VIEWER)).participants) == 3

    def test_ids_stay_within_what_packed_positions_can_carry(self) -> None:
        state = replace(session_with(HOST), next_participant=MAX_PARTICIPANT_ID)
        state = done(state, None, Join(MEMBER))
        assert MAX_PARTICIPANT_ID in state.participants
        assert refused(state, None, Join(MEMBER)).code is ErrorCode.SESSION_FULL


class TestLeave:
    def test_a_member_goes_for_good(self) -> None:
        state = session_with(HOST, MEMBER)
        assert [e.change for e in asked(state, 2, Leave())] == [ParticipantLeft(2, "left")]
        assert refused(done(state, 2, Leave()), 2, Leave()).code is ErrorCode.UNAUTHORIZED

    def test_the_longest_present_member_follows_the_host(self) -> None:
        state = session_with(HOST, VIEWER, MEMBER, MEMBER)
        changes = [e.change for e in asked(state, 1, Leave())]
        assert changes == [ParticipantLeft(1, "left"), HostChanged(3)]

    def test_who_joined_in_the_same_millisecond_follows_by_id(self) -> None:
        state = session_with(HOST, MEMBER, MEMBER)
        same = {k: replace(p, joined_at=NOW) for k, p in reversed(list(state.participants.items()))}
        assert asked(replace(state, participants=same), 1, Leave())[-1].change == HostChanged(2)

    def test_where_no_member_is_there_the_next_to_join_is_host(self) -> None:
        state = done(session_with(HOST, VIEWER), 1, Leave())
        assert state.host is None
        state = done(done(state, None, Join(VIEWER)), None, Join(MEMBER))
        assert state.host == state.participants[4]

    def test_a_host_who_leaves_and_comes_back_is_a_member(self) -> None:
        state = done(done(session_with(HOST, MEMBER), 1, Leave()), None, Join(MEMBER))
        assert [p.role for p in state.participants.values()] == [HOST, MEMBER]


class TestProfile:
    def test_sets_what_is_given_and_leaves_the_rest(self) -> None:
        state = session_with(HOST)
        color = state.participants[1].color
        assert asked(state, 1, SetProfile("Anna Berg"))[0].change == ProfileChanged(1, "Anna Berg", "AB", color)
        assert asked(state, 1, SetProfile(color="#123456"))[0].change == ProfileChanged(1, "Rider 1", "R1", "#123456")

    def test_an_empty_name_takes_the_default_again(self) -> None:
        (event,) = asked(session_with(HOST), 1, SetProfile(""))
        assert isinstance(event.change, ProfileChanged)
        assert event.change.name == "Traveller 1"

    def test_nothing_given_changes_nothing(self) -> None:
        assert asked(session_with(HOST), 1, SetProfile()) == []

    def test_a_viewer_may_be_called_something(self) -> None:
        assert asked(session_with(HOST, VIEWER), 2, SetProfile("Mum")) != []

    @given(cleaned_names())
    def test_any_cleaned_name_is_taken_once(self, name: str) -> None:
        state = done(session_with(HOST), 1, SetProfile(name))
        assert asked(state, 1, SetProfile(name)) == []
        assert state.participants[1].name


class TestSharing:
    def test_a_pause_withdraws_the_position_and_resuming_does_not(self) -> None:
        state = session_with(HOST, MEMBER)
        (paused,) = asked(state, 2, SetSharing(on=False))
        assert effects(paused.change).withdraws == 2
        state = replay(state, [paused])
        assert not state.participants[2].sharing
        assert asked(state, 2, SetSharing(on=False)) == []
        (resumed,) = asked(state, 2, SetSharing(on=True))
        assert effects(resumed.change).withdraws is None

    def test_leaving_withdraws_the_position_and_nothing_else_does(self) -> None:
        assert effects(ParticipantLeft(3, "left")).withdraws == 3
        state = session_with(HOST, MEMBER)
        others = (SessionEnded("ended"), HostChanged(2), SessionChanged(state.session), SharingChanged(2, on=True))
        assert [effects(change).withdraws for change in others] == [None] * 4

    def test_a_viewer_has_nothing_to_share(self) -> None:
        state = session_with(HOST, VIEWER)
        for command in (SetSharing(on=True), SetSharing(on=False), SendFixes((Fix(1, 2),))):
            assert refused(state, 2, command).code is ErrorCode.FORBIDDEN

    def test_fixes_kept_offline_make_no_event(self) -> None:
        assert asked(session_with(HOST), 1, SendFixes((Fix(1, 2),))) == []


class TestAskTime:
    @pytest.mark.parametrize("who", [2, 3])
    def test_one_question_stands_until_the_host_extends(self, who: int) -> None:
        state = done(session_with(HOST, MEMBER, VIEWER), who, AskTime())
        assert state.session.time_asked_by == who
        assert asked(state, 2, AskTime()) == asked(state, 3, AskTime()) == []
        state = done(state, 1, SetSession("Other name"))
        assert state.session.time_asked_by == who
        state = done(state, 1, SetSession(extend_s=60))
        assert state.session.time_asked_by is None
        assert [event.change for event in asked(state, 2, AskTime())] == [TimeAsked(2)]

    def test_the_question_leaves_with_its_asker(self) -> None:
        state = done(session_with(HOST, MEMBER, VIEWER), 2, AskTime())
        assert done(state, 3, Leave()).session.time_asked_by == 2
        state = done(state, 2, Leave())
        assert state.session.time_asked_by is None
        assert [event.change for event in asked(state, 3, AskTime())] == [TimeAsked(3)]

    def test_the_host_has_nobody_to_ask(self) -> None:
        assert asked(session_with(HOST, MEMBER), 1, AskTime()) == []


class TestClaimHost:
    AWAY_MS = LIMITS.host_away_s * 1000

    def test_only_after_the_host_was_away_long_enough(self) -> None:
        state = session_with(HOST, MEMBER)
        seen = NOW + 5_000
        assert refused(state, 2, ClaimHost(seen), seen + self.AWAY_MS - 1).code is ErrorCode.FORBIDDEN
        assert asked(state, 2, ClaimHost(seen), seen + self.AWAY_MS)[0].change == HostChanged(2)

    def test_a_host_never_seen_is_away_since_joining(self) -> None:
        state = session_with(HOST, MEMBER)
        assert refused(state, 2, ClaimHost(None), NOW + self.AWAY_MS - 1).code is ErrorCode.FORBIDDEN
        assert asked(state, 2, ClaimHost(None), NOW + self.AWAY_MS) != []

    def test_a_host_seen_just_now_or_by_a_fast_clock_keeps_the_place(self) -> None:
        state = session_with(HOST, MEMBER)
        for seen in (NOW + 10 * self.AWAY_MS, NOW + 11 * self.AWAY_MS):
            assert refused(state, 2, ClaimHost(seen), NOW + 10 * self.AWAY_MS).code is ErrorCode.FORBIDDEN

    def test_the_old_host_is_a_member_then(self) -> None:
        state = done(session_with(HOST, MEMBER), 2, ClaimHost(NOW), NOW + self.AWAY_MS)
        assert [p.role for p in state.participants.values()] == [MEMBER, HOST]

    def test_the_host_has_it_already_and_a_viewer_cannot(self) -> None:
        state = session_with(HOST, VIEWER)
        assert asked(state, 1, ClaimHost(NOW)) == []
        assert refused(state, 2, ClaimHost(NOW), NOW + self.AWAY_MS).code is ErrorCode.FORBIDDEN


class TestSetSession:
    def test_the_host_alone(self) -> None:
        state = session_with(HOST, MEMBER, VIEWER)
        for by in (2, 3):
            assert refused(state, by, SetSession(name="Mine")).code is ErrorCode.FORBIDDEN
            assert refused(state, by, EndSession()).code is ErrorCode.FORBIDDEN

    def test_renames_and_extends_in_one_event(self) -> None:
        state = session_with(HOST)
        (event,) = asked(state, 1, SetSession("Tour", 60))
        assert isinstance(event.change, SessionChanged)
        assert event.change.session == replace(state.session, name="Tour", expires_at=state.session.expires_at + 60_000)

    def test_an_empty_name_takes_the_default_again(self) -> None:
        state = done(session_with(HOST), 1, SetSession(name=""))
        assert state.session.name == names.default_session_name("abcdefghij")

    def test_nothing_given_changes_nothing(self) -> None:
        assert asked(session_with(HOST), 1, SetSession()) == []

    @given(st.integers(0, 8 * 3600 - 1))
    def test_extends_up_to_the_longest_lifetime_from_now_and_says_how_far(self, passed_s: int) -> None:
        state, now = session_with(HOST), NOW + passed_s * 1000
        room_s = LIMITS.max_lifetime_s - 8 * 3600 + passed_s
        assert done(state, 1, SetSession(extend_s=room_s), now).session.expires_at == now + LIMITS.max_lifetime_s * 1000
        (error,) = refused(state, 1, SetSession(extend_s=room_s + 1), now).errors
        assert error.pointer == "/extend_s"
        assert f" {room_s} seconds" in error.detail

    def test_extends_never_beyond_the_greatest_age(self) -> None:
        limits = replace(LIMITS, max_age_s=9 * 3600)
        state = session_with(HOST, limits=limits)
        full = done(state, 1, SetSession(extend_s=3600), limits=limits)
        assert full.session.expires_at == NOW + 9 * 3_600_000
        rejected = refused(full, 1, SetSession(extend_s=1), NOW + 1000, limits)
        assert rejected.code is ErrorCode.INVALID_REQUEST
        assert " 0 seconds" in rejected.errors[0].detail


class TestEnd:
    COMMANDS: tuple[Command, ...] = (
        Join(MEMBER),
        Leave(),
        SetProfile("A"),
        SetSharing(on=False),
        ClaimHost(NOW),
        SetSession("A"),
        EndSession(),
        SendFixes(()),
    )

    def test_the_host_ends_it_for_all_and_nothing_may_follow(self) -> None:
        state = session_with(HOST, MEMBER)
        (event,) = asked(state, 1, EndSession())
        assert event.change == SessionEnded("ended")
        ended = replay(state, [event])
        for command in self.COMMANDS:
            assert refused(ended, 1, command).code is ErrorCode.SESSION_NOT_FOUND
        assert asked(ended, None, Expire(), ended.session.expires_at) == []

    def test_it_is_over_at_its_expiry_whether_the_event_came_or_not(self) -> None:
        state = session_with(HOST, MEMBER)
        last = state.session.expires_at - 1
        assert asked(state, None, Expire(), last) == []
        assert asked(state, 2, Leave(), last) != []
        for command in self.COMMANDS:
            assert refused(state, 1, command, last + 1).code is ErrorCode.SESSION_NOT_FOUND
        (event,) = asked(state, None, Expire(), last + 1)
        assert event == Event(state.offset + 1, last + 1, None, None, SessionEnded("expired"))
        assert asked(replay(state, [event]), None, Expire(), last + 2) == []

    def test_an_extension_moves_the_expiry(self) -> None:
        state = session_with(HOST)
        extended = done(state, 1, SetSession(extend_s=60))
        assert asked(extended, None, Expire(), state.session.expires_at) == []
