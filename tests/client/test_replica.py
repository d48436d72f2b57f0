"""A client's copy of a session: what it shows of positions, and who is connected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.client.replica import Gap, Replica
from cavalcade.domain.events import Event
from cavalcade.domain.features.membership import ParticipantLeft
from cavalcade.domain.features.sharing import SharingChanged
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Participant, Role, Session, SessionState
from cavalcade.wire.errors import DecodeError


def replica() -> Replica:
    people = {n: Participant(n, "P", "P", "#000000", Role.MEMBER, sharing=n < 3, joined_at=0) for n in (1, 2, 3)}
    copy = Replica()
    copy.replace_state(SessionState(Session("abcdefghij", "Trip", 0, 1), people, offset=3))
    return copy


def meta(*refs: str) -> dict[str, object]:
    return {"metas": [{"phx_ref": ref} for ref in refs]}


def test_positions_of_strangers_and_of_those_who_pause_are_ignored() -> None:
    copy = replica()
    taken = copy.merge_positions([(1, Position(5, 1, 1)), (3, Position(5, 1, 1)), (9, Position(5, 1, 1))], 9)
    assert taken == copy.positions == {1: Position(5, 1, 1)}


@given(times=st.lists(st.integers(0, 50)))
def test_the_newest_position_stays_whatever_the_order(times: list[int]) -> None:
    copy = replica()
    for time in times:
        copy.merge_positions([(1, Position(time, time, 0))], 9)
    assert [position.fix_time for position in copy.positions.values()] == ([max(times)] if times else [])


def test_a_position_from_before_the_servers_clock_was_set_back_keeps_nobody_in_place() -> None:
    copy = replica()
    copy.merge_positions([(1, Position(3_600_000, 1, 1))], 3_600_000)
    assert copy.merge_positions([(1, Position(5, 2, 2))], 6) == {1: Position(5, 2, 2)}


@pytest.mark.parametrize("change", [ParticipantLeft(1, "left"), SharingChanged(1, on=False)])
def test_leaving_and_pausing_withdraw_the_position(change: ParticipantLeft | SharingChanged) -> None:
    copy = replica()
    copy.merge_positions([(1, Position(5, 1, 1)), (2, Position(5, 1, 1))], 9)
    assert copy.fold(Event(4, 0, 1, None, change))
    assert copy.positions.keys() == {2}
    assert not copy.merge_positions([(1, Position(9, 1, 1))], 9)


def test_an_event_is_folded_once_and_none_is_skipped() -> None:
    copy = replica()
    assert not copy.fold(Event(3, 0, 1, None, SharingChanged(1, on=False)))
    with pytest.raises(Gap):
        copy.fold(Event(5, 0, 1, None, SharingChanged(1, on=False)))


def test_somebody_is_present_while_one_connection_is_left() -> None:
    copy = replica()
    copy.replace_presence({"1": meta("a"), "2": meta("b")})
    copy.change_presence({"joins": {"1": meta("c")}, "leaves": {"1": meta("a")}})
    assert copy.present == {1, 2}
    copy.change_presence({"joins": {}, "leaves": {"1": meta("c")}})
    assert copy.present == {2}


def test_differences_before_the_whole_presence_are_kept_for_it() -> None:
    copy = replica()
    copy.replace_presence({"1": meta("a")})
    copy.forget_presence()
    copy.change_presence({"joins": {"2": meta("b")}, "leaves": {}})
    assert copy.present == {1}
    copy.replace_presence({"1": meta("a2")})
    assert copy.present == {1, 2}


@pytest.mark.parametrize("payload", [None, [], {"x": meta()}, {"1": {}}, {"1": {"metas": [{}]}}, {"1": {"metas": [1]}}])
def test_presence_of_another_form_is_refused(payload: object) -> None:
    with pytest.raises(DecodeError):
        replica().replace_presence(payload)
