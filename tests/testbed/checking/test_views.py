"""What a member showed at each moment, and since when that was too old."""

from cavalcade.domain.fix import Position
from testbed.checking import views
from testbed.checking.history import (
    Cause,
    Joined,
    Lost,
    MemberHistory,
    Present,
    Record,
    Reported,
    SessionHistory,
    Shown,
)
from testbed.checking.views import Step
from testbed.faults.recovery import Recovery, recovery
from tests.testbed.checking.world import World


def at(fix_time: int) -> Position:
    return Position(fix_time, 1, 2)


def test_positions_are_shown_until_a_join_without_them() -> None:
    records: list[Record] = [
        Joined(10, 1, None, (), {}),
        Shown(20, {2: at(5)}),
        Shown(30, {2: at(7), 3: at(1)}),
        Shown(40, {2: at(6)}),
        Lost(50),
        Joined(60, 1, None, (), {3: at(1)}),
        Shown(70, {2: at(9)}),
    ]
    steps = views.shown(MemberHistory(1, records=records), 2)
    assert steps == [Step(0, None), Step(20, 5), Step(30, 7), Step(60, None), Step(70, 9)]
    assert views.older_than(steps, 7, 0, 100) == [(0, 30), (60, 70)]
    assert views.older_than(steps, 7, 25, 65) == [(25, 30), (60, 65)]
    assert views.older_than(steps, 7, 65, 66) == [(65, 66)]
    assert views.older_than(steps, 10, 80, 100) == [(80, 100)]


def test_spans_of_being_joined_and_of_showing_somebody_as_connected() -> None:
    here = frozenset({1, 2})
    records: list[Record] = [
        Joined(10, 1, None, (), {}),
        Present(11, here),
        Present(15, frozenset({1})),
        Present(20, here),
        Lost(50),
        Joined(60, 1, None, (), {}),
        Present(61, here),
    ]
    member = MemberHistory(1, records=records)
    assert views.joined_spans(member, 100) == [(10, 50), (60, 100)]
    assert views.presence_spans(member, 2, 100) == [(11, 15), (20, 50), (61, 100)]
    assert views.last_presence(member) == here
    assert views.last_presence(MemberHistory(1, records=[*records, Lost(70)])) == frozenset()


def test_recovery_says_how_many_were_dropped_and_when_all_was_as_before() -> None:
    world = World()
    anna, ben = world.come(), world.come()
    for who in (anna, ben):
        world.report(who)
    world.lose(ben)
    began = world.now
    world.report(anna)
    ended = world.now
    world.now += 700
    world.connect(ben, by_snapshot=False)
    seen = recovery([world.history], Cause(began, ended), world.end(5_000))
    assert seen == Recovery(
        members=2,
        dropped=1,
        joined_ms=800,
        fresh_ms=800,
        repeated=0,
        untouched=0,
        noticed=0,
        latest_ms=seen.latest_ms,
        answered_ms=0,
    )
    assert 800 <= seen.latest_ms < 1_100  # anna's position waited for ben to come back


def test_who_waits_for_a_position_in_a_session_that_was_not_struck_has_noticed() -> None:
    world = World()
    anna, ben = world.come(), world.come()
    for who in (anna, ben):
        world.report(who)
    began = world.now
    world.report(anna, late_ms=2_000)
    seen = recovery([world.history], Cause(began, began + 100), world.end(5_000))
    assert (seen.dropped, seen.untouched, seen.noticed, seen.latest_ms) == (0, 2, 2, 2_000)


def test_who_pauses_after_a_fault_is_not_waited_for() -> None:
    world = World()
    anna, ben = world.come(), world.come()
    world.report(anna)
    moment = world.now
    world.pause(anna, on=False)
    world.now += 5_000
    world.pause(anna, on=True)
    world.report(anna)
    assert recovery([world.history], Cause(moment - 50, moment), world.end()).fresh_ms == 0
    history = SessionHistory(world.history.session, members=[MemberHistory(ben, reports=[Reported(1, at(1))])])
    assert recovery([history], Cause(moment - 50, moment), world.end()).members == 0
