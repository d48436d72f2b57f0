"""Places: where they lie from oneself, put with one tap, opened, told of and called to."""

import pytest

from cavalcade.app.camera.framing import Point
from cavalcade.app.map.place_marks import SIGNS
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.live_session import SessionScreen
from cavalcade.app.screens.places_sheet import place_sheet, places_sheet
from cavalcade.app.screens.roll_call_sheet import roll_call_sheet
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.people import Known
from cavalcade.app.session.places import OFFERED, MapApp, map_address, place_views, row_words, spot_for
from cavalcade.client import Fix, PlaceKind
from cavalcade.client.place_rules.board import Row, Standing
from cavalcade.domain.features.places import PlaceAdded, PlaceRemoved, find
from cavalcade.domain.features.regroup import RegroupCalled
from cavalcade.domain.features.statuses import Status, StatusChanged
from tests.app.drawn import Speaking, addresses, least_height, part_of, tap, taps, texts
from tests.app.test_people import FORM, NOW, at
from tests.app.test_sos import told

pytestmark = pytest.mark.usefixtures("closed_afterwards")

POSITION = at(47.0, 9.01)
SPOT = 47.0, 9.01  # where participant 2 is, who is oneself
CAFE = PlaceAdded(2, PlaceKind.FOOD, 47.01, 9.01, "Café (old)", "Behind the church", None, NOW)
MEET = PlaceAdded(1, PlaceKind.MEET, 47.1, 9.01, None, None, None, NOW)
ICE = PlaceAdded(3, PlaceKind.HAZARD, 47.02, 9.01, None, None, None, NOW)


def asked(taking_part: Participation) -> list[tuple[str, dict[str, object]]]:
    operations = taking_part.live.resumption().operations
    return [(one.event, {key: value for key, value in one.payload.items() if key != "op_id"}) for one in operations]


async def test_where_the_group_meets_comes_first_and_then_what_is_near(around: ScreenContext) -> None:
    taking_part = part_of(around)
    for change in (MEET, CAFE):
        told(taking_part, change)
    known = taking_part.known
    assert known is not None
    # One's position is not known before the session is joined.
    assert {one.away for one in place_views(known, FORM)} == {""}
    known = Known(known.state, {2: POSITION}, None, 2, NOW)
    assert [(one.said, one.away) for one in place_views(known, FORM)] == [
        ("Food: Café (old)", "1.1 km north"),
        ("Meeting point", "11 km north"),
    ]
    told(taking_part, RegroupCalled(6, 1, NOW), by=1)
    known = Known(taking_part.live.state, {2: POSITION}, None, 2, NOW)
    assert [(one.id, one.is_called) for one in place_views(known, FORM)] == [(6, True), (7, False)]


def test_a_hazard_lies_where_one_was_and_all_else_where_one_is() -> None:
    fix = Fix(47.0, 9.0, fix_time=NOW)
    assert spot_for(PlaceKind.HAZARD, fix, (46.9, 9.0), NOW) == (46.9, 9.0)
    assert spot_for(PlaceKind.FUEL, fix, (46.9, 9.0), NOW) == (47.0, 9.0)
    assert spot_for(PlaceKind.HAZARD, fix, None, NOW) == (47.0, 9.0)
    assert spot_for(PlaceKind.FUEL, fix, None, NOW + 30_001) is None
    assert spot_for(PlaceKind.FUEL, None, None, NOW) is None


def test_a_place_opens_as_each_device_takes_it() -> None:
    point = Point(47.5, -9.25)
    # RFC 5870, with the query that Android documents for a mark with words.
    assert map_address(point, "Café (old)", MapApp.CHOSEN) == (
        "geo:47.500000,-9.250000?q=47.500000,-9.250000(Caf%C3%A9%20%28old%29)"
    )
    assert map_address(point, "x", MapApp.APPLE) == "https://maps.apple.com/?daddr=47.500000,-9.250000"
    assert map_address(point, "x", MapApp.WEB).endswith("#map=17/47.500000/-9.250000")


async def test_one_tap_puts_a_place_where_one_is(
    around: ScreenContext, device: Speaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking_part = part_of(around)
    sheet = places_sheet(around)
    assert sheet is not None
    assert all(least_height(one) >= 76 for one in taps(sheet.content))
    assert set(OFFERED) == set(PlaceKind) == set(SIGNS)
    await tap(sheet.content, "Fuel")
    assert (asked(taking_part), device.said[-1]) == ([], around.say("places.noHere"))
    monkeypatch.setattr(taking_part, "_newest_fix", Fix(*SPOT, fix_time=taking_part.now))
    await tap(sheet.content, "Fuel")
    [(event, payload)] = asked(taking_part)
    assert (event, payload["kind"], payload["lat"], payload["lon"]) == ("place:add", "fuel", *SPOT)
    assert around.say("places.waiting") in device.said[-1]


async def test_a_place_is_opened_removed_and_called_to_by_who_may(around: ScreenContext) -> None:
    taking_part = part_of(around)
    for change in (CAFE, MEET, ICE):
        told(taking_part, change)
    labels = {}
    for place in (6, 7, 8):
        sheet = place_sheet(place, around)
        assert sheet is not None
        labels[place] = [one.label for one in taps(sheet.content)]
        assert addresses(sheet.content)[0].startswith("geo:47.")
    # One is neither host nor lead: one removes one's own, and denies a hazard.
    copy, remove, deny = around.say("places.copy"), around.say("talk.remove"), around.say("hazard.notThere")
    assert labels == {6: [copy, remove], 7: [copy], 8: [deny, copy]}
    own, ice = place_sheet(6, around), place_sheet(8, around)
    assert own is not None
    assert ice is not None
    assert "Behind the church" in texts(own.content)
    await tap(own.content, remove)
    await tap(ice.content, deny)
    assert asked(taking_part) == [("place:remove", {"place": 6}), ("hazard:gone", {"place": 8})]
    told(taking_part, PlaceRemoved(6, 2, 6))
    assert place_sheet(6, around) is None


async def test_a_call_stands_over_the_map_and_its_sheet_says_who_is_missing(around: ScreenContext) -> None:
    taking_part, screen = part_of(around), SessionScreen(around)
    told(taking_part, MEET)
    told(taking_part, RegroupCalled(6, 1, NOW), by=1)
    taking_part.lost_since = None
    taking_part.watch.look(NOW)
    screen.refresh()
    [strip] = [one.label for one in taps(screen._notices.slot.control)]
    assert strip == f"{around.say('regroup.point')} · {around.say('rollCall.count', here=0, count=4)}"
    sheet = roll_call_sheet(around)
    assert sheet is not None
    assert {"Rider 5", around.say("rollCall.notSharing")} <= set(texts(sheet.content))
    told(taking_part, StatusChanged(3, Status.LATE, NOW))
    known = taking_part.known
    assert known is not None
    assert row_words(Row(3, Standing.COMING, 6), known, FORM) == "Late · about 6 min"


async def test_a_hazard_ahead_is_told_until_it_is_denied(around: ScreenContext) -> None:
    taking_part, screen = part_of(around), SessionScreen(around)
    told(taking_part, ICE)
    ice = find(taking_part.live.state, 6)
    assert ice is not None
    taking_part._on_hazard(ice)
    screen.refresh()
    await tap(screen._notices.slot.control, around.say("hazard.notThere"))
    assert asked(taking_part) == [("hazard:gone", {"place": 6})]
    screen.refresh()
    assert around.say("hazard.notThere") not in [one.label for one in taps(screen._notices.slot.control)]
