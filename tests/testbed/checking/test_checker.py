"""The checker finds nothing in true histories, and each kind of fault wherever it is planted."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cavalcade.domain.events import Event
from cavalcade.domain.features.membership import Join
from cavalcade.domain.features.profile import ProfileChanged, SetProfile
from cavalcade.domain.fix import Position
from cavalcade.domain.model import Role, SessionState
from cavalcade.domain.session import replay
from testbed.checking.checker import check
from testbed.checking.findings import Rule
from testbed.checking.history import (
    Admission,
    Ask,
    Cause,
    Delivered,
    Joined,
    Kept,
    Lost,
    MemberHistory,
    Present,
    Shown,
    Strange,
)
from testbed.checking.live import FRESH_MS
from tests.testbed.checking.world import World

Plant = Callable[[World, st.DrawFn], Kept | None]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Three who stay connected longer than not, and whatever happens to them."""
    world = World()
    for who in [world.come() for _ in range(3)]:
        world.report(who)
        world.rename(who)
    for step in draw(st.lists(st.sampled_from(STEPS), max_size=25)):
        step(world, draw)
    return world


def _come(world: World, _draw: st.DrawFn) -> None:
    world.report(world.come())


def _lose(world: World, draw: st.DrawFn) -> None:
    if world.connected:
        world.lose(draw(st.sampled_from(world.here())))


def _back(world: World, draw: st.DrawFn) -> None:
    if away := world.away():
        world.connect(draw(st.sampled_from(away)), by_snapshot=draw(st.booleans()))


def _report(world: World, draw: st.DrawFn) -> None:
    if world.connected:
        world.report(draw(st.sampled_from(world.here())))


def _rename(world: World, draw: st.DrawFn) -> None:
    if world.connected:
        world.rename(draw(st.sampled_from(world.here())))


def _pause(world: World, draw: st.DrawFn) -> None:
    if world.connected:
        world.pause(draw(st.sampled_from(world.here())), on=draw(st.booleans()))


def _leave(world: World, draw: st.DrawFn) -> None:
    if len(world.connected) > 2:
        world.leave(draw(st.sampled_from(world.here())))


STEPS = [_come, _lose, _back, _report, _report, _rename, _rename, _pause, _leave]


@given(worlds(), st.integers(0, 30_000))
def test_nothing_is_found_where_everything_is_right(world: World, after_ms: int) -> None:
    end = world.end(after_ms)
    assert check(world.history, world.kept(), world.causes, end) == []


# Each plants one fault in a true history, and may say what PostgreSQL holds instead.


def _someone(world: World, draw: st.DrawFn) -> MemberHistory:
    return world.connected[draw(st.sampled_from(world.here()))]


def _place_of(member: MemberHistory, kind: type, draw: st.DrawFn, *, last: bool = False) -> int:
    places = [place for place, record in enumerate(member.records) if isinstance(record, kind)]
    assume(places)
    return places[-1] if last else draw(st.sampled_from(places))


def hole_in_the_log(world: World, draw: st.DrawFn) -> Kept:
    events = list(world.events)
    events.pop(draw(st.integers(0, len(events) - 2)))
    return Kept(world.state, tuple(events))


def state_that_is_not_folded(world: World, draw: st.DrawFn) -> Kept:
    who = draw(st.sampled_from(world.here()))
    changed = replace(world.state.participants[who], name="Somebody else")
    return Kept(replace(world.state, participants={**world.state.participants, who: changed}), tuple(world.events))


def acknowledged_and_not_kept(world: World, draw: st.DrawFn) -> Kept:
    world.rename(_someone(world, draw).participant)
    events = tuple(world.events[:-1])
    return Kept(replay(SessionState(world.history.session), events), events)


