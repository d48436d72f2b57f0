"""Places, hazards and regrouping: who may do what, what follows, and that nothing of what is gone stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.errors import ErrorCode
from cavalcade.domain.features.alerts import (
    AlertKind,
    AlertRaised,
    RaiseAlert,
    RecentAlerts,
)
from cavalcade.domain.features.hazards import DenyHazard, HazardDenied
from cavalcade.domain.features.membership import Leave
from cavalcade.domain.features.places import (
    MAX_PLACES,
    AddPlace,
    PlaceAdded,
    PlaceChanged,
    PlaceKind,
    PlaceRemoved,
    PlaceTicked,
    RemovePlace,
    SetPlace,
    TickPlace,
    find,
    places,
)
from cavalcade.domain.features.posts import Post, SetPost
from cavalcade.domain.features.regroup import (
    CallRegroup,
    EndRegroup,
    PlaceRegroup,
    Regroup,
    RegroupCalled,
    RegroupEnd,
    RegroupEnded,
    standing,
)
from cavalcade.domain.session import Elapse, next_at, replay
from cavalcade.wire import messages
from tests.domain.strategies import NOW, History, histories, session_with
from tests.domain.test_session import HOST, MEMBER, VIEWER, asked, done, refused

if TYPE_CHECKING:
    from cavalcade.domain.events import Event
    from cavalcade.domain.feature import Command
    from cavalcade.domain.model import SessionState

TWO_HOURS = 7_200_000
GROUP = session_with(HOST, MEMBER, MEMBER, VIEWER)
ANNA, BEN, CARA, VIVI = 1, 2, 3, 4
PLACE = GROUP.offset + 1
MEET = AddPlace(PlaceKind.MEET, 47.66, 9.18, "Adler", "Behind the church", 120)
HAZARD = AddPlace(PlaceKind.HAZARD, 47.7, 9.2)


def with_meet(by: int = BEN) -> SessionState:
    return done(GROUP, by, MEET)


def with_hazard(by: int = BEN) -> SessionState:
    return done(GROUP, by, HAZARD)


def changes(events: list[Event]) -> list[object]:
    return [event.change for event in events]


def pointers(state: SessionState, by: int, command: Command) -> list[str]:
    return [error.pointer for error in refused(state, by, command).errors]


class TestPlaces:
    def test_every_member_adds_and_all_read_it_viewers_too(self) -> None:
        for who in (ANNA, BEN):
            (event,) = asked(GROUP, who, MEET)
            assert event.change == PlaceAdded(who, PlaceKind.MEET, 47.66, 9.18, "Adler", "Behind the church", 120, NOW)
            assert event.audience is None
        assert refused(GROUP, VIVI, MEET).code is ErrorCode.FORBIDDEN

    def test_is_named_by_its_event_and_as_exact_as_positions_are(self) -> None:
        state = done(GROUP, BEN, AddPlace(PlaceKind.VIEW, 47.123456789, -9.987654321, "", ""))
        (place,) = places(state)
        assert (place.place, place.lat, place.lon) == (state.offset, 47.1234568, -9.9876543)
        assert (place.name, place.note, place.radius_m) == (None, None, None)

    def test_0_0_is_no_place(self) -> None:
        assert pointers(GROUP, BEN, AddPlace(PlaceKind.NOTE, 0, 0)) == ["/lat"]
        assert pointers(with_meet(), BEN, SetPlace(PLACE, lat=1e-9, lon=-0.0)) == ["/lat"]

    def test_a_hundred_are_the_most(self) -> None:
        state = GROUP
        for _ in range(MAX_PLACES):
            state = done(state, BEN, MEET)
        wrong = refused(state, ANNA, MEET)
        assert (wrong.code, wrong.retry) == (ErrorCode.FORBIDDEN, False)
        assert "100" in wrong.detail
        waiting = done(state, ANNA, CallRegroup())
        assert refused(waiting, ANNA, PlaceRegroup(1, 1)).code is ErrorCode.FORBIDDEN
        assert asked(done(state, BEN, RemovePlace(PLACE)), ANNA, MEET)

    @pytest.mark.parametrize("who", [BEN, ANNA])
    def test_its_author_and_the_host_change_and_remove_it(self, who: int) -> None:
        (event,) = asked(with_meet(), who, SetPlace(PLACE, name="Hirsch"))
        assert isinstance(event.change, PlaceChanged)
        assert (event.change.participant, event.change.name, event.change.note) == (BEN, "Hirsch", "Behind the church")
        assert changes(asked(with_meet(), who, RemovePlace(PLACE))) == [PlaceRemoved(PLACE, who, PLACE)]

    def test_nobody_else_does(self) -> None:
        for who in (CARA, VIVI):
            for command in (SetPlace(PLACE, name="Hirsch"), RemovePlace(PLACE)):
                assert refused(with_meet(), who, command).code is ErrorCode.FORBIDDEN

    def test_a_change_keeps_what_it_does_not_name_and_takes_away_what_is_empty(self) -> None:
        state = done(with_meet(), BEN, SetPlace(PLACE, kind=PlaceKind.FOOD, lat=1, lon=2), NOW + 5)
        state = done(state, BEN, SetPlace(PLACE, name="", note=""), NOW + 9)
        place = find(state, PLACE)
        assert place is not None
        assert (place.kind, place.lat, place.lon, place.radius_m) == (PlaceKind.FOOD, 1, 2, 120)
        assert (place.name, place.note, place.at, place.written) == (None, None, NOW + 5, state.offset)

    def test_what_changes_nothing_is_no_event(self) -> None:
        assert asked(with_meet(), BEN, SetPlace(PLACE, name="Adler", lat=47.66, lon=9.18)) == []

    @pytest.mark.parametrize(
        ("command", "pointer"),
        [(SetPlace(PLACE, lat=1), "/lon"), (SetPlace(PLACE, lon=1), "/lat"), (SetPlace(PLACE + 1, name="a"), "/place")],
    )
    def test_a_change_that_cannot_be_names_its_field(self, command: SetPlace, pointer: str) -> None:
        assert pointers(with_meet(), BEN, command) == [pointer]

    def test_removing_what_is_gone_changes_nothing_but_what_never_was_is_refused(self) -> None:
        state = done(with_meet(), BEN, RemovePlace(PLACE))
        assert asked(state, CARA, RemovePlace(PLACE)) == []
        assert pointers(state, CARA, RemovePlace(state.offset + 1)) == ["/place"]

    def test_only_the_newest_event_holds_what_a_place_is(self) -> None:
        state, holding = GROUP, set[int]()
        for command in (MEET, SetPlace(PLACE, name="Hirsch"), SetPlace(PLACE, note="At the back"), RemovePlace(PLACE)):
            for event in asked(state, BEN, command):
                holding = holding.difference(event.scrubs)
                if isinstance(event.change, PlaceAdded | PlaceChanged):
                    holding.add(event.offset)
                state = replay(state, [event])
            assert holding == {one.written for one in places(state)}
        assert not holding

    def test_a_place_stays_when_its_author_leaves_and_is_the_hosts_to_change(self) -> None:
        state = done(with_meet(), BEN, Leave())
        assert find(state, PLACE)
        assert asked(state, ANNA, RemovePlace(PLACE))

    def test_hosts_tick_who_is_there_and_take_it_back(self) -> None:
        (event,) = asked(with_meet(), ANNA, TickPlace(PLACE, CARA, here=True))
        assert event.change == PlaceTicked(PLACE, CARA, here=True, by=ANNA)
        state = replay(with_meet(), [event])
        assert asked(state, ANNA, TickPlace(PLACE, CARA, here=True)) == []
        assert [one.ticked for one in places(state)] == [(CARA,)]
        state = done(state, ANNA, TickPlace(PLACE, CARA, here=False))
        assert [one.ticked for one in places(state)] == [()]

    def test_only_hosts_tick_and_neither_viewers_nor_strangers_are_ticked(self) -> None:
        assert refused(with_meet(), BEN, TickPlace(PLACE, BEN, here=True)).code is ErrorCode.FORBIDDEN
        for who in (VIVI, 9):
            assert pointers(with_meet(), ANNA, TickPlace(PLACE, who, here=True)) == ["/participant"]
        assert pointers(GROUP, ANNA, TickPlace(1, BEN, here=True)) == ["/place"]


class TestHazards:
    def test_the_second_person_who_does_not_see_it_removes_it(self) -> None:
        state = with_hazard()
        assert changes(asked(state, CARA, DenyHazard(PLACE))) == [HazardDenied(PLACE, CARA)]
        state = done(state, CARA, DenyHazard(PLACE))
        assert asked(state, CARA, DenyHazard(PLACE)) == []
        assert changes(asked(state, ANNA, DenyHazard(PLACE))) == [
            HazardDenied(PLACE, ANNA),
            PlaceRemoved(PLACE, None, PLACE),
        ]
        state = done(state, ANNA, DenyHazard(PLACE))
        assert places(state) == ()
        assert asked(state, BEN, DenyHazard(PLACE)) == []

    def test_only_hazards_are_denied_and_not_by_viewers(self) -> None:
        assert pointers(with_meet(), CARA, DenyHazard(PLACE)) == ["/place"]
        assert pointers(GROUP, CARA, DenyHazard(PLACE)) == ["/place"]
        assert refused(with_hazard(), VIVI, DenyHazard(PLACE)).code is ErrorCode.FORBIDDEN

    def test_who_said_so_of_another_spot_or_kind_does_not_count(self) -> None:
        state = done(with_hazard(), CARA, DenyHazard(PLACE))
        moved = done(state, BEN, SetPlace(PLACE, lat=1, lon=1))
        assert changes(asked(moved, ANNA, DenyHazard(PLACE))) == [HazardDenied(PLACE, ANNA)]
        renamed = done(state, BEN, SetPlace(PLACE, name="Oil"))
        assert len(asked(renamed, ANNA, DenyHazard(PLACE))) == 2

    def test_ends_by_itself_after_two_hours(self) -> None:
        state = done(with_hazard(), ANNA, HAZARD, NOW + 10)
        assert next_at(with_meet()) is None
        assert next_at(state) == NOW + TWO_HOURS
        assert asked(state, None, Elapse(), NOW + TWO_HOURS - 1) == []
        (event,) = asked(state, None, Elapse(), NOW + TWO_HOURS)
        assert (event.change, event.by) == (PlaceRemoved(PLACE, None, PLACE), None)
        assert len(asked(state, None, Elapse(), NOW + TWO_HOURS + 10)) == 2

    def test_what_becomes_a_hazard_counts_from_then(self) -> None:
        state = done(with_meet(), BEN, SetPlace(PLACE, PlaceKind.HAZARD), NOW + TWO_HOURS)
        assert next_at(state) == NOW + 2 * TWO_HOURS
        assert next_at(done(state, BEN, SetPlace(PLACE, PlaceKind.NOTE))) is None

    def test_goes_once_who_sweeps_has_passed(self) -> None:
        state = done(with_hazard(), ANNA, SetPost(Post.SWEEP, CARA))
        passed = RaiseAlert(AlertKind.HAZARD_GONE, place=PLACE)
        assert changes(asked(state, CARA, passed)) == [
            AlertRaised(AlertKind.HAZARD_GONE, None, CARA, NOW, PLACE),
            PlaceRemoved(PLACE, None, PLACE),
        ]
        assert refused(state, BEN, passed).code is ErrorCode.FORBIDDEN
        after = done(state, CARA, passed)
        assert asked(after, ANNA, passed) == []
        assert passed.names(ANNA, after) == state.offset + 1
        assert pointers(with_meet(), ANNA, passed) == ["/place"]


class TestRegroup:
    def test_hosts_and_the_lead_call_and_nobody_else(self) -> None:
        led = done(with_meet(), ANNA, SetPost(Post.LEAD, BEN))
        for who in (ANNA, BEN):
            assert changes(asked(led, who, CallRegroup(PLACE))) == [RegroupCalled(PLACE, who, NOW)]
        waiting = done(led, ANNA, CallRegroup())
        for who in (CARA, VIVI):
            for command in (CallRegroup(PLACE), PlaceRegroup(1, 1), EndRegroup()):
                assert refused(waiting, who, command).code is ErrorCode.FORBIDDEN

    def test_there_is_one_at_a_time_and_the_same_again_is_none(self) -> None:
        state = done(with_meet(), ANNA, CallRegroup(PLACE))
        assert standing(state) == Regroup(PLACE, ANNA, NOW)
        assert asked(state, ANNA, CallRegroup(PLACE), NOW + 5) == []
        state = done(state, ANNA, CallRegroup(), NOW + 5)
        assert standing(state) == Regroup(None, ANNA, NOW + 5)

    def test_is_at_a_place_that_is_there_and_no_hazard(self) -> None:
        assert pointers(GROUP, ANNA, CallRegroup(PLACE)) == ["/place"]
        assert pointers(with_hazard(), ANNA, CallRegroup(PLACE)) == ["/place"]

    def test_the_next_stop_gets_its_place_once(self) -> None:
        state = done(GROUP, ANNA, CallRegroup())
        found = PlaceRegroup(47.5, 9.5)
        events = asked(state, ANNA, found, NOW + 60_000)
        assert changes(events) == [
            PlaceAdded(ANNA, PlaceKind.MEET, 47.5, 9.5, None, None, None, NOW + 60_000),
            RegroupCalled(events[0].offset, ANNA, NOW + 60_000),
        ]
        assert asked(replay(state, events), ANNA, found) == []
        assert asked(GROUP, ANNA, found) == []

    def test_ends_by_hand_once(self) -> None:
        state = done(GROUP, ANNA, CallRegroup())
        assert changes(asked(state, ANNA, EndRegroup())) == [RegroupEnded(ANNA, RegroupEnd.BY_HAND)]
        state = done(state, ANNA, EndRegroup())
        assert standing(state) is None
        assert asked(state, ANNA, EndRegroup()) == []

    def test_ends_with_its_place_alone(self) -> None:
        state = done(done(with_meet(), BEN, HAZARD), ANNA, CallRegroup(PLACE))
        assert len(asked(state, BEN, RemovePlace(PLACE + 1))) == 1
        assert changes(asked(state, BEN, RemovePlace(PLACE))) == [
            PlaceRemoved(PLACE, BEN, PLACE),
            RegroupEnded(BEN, RegroupEnd.BY_HAND),
        ]

    def test_ends_when_all_are_there_which_is_told_once(self) -> None:
        state = done(with_meet(), ANNA, CallRegroup(PLACE))
        all_here = RaiseAlert(AlertKind.ALL_HERE, place=PLACE)
        events = asked(state, CARA, all_here)
        assert changes(events) == [
            AlertRaised(AlertKind.ALL_HERE, None, CARA, NOW, PLACE),
            RegroupEnded(None, RegroupEnd.ALL_HERE),
        ]
        after = replay(state, events)
        assert standing(after) is None
        for later in (NOW, NOW + TWO_HOURS):
            assert asked(after, BEN, all_here, later) == []
        again = done(after, ANNA, CallRegroup(PLACE), NOW + TWO_HOURS)
        assert len(asked(again, BEN, all_here, NOW + TWO_HOURS)) == 2

    def test_all_at_another_place_end_no_call(self) -> None:
        state = done(done(with_meet(), BEN, MEET), ANNA, CallRegroup(PLACE))
        assert len(asked(state, BEN, RaiseAlert(AlertKind.ALL_HERE, place=PLACE + 1))) == 1


class TestAlertsAboutPlaces:
    def test_arrivals_are_one_for_each_person_and_place(self) -> None:
        state = done(with_meet(), BEN, MEET)
        arrival = RaiseAlert(AlertKind.ARRIVAL, place=PLACE)
        state = done(state, BEN, arrival)
        assert asked(state, BEN, arrival) == []
        assert asked(state, CARA, arrival)
        assert asked(state, BEN, RaiseAlert(AlertKind.ARRIVAL, place=PLACE + 1))
        assert asked(state, BEN, RaiseAlert(AlertKind.DEPARTURE, place=PLACE))
        assert arrival.names(BEN, state) == state.offset

    def test_of_a_place_that_is_gone_there_is_nothing_to_tell(self) -> None:
        state = done(with_meet(), BEN, RemovePlace(PLACE))
        assert asked(state, BEN, RaiseAlert(AlertKind.ARRIVAL, place=PLACE)) == []
        assert asked(state, BEN, RaiseAlert(AlertKind.ALL_HERE, place=PLACE)) == []

    @pytest.mark.parametrize(
        ("command", "pointer"),
        [
            (RaiseAlert(AlertKind.ARRIVAL), "/place"),
            (RaiseAlert(AlertKind.ALL_HERE), "/place"),
            (RaiseAlert(AlertKind.STOPPED, place=PLACE), "/place"),
            (RaiseAlert(AlertKind.DEPARTURE, place=PLACE + 5), "/place"),
            (RaiseAlert(AlertKind.ALL_HERE, BEN, place=PLACE), "/participant"),
            (RaiseAlert(AlertKind.ARRIVAL, VIVI, place=PLACE), "/participant"),
        ],
    )
    def test_what_cannot_be_names_its_field(self, command: RaiseAlert, pointer: str) -> None:
        assert pointers(with_meet(), BEN, command) == [pointer]

    def test_many_arrivals_leave_room_for_stragglers(self) -> None:
        state = GROUP
        for _ in range(10):
            state = done(state, BEN, MEET)
            state = done(state, BEN, RaiseAlert(AlertKind.ARRIVAL, place=state.offset))
        state = done(state, BEN, MEET)
        assert refused(state, BEN, RaiseAlert(AlertKind.ARRIVAL, place=state.offset)).retry
        assert asked(state, BEN, RaiseAlert(AlertKind.STRAGGLER))

    def test_no_more_gathered_places_are_remembered_than_there_can_be(self) -> None:
        state = GROUP
        for minute in range(MAX_PLACES + 5):
            now = NOW + minute * 60_000
            state = done(state, BEN, MEET, now)
            state = done(state, BEN, RaiseAlert(AlertKind.ALL_HERE, place=state.offset), now)
            state = done(state, BEN, RemovePlace(state.offset - 1), now)
        assert len(state.features.of(RecentAlerts).gathered) == MAX_PLACES


offsets = st.integers(4, 16)
commands = st.one_of(
    st.builds(AddPlace, st.sampled_from(PlaceKind), st.floats(1, 90), st.floats(-180, 180), st.just("Adler")),
    st.builds(SetPlace, offsets, st.none() | st.sampled_from(PlaceKind), name=st.sampled_from([None, "", "Hirsch"])),
    st.builds(RemovePlace, offsets),
    st.builds(TickPlace, offsets, st.integers(1, 3), st.booleans()),
    st.builds(DenyHazard, offsets),
    st.builds(CallRegroup, st.none() | offsets),
    st.just(EndRegroup()),
    st.just(PlaceRegroup(1, 1)),
    st.builds(
        RaiseAlert, st.sampled_from([AlertKind.ARRIVAL, AlertKind.ALL_HERE, AlertKind.HAZARD_GONE]), place=offsets
    ),
    st.just(Elapse()),
)


@given(histories(more=commands))
def test_a_state_is_the_same_for_those_who_never_read_what_was_scrubbed(history: History) -> None:
    scrubbed = {offset for event in history.events for offset in event.scrubs}
    as_stored = [event.without_content() if event.offset in scrubbed else event for event in history.events]
    state = fresh = replay(history.start, history.events)
    for passed in range(len(as_stored), -1, -1):
        state = replay(history.start, history.events[:passed])
        late = replay(state, as_stored[passed:])
        assert messages.snapshot_to_dict(late) == messages.snapshot_to_dict(fresh)


@given(histories(more=commands))
def test_whatever_happens_a_regroup_is_at_a_place_that_is_there(history: History) -> None:
    for step in history.steps:
        call = standing(step.after)
        assert call is None or call.place is None or find(step.after, call.place) is not None
        assert len(places(step.after)) <= MAX_PLACES
        assert all(not one.gone or one.kind is PlaceKind.HAZARD for one in places(step.after))
