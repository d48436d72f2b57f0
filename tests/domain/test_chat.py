"""Messages: who writes and reads, what is refused, and who takes what back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.audience import may_read
from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.events import Event, read_by
from cavalcade.domain.feature import Earlier
from cavalcade.domain.features.chat import (
    CHAT,
    RECENT,
    Addressee,
    MessageRemoved,
    MessageSent,
    Newcomers,
    RemoveMessage,
    SendMessage,
    SessionChat,
    SetChat,
    Signal,
    Writers,
)
from cavalcade.domain.features.membership import ParticipantJoined
from cavalcade.domain.features.posts import Post, SetPost
from cavalcade.domain.model import Role, SessionState
from cavalcade.domain.session import evolve
from cavalcade.domain.texts import MAX_LINES, MAX_TEXT_LENGTH, clean_text
from tests.domain.strategies import NOW, raw_texts, session_with
from tests.domain.test_session import HOST, MEMBER, VIEWER, asked, done, refused


def message(by: int, *, has_content: bool = True) -> Earlier:
    return Earlier("message_sent", by, has_content)


class TestSending:
    def test_a_message_is_for_all_where_nobody_is_named(self) -> None:
        (event,) = asked(session_with(HOST, MEMBER), 2, SendMessage("Hello"))
        assert event.change == MessageSent(2, "Hello", None, Addressee.ALL, None)
        assert event.audience == CHAT

    def test_the_same_again_is_another_message(self) -> None:
        state = done(session_with(HOST, MEMBER), 2, SendMessage("Hello"))
        assert asked(state, 2, SendMessage("Hello"))

    def test_changes_nothing_but_the_offset(self) -> None:
        before = session_with(HOST, MEMBER)
        after = done(before, 2, SendMessage("Hello"))
        assert (after.participants, after.features, after.offset) == (before.participants, before.features, 3)

    def test_needs_a_text_or_a_signal(self) -> None:
        wrong = refused(session_with(HOST), 1, SendMessage())
        assert [error.pointer for error in wrong.errors] == ["/text"]

    def test_a_viewer_does_not_write_whatever_is_allowed(self) -> None:
        state = done(session_with(HOST, VIEWER), 1, SetChat(viewers_read=True))
        assert refused(state, 2, SendMessage("Hello")).code is ErrorCode.FORBIDDEN
        assert refused(state, 2, SendMessage(None, Signal.FUEL)).code is ErrorCode.FORBIDDEN

    def test_answers_messages_alone(self) -> None:
        state = session_with(HOST, MEMBER)
        answer = SendMessage(None, Signal.SEEN, None, 2)
        assert asked(state, 2, answer.recalling(message(1)))
        assert asked(state, 2, answer.recalling(message(1, has_content=False)))
        for earlier in (None, Earlier("participant_joined", 2, has_content=True)):
            wrong = refused(state, 2, answer.recalling(earlier))
            assert [error.pointer for error in wrong.errors] == ["/reply_to"]

    def test_only_leaders_write_where_the_host_says_so_and_signals_go_through(self) -> None:
        state = done(session_with(HOST, MEMBER, MEMBER), 1, SetChat(writers=Writers.LEADERS))
        state = done(state, 1, SetPost(Post.LEAD, 3))
        assert refused(state, 2, SendMessage("Hello")).code is ErrorCode.FORBIDDEN
        assert refused(state, 2, SendMessage("Hello", Signal.FUEL)).code is ErrorCode.FORBIDDEN
        assert asked(state, 2, SendMessage(None, Signal.FUEL, Addressee.LEAD))
        assert asked(state, 1, SendMessage("Hello"))
        assert asked(state, 3, SendMessage("Hello"))
        swept = done(state, 1, SetPost(Post.SWEEP, 2))
        assert refused(swept, 2, SendMessage("Hello")).code is ErrorCode.FORBIDDEN


class TestRemoving:
    def test_one_takes_back_ones_own_and_the_host_any(self) -> None:
        state = session_with(HOST, MEMBER, MEMBER)
        for who, by in ((2, 2), (1, 2), (1, 1)):
            (event,) = asked(state, who, RemoveMessage(3).recalling(message(by)))
            assert event.change == MessageRemoved(3)
            assert event.scrubs == (3,)
            assert event.audience is None
        assert refused(state, 2, RemoveMessage(3).recalling(message(3))).code is ErrorCode.FORBIDDEN

    def test_what_is_gone_is_not_removed_again(self) -> None:
        state = session_with(HOST, MEMBER)
        assert asked(state, 2, RemoveMessage(3).recalling(message(2, has_content=False))) == []

    @pytest.mark.parametrize("earlier", [None, Earlier("participant_joined", 2, has_content=True)])
    def test_nothing_but_messages_can_be_removed(self, earlier: Earlier | None) -> None:
        wrong = refused(session_with(HOST, MEMBER), 1, RemoveMessage(2).recalling(earlier))
        assert wrong.code is ErrorCode.INVALID_REQUEST
        assert [error.pointer for error in wrong.errors] == ["/message"]

    def test_a_viewer_removes_nothing(self) -> None:
        gone = RemoveMessage(3).recalling(message(2))
        assert refused(session_with(HOST, VIEWER), 2, gone).code is ErrorCode.FORBIDDEN


class TestSettings:
    def test_only_the_host_chooses_and_what_is_left_out_stays(self) -> None:
        state = done(session_with(HOST, MEMBER), 1, SetChat(newcomers_see=Newcomers.NONE))
        state = done(state, 1, SetChat(viewers_read=True))
        assert state.features.of(SessionChat) == SessionChat(viewers_read=True, newcomers_see=Newcomers.NONE)
        assert asked(state, 1, SetChat(viewers_read=True)) == []
        assert refused(state, 2, SetChat(viewers_read=False)).code is ErrorCode.FORBIDDEN

    def test_viewers_read_where_they_are_allowed_to(self) -> None:
        state = session_with(HOST, MEMBER, VIEWER)
        assert [may_read(CHAT, who, state) for who in (1, 2, 3, 4)] == [True, True, False, False]
        allowed = done(state, 1, SetChat(viewers_read=True))
        assert [may_read(CHAT, who, allowed) for who in (1, 2, 3, 4)] == [True, True, True, False]


class TestNewcomers:
    """What somebody reads who asks for all that has ever happened."""

    @staticmethod
    def history(before: int, newcomers_see: Newcomers, role: Role = MEMBER) -> tuple[list[Event], SessionState]:
        state = session_with(HOST)
        events: list[Event] = []

        def happen(more: list[Event]) -> None:
            nonlocal state
            for event in more:
                state = evolve(state, event)
                events.append(event)

        for number in range(before):
            happen(asked(state, 1, SendMessage(f"before {number}")))
        happen(asked(state, 1, SetChat(newcomers_see=newcomers_see)))
        joined = session_with(HOST, role).participants[2]
        happen([Event(state.offset + 1, NOW, 2, None, ParticipantJoined(joined))])
        happen(asked(state, 1, SendMessage("after")))
        return events, state

    @staticmethod
    def read(events: list[Event], state: SessionState, who: int = 2) -> list[str]:
        changes = [event.change for event in read_by(events, who, state)]
        return [change.text or "" for change in changes if isinstance(change, MessageSent)]

    def test_none(self) -> None:
        assert self.read(*self.history(3, Newcomers.NONE)) == ["after"]

    def test_the_newest_fifty(self) -> None:
        read = self.read(*self.history(RECENT + 2, Newcomers.RECENT))
        assert read == [*(f"before {number}" for number in range(2, RECENT + 2)), "after"]
        assert self.read(*self.history(1, Newcomers.RECENT)) == ["before 0", "after"]

    def test_all(self) -> None:
        assert len(self.read(*self.history(RECENT + 2, Newcomers.ALL))) == RECENT + 3

    def test_a_viewer_reads_nothing_even_then(self) -> None:
        assert self.read(*self.history(3, Newcomers.ALL, VIEWER)) == []

    def test_who_was_there_reads_everything(self) -> None:
        assert len(self.read(*self.history(RECENT + 2, Newcomers.NONE), who=1)) == RECENT + 3

    def test_a_part_of_the_events_shows_no_more_than_all(self) -> None:
        events, state = self.history(RECENT + 2, Newcomers.RECENT)
        for first in range(len(events)):
            assert set(self.read(events[first:], state)) <= set(self.read(events, state))

    def test_the_offsets_have_no_holes(self) -> None:
        events, state = self.history(3, Newcomers.NONE)
        assert [event.offset for event in read_by(events, 2, state)] == [event.offset for event in events]

    def test_what_is_removed_among_them_is_not_told(self) -> None:
        events, state = self.history(1, Newcomers.ALL)
        events += asked(state, 1, RemoveMessage(events[0].offset).recalling(message(1)))
        assert self.read(events, state) == ["after"]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  two   words ", "two words"),
        ("\n\none\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("a\n\nb", "a\n\nb"),
        ("tab\tand\u2028line", "tab and line"),
        ("Zoe\u0308 \u200bis late", "Zoë is late"),
        ("שלום: 20 km", "שלום: 20 km"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
    ],
)
def test_a_text_is_normalised_line_by_line(typed: str, shown: str) -> None:
    assert clean_text(typed) == shown


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b", "\u0301"])
def test_a_text_must_have_something_to_read(text: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        clean_text(text)


def test_the_bounds_of_a_text_are_those_of_the_contract() -> None:
    assert clean_text("é" * MAX_TEXT_LENGTH)
    assert clean_text("\n".join("abcde"[:MAX_LINES]))
    with pytest.raises(ValueError, match="500 characters"):
        clean_text("a" * (MAX_TEXT_LENGTH + 1))
    with pytest.raises(ValueError, match="5 lines"):
        clean_text("a\nb\nc\nd\ne\nf")


@given(raw_texts() | st.lists(raw_texts(), max_size=7).map("\n".join))
def test_what_a_text_becomes_stays_as_it_is(typed: str) -> None:
    try:
        text = clean_text(typed)
    except ValueError:
        return
    assert clean_text(text) == text
    assert len(text) <= MAX_TEXT_LENGTH
    assert len(text.split("\n")) <= MAX_LINES


def test_when_it_was_written_is_told_where_that_was_long_before_and_never_from_before_its_writer_came() -> None:
    group = session_with(HOST, MEMBER)
    joined_at = group.participants[2].joined_at
    now = joined_at + 1_800_000

    def written(at: int | None) -> int | None:
        (event,) = asked(group, 2, SendMessage("Hi", written_at=at), now)
        assert isinstance(event.change, MessageSent)
        return event.change.written_at

    assert [written(at) for at in (None, now, now + 600_000, now - 60_000)] == [None] * 4
    assert written(now - 60_001) == now - 60_001
    assert written(joined_at - 1) == joined_at