def acknowledged_without_effect(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    member.asks.append(Ask(world.now, "new", "profile:set", {"name": "Never"}, 1, world.now, world.state.offset))


def admitted_and_not_kept(world: World, _draw: st.DrawFn) -> None:
    world.history.admissions.append(Admission("Nobody", world.state.next_participant))


def carried_out_twice(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    world.rename(member.participant)
    world.decide(member.participant, SetProfile(name="Twice"), member.asks[-1].op_id)


def joined_twice(world: World, draw: st.DrawFn) -> None:
    admission = draw(st.sampled_from(world.history.admissions))
    world.decide(None, Join(Role.MEMBER, admission.name))


def joined_unasked(world: World, _draw: st.DrawFn) -> None:
    world.decide(None, Join(Role.MEMBER, "Nobody's friend"))


def operation_of_nobody(world: World, draw: st.DrawFn) -> None:
    world.decide(_someone(world, draw).participant, SetProfile(name="Unasked"), "unasked")


def refused(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    member.asks.append(Ask(world.now, "new", "profile:set", {"name": "No"}, refusal="unauthorized"))


def unanswered(world: World, draw: st.DrawFn) -> None:
    _someone(world, draw).asks.append(Ask(world.now, "new", "profile:set", {"name": "Well?"}))


def told_twice(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    place = _place_of(member, Delivered, draw)
    member.records.insert(place, member.records[place])


def never_told(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    world.rename(member.participant)
    world.rename(member.participant)
    del member.records[_place_of(member, Delivered, draw, last=True) - 1]


def told_out_of_order(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    world.rename(member.participant)
    world.rename(member.participant)
    member.records[-2:] = reversed(member.records[-2:])


def missed_events_with_a_hole(world: World, draw: st.DrawFn) -> None:
    world.end()
    member = _someone(world, draw)
    world.lose(member.participant)
    other = _someone(world, draw)
    world.rename(other.participant)
    world.rename(other.participant)
    world.connect(member.participant, by_snapshot=False)
    place = _place_of(member, Joined, draw, last=True)
    joined = member.records[place]
    assert isinstance(joined, Joined)
    member.records[place] = replace(joined, events=joined.events[1:])


def told_something_else(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    world.rename(member.participant)
    place = _place_of(member, Delivered, draw, last=True)
    told = member.records[place]
    assert isinstance(told, Delivered)
    change = ProfileChanged(member.participant, "Someone", "S", "#123456")
    member.records[place] = Delivered(told.at, replace(told.event, change=change))


def told_what_is_not_stored(world: World, draw: st.DrawFn) -> None:
    change = ProfileChanged(1, "Phantom", "P", "#123456")
    event = Event(world.state.offset + 1, world.now, 1, "phantom", change)
    _someone(world, draw).records.append(Delivered(world.now, event))


def shown_another_snapshot(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    world.lose(member.participant)
    world.connect(member.participant, by_snapshot=True)
    place = _place_of(member, Joined, draw, last=True)
    joined = member.records[place]
    assert isinstance(joined, Joined)
    member.records[place] = replace(joined, state=replace(world.state, participants={}))


def a_snapshot_of_the_past(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    past = world.state
    world.rename(member.participant)
    member.records.append(Joined(world.now, past.offset, past, (), dict(world.positions)))
    member.records.append(Present(world.now, frozenset(world.connected)))


def not_told_the_last(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    world.rename(member.participant)
    del member.records[_place_of(member, Delivered, draw, last=True)]


def a_client_that_shows_something_else(world: World, draw: st.DrawFn) -> None:
    world.end()
    _someone(world, draw).state = replace(world.state, participants={})


def never_back(world: World, draw: st.DrawFn) -> None:
    world.end()
    _someone(world, draw).records.append(Lost(world.now))


def without_who_stands_still(world: World, draw: st.DrawFn) -> None:
    """A join after a fault that lacks somebody who does not report again."""
    member = _someone(world, draw)
    other = _someone(world, draw)
    world.pause(other.participant, on=True)
    world.report(other.participant)
    world.lose(member.participant)
    world.end()
    place = _place_of(member, Joined, draw, last=True)
    joined = member.records[place]
    assert isinstance(joined, Joined)
    positions = {who: where for who, where in joined.positions.items() if who != other.participant}
    member.records[place] = replace(joined, positions=positions)


def fresh_too_late(world: World, draw: st.DrawFn) -> None:
    """What was reported during a fault is shown, but only 6 s after its end."""
    member, other = _someone(world, draw), _someone(world, draw)
    world.pause(other.participant, on=True)
    world.end()
    world.causes.append(Cause(world.now, world.now + 1_000))
    world.report(other.participant)
    place = _place_of(member, Shown, draw, last=True)
    shown = member.records.pop(place)
    assert isinstance(shown, Shown)
    world.now += 7_000
    member.records.append(replace(shown, at=world.now))


def the_last_position_is_missing(world: World, draw: st.DrawFn) -> None:
    member, other = _someone(world, draw), _someone(world, draw)
    world.pause(other.participant, on=True)
    world.report(other.participant)
    del member.records[_place_of(member, Shown, draw, last=True)]


def shown_while_paused(world: World, draw: st.DrawFn) -> None:
    member, other = _someone(world, draw), _someone(world, draw)
    world.pause(other.participant, on=True)
    world.report(other.participant)
    position = world.positions[other.participant]
    world.pause(other.participant, on=False)
    member.records.append(Shown(world.now, {other.participant: position}))


def from_before_a_pause(world: World, draw: st.DrawFn) -> None:
    member, other = _someone(world, draw), _someone(world, draw)
    world.pause(other.participant, on=True)
    world.report(other.participant)
    position = world.positions[other.participant]
    world.pause(other.participant, on=False)
    world.pause(other.participant, on=True)
    member.records.append(Shown(world.now, {other.participant: position}))


def a_strangers_position(world: World, draw: st.DrawFn) -> None:
    other = _someone(world, draw).participant
    world.pause(other, on=True)
    _someone(world, draw).records.append(Shown(world.now, {other: Position(world.now, 1, 2)}))


def a_strange_frame(world: World, draw: st.DrawFn) -> None:
    _someone(world, draw).records.append(Strange(world.now, "session:zzzzzzzzzz"))


def a_ghost(world: World, draw: st.DrawFn) -> None:
    """Gone for 16 s, and shown as connected all that time."""
    member, other = _someone(world, draw), _someone(world, draw)
    assume(member is not other)
    world.end()
    world.lose(other.participant)
    world.causes.append(Cause(world.now - 100, world.now))
    del member.records[_place_of(member, Present, draw, last=True)]
    world.now += 16_000
    member.records.append(Present(world.now, frozenset(world.connected)))


def absent_though_connected(world: World, draw: st.DrawFn) -> None:
    member = _someone(world, draw)
    world.end()
    member.records.append(Present(world.now, frozenset()))


@st.composite
def planted(draw: st.DrawFn, plant: Plant) -> tuple[World, Kept | None]:
    """A world with a fault in it, and what PostgreSQL holds where that is the fault."""
    world = draw(worlds())
    assume(world.connected)
    return world, plant(world, draw)


PLANTED = {
    hole_in_the_log: Rule.LOG,
    state_that_is_not_folded: Rule.LOG,
    acknowledged_and_not_kept: Rule.LOST,
    acknowledged_without_effect: Rule.LOST,
    admitted_and_not_kept: Rule.LOST,
    carried_out_twice: Rule.DOUBLED,
    joined_twice: Rule.DOUBLED,
    joined_unasked: Rule.UNASKED,
    operation_of_nobody: Rule.UNASKED,
    refused: Rule.REFUSED,
    unanswered: Rule.UNANSWERED,
    told_twice: Rule.ORDER,
    never_told: Rule.ORDER,
    told_out_of_order: Rule.ORDER,
    missed_events_with_a_hole: Rule.ORDER,
    a_snapshot_of_the_past: Rule.ORDER,
    told_something_else: Rule.TRUTH,
    told_what_is_not_stored: Rule.TRUTH,
    shown_another_snapshot: Rule.TRUTH,
    not_told_the_last: Rule.BEHIND,
    a_client_that_shows_something_else: Rule.BEHIND,
    never_back: Rule.AWAY,
    without_who_stands_still: Rule.STALE,
    fresh_too_late: Rule.STALE,
    the_last_position_is_missing: Rule.STALE,
    shown_while_paused: Rule.WITHDRAWN,
    from_before_a_pause: Rule.WITHDRAWN,
    a_strangers_position: Rule.FOREIGN,
    a_strange_frame: Rule.FOREIGN,
    a_ghost: Rule.PRESENCE,
    absent_though_connected: Rule.PRESENCE,
}


@pytest.mark.parametrize(("plant", "rule"), PLANTED.items(), ids=[plant.__name__ for plant in PLANTED])
@settings(max_examples=15)
@given(data=st.data())
def test_what_is_planted_is_found(plant: Plant, rule: Rule, data: st.DataObject) -> None:
    world, kept = data.draw(planted(plant))
    end = world.now if plant in ENDED else world.end()
    found = check(world.history, kept or world.kept(), world.causes, end)
    assert rule in {finding.rule for finding in found}
    assert any(rule in str(finding) for finding in found)


ENDED = {a_client_that_shows_something_else, never_back, a_ghost, absent_though_connected, fresh_too_late}
"""Those that look at the end themselves."""


def test_what_takes_its_time_after_a_fault_is_not_found() -> None:
    world = World()
    anna, ben = world.come(), world.come()
    world.report(anna)
    world.report(ben)
    world.lose(anna)
    world.report(ben)
    world.now += 60_000
    world.connect(anna, by_snapshot=False)
    (cause,) = world.causes
    world.causes = [replace(cause, ended=world.now - FRESH_MS + 1)]
    assert check(world.history, world.kept(), world.causes, world.end(60_000)) == []


def test_a_ghost_is_allowed_while_the_fault_is_there() -> None:
    world = World()
    anna, ben = world.come(), world.come()
    world.lose(ben)
    world.members[anna].records.pop()
    world.now += 60_000
    world.connect(ben, by_snapshot=False)
    assert check(world.history, world.kept(), world.causes, world.end()) == []
