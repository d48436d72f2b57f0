"""Posts: one leads, two may sweep, and who gives, takes, hands on and frees them."""

from __future__ import annotations

import pytest
from hypothesis import given

from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.features.membership import Leave
from cavalcade.domain.features.posts import MOST, Post, SetPost, holders
from cavalcade.domain.model import Limits, SessionState
from tests.domain.strategies import NOW, History, histories, session_with
from tests.domain.test_session import HOST, MEMBER, VIEWER, asked, done, refused

LEAD, SWEEP = Post.LEAD, Post.SWEEP
AWAY = NOW - Limits().host_away_s * 1000


def group() -> SessionState:
    return session_with(HOST, MEMBER, MEMBER, MEMBER, VIEWER)


def pointers(state: SessionState, by: int, command: SetPost) -> list[str]:
    return [error.pointer for error in refused(state, by, command).errors]


def test_a_free_post_is_taken_by_members_and_given_by_the_host() -> None:
    assert holders(done(group(), 2, SetPost(LEAD, 2)), LEAD) == (2,)
    assert holders(done(group(), 1, SetPost(LEAD, 3)), LEAD) == (3,)
    assert refused(group(), 2, SetPost(LEAD, 3)).code is ErrorCode.FORBIDDEN


def test_who_holds_a_post_hands_it_on_or_gives_it_up() -> None:
    led = done(group(), 2, SetPost(LEAD, 2))
    assert holders(done(led, 2, SetPost(LEAD, 3)), LEAD) == (3,)
    assert holders(done(led, 2, SetPost(LEAD)), LEAD) == ()
    assert asked(led, 2, SetPost(LEAD, 2)) == []
    assert asked(group(), 2, SetPost(LEAD)) == []


def test_a_post_is_taken_from_nobody_but_by_the_host_or_from_one_who_is_away() -> None:
    led = done(group(), 2, SetPost(LEAD, 2))
    for seen_at in (NOW, AWAY + 1, None):
        assert refused(led, 3, SetPost(LEAD, 3, None, seen_at)).code is ErrorCode.FORBIDDEN
    assert holders(done(led, 3, SetPost(LEAD, 3, None, AWAY)), LEAD) == (3,)
    assert holders(done(led, 1, SetPost(LEAD, 3)), LEAD) == (3,)
    assert refused(led, 3, SetPost(LEAD, 4, None, AWAY)).code is ErrorCode.FORBIDDEN
    assert refused(led, 3, SetPost(LEAD, None, 2, AWAY)).code is ErrorCode.FORBIDDEN
    assert holders(done(led, 1, SetPost(LEAD)), LEAD) == ()


def test_a_host_who_sweeps_adds_a_second_or_hands_on() -> None:
    swept = done(group(), 1, SetPost(SWEEP, 1))
    both = done(swept, 1, SetPost(SWEEP, 2))
    assert holders(both, SWEEP) == (1, 2)
    assert holders(done(swept, 1, SetPost(SWEEP, 2, 1)), SWEEP) == (2,)
    assert holders(done(both, 1, SetPost(SWEEP, 3)), SWEEP) == (2, 3)
    assert holders(done(both, 1, SetPost(SWEEP)), SWEEP) == (2,)
    member = done(group(), 2, SetPost(SWEEP, 2))
    assert holders(done(member, 2, SetPost(SWEEP, 3)), SWEEP) == (3,)


def test_two_sweep_and_a_third_says_whom_they_replace() -> None:
    swept = done(done(group(), 2, SetPost(SWEEP, 2)), 3, SetPost(SWEEP, 3))
    assert holders(swept, SWEEP) == (2, 3)
    assert pointers(swept, 1, SetPost(SWEEP, 4)) == ["/instead_of"]
    assert pointers(swept, 1, SetPost(SWEEP, 4, 1)) == ["/instead_of"]
    assert holders(done(swept, 1, SetPost(SWEEP, 4, 3)), SWEEP) == (2, 4)
    assert holders(done(swept, 4, SetPost(SWEEP, 4, 3, AWAY)), SWEEP) == (2, 4)
    assert refused(swept, 4, SetPost(SWEEP, 4, 3, NOW)).code is ErrorCode.FORBIDDEN
    assert holders(done(swept, 3, SetPost(SWEEP)), SWEEP) == (2,)
    assert holders(done(swept, 1, SetPost(SWEEP, None, 2)), SWEEP) == (3,)
    assert holders(done(swept, 1, SetPost(SWEEP)), SWEEP) == ()


def test_of_whom_it_must_be_known_when_they_were_last_seen() -> None:
    led = done(done(group(), 2, SetPost(LEAD, 2)), 3, SetPost(SWEEP, 3))
    assert SetPost(LEAD, 4).concerns(led) == 2
    assert SetPost(SWEEP, 4).concerns(led) is None
    assert SetPost(SWEEP, 4, 3).concerns(led) == 3
    assert SetPost(SWEEP, 4, 2).concerns(led) is None
    assert SetPost(LEAD, 4).concerns(group()) is None


def test_nobody_has_two_posts_and_a_post_goes_with_its_holder() -> None:
    both = done(done(group(), 2, SetPost(LEAD, 2)), 2, SetPost(SWEEP, 2))
    assert (holders(both, LEAD), holders(both, SWEEP)) == ((), (2,))
    assert holders(done(both, 2, Leave()), SWEEP) == ()


@pytest.mark.parametrize(("taker", "by"), [(5, 1), (9, 1), (9, 2)])
def test_names_the_field_where_nobody_can_hold_it(taker: int, by: int) -> None:
    assert pointers(group(), by, SetPost(LEAD, taker)) == ["/participant"]


def test_a_viewer_holds_no_post() -> None:
    assert refused(group(), 5, SetPost(LEAD, 5)).code is ErrorCode.FORBIDDEN


@given(histories())
def test_no_post_is_ever_held_by_more_than_may(history: History) -> None:
    for step in history.steps:
        for post, most in MOST.items():
            holding = holders(step.after, post)
            assert len(holding) <= most
            assert all(step.after.participants[who].role is not VIEWER for who in holding)
