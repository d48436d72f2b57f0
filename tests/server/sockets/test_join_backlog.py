"""Who waits to join, and who makes room."""

from hypothesis import given
from hypothesis import strategies as st

from cavalcade.server.sockets import join_backlog as waiting
from cavalcade.server.sockets.join_backlog import MOST_OF_ONE, MOST_STRANGERS, JoinBacklog


def test_the_longest_waiting_of_the_same_one_goes() -> None:
    room: JoinBacklog[int] = JoinBacklog()
    assert [room.enter(number, "k3v9x0m2qa/1", stranger=False) for number in range(MOST_OF_ONE)] == [None] * MOST_OF_ONE
    assert room.enter(100, "k3v9x0m2qa/2", stranger=False) is None
    assert room.enter(101, "k3v9x0m2qa/1", stranger=False) == 0
    room.leave(1)
    assert room.enter(102, "k3v9x0m2qa/1", stranger=False) is None
    assert room.enter(103, "k3v9x0m2qa/1", stranger=False) == 2


def test_strangers_have_a_bound_together_and_members_are_not_in_it() -> None:
    room: JoinBacklog[int] = JoinBacklog()
    room.enter(-1, "k3v9x0m2qa/1", stranger=False)
    for number in range(MOST_STRANGERS):
        assert room.enter(number, f"2001:db8:0:{number:x}::/64", stranger=True) is None
    assert room.enter(MOST_STRANGERS, "192.0.2.1", stranger=True) == 0
    assert len(room) == MOST_STRANGERS + 1


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc"), st.booleans(), st.booleans())))
def test_it_forgets_all_and_keeps_its_bounds(steps: list[tuple[int, str, bool, bool]]) -> None:
    room: JoinBacklog[int] = JoinBacklog()
    here: set[int] = set()
    for connection, name, stranger, leaves in steps:
        if leaves:
            room.leave(connection)
            here.discard(connection)
        elif connection not in here:
            here.add(connection)
            here -= {room.enter(connection, name, stranger=stranger)}
        assert len(room) == len(here)
        assert all(len(own) <= waiting.MOST_OF_ONE for own in room._waiting.values())
    for connection in list(here):
        room.leave(connection)
    assert (len(room), room._waiting, len(room._strangers)) == (0, {}, 0)
