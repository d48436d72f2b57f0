"""SOS: raised after a countdown, believed only once the server has it, alarmed again until somebody helps."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import flet as ft
import pytest

from cavalcade.app.device.store import DiskStore
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.live_session import SessionScreen
from cavalcade.app.screens.sos_own import emergency_sheet
from cavalcade.app.session.emergency import dialled, message_link, number_for
from cavalcade.app.session.formatting import Format, Units
from cavalcade.app.session.kept import SESSION, KeptSession, Preferences
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.sos import Side, Way, may_wait, side_of, to_alarm, to_show, ways_in
from cavalcade.app.session.sos_words import answers, phones, whereabouts
from cavalcade.app.ui import parts
from cavalcade.app.ui.parts import RIDING
from cavalcade.client import ErrorCode, EventReceived, Fix, Rejected, Resumption, SosAnswer, SosKind
from cavalcade.domain.events import Event
from cavalcade.domain.feature import Change
from cavalcade.domain.features.sharing import SharingChanged
from cavalcade.domain.features.sos import Sos, SosAnswered, SosCleared, SosEnd, SosEscalated, SosRaised
from cavalcade.strings import words
from tests.app import drawn
from tests.app.drawn import addresses, offline, parts_of, tap, taps, texts
from tests.app.test_kept import MEMBERSHIP
from tests.app.test_people import FORM, KNOWN, NOW, STATE, at

pytestmark = pytest.mark.usefixtures("closed_afterwards")

HERE = 47.0, 9.0
OPEN = Sos(6, 3, 3, SosKind.INJURED, 47.1, 9.0, NOW, NOW + 60_000, NOW + 120_000)
RAISED = SosRaised(3, 3, SosKind.INJURED, 47.1, 9.0, NOW, NOW + 60_000, NOW + 120_000)


def part_of(around: ScreenContext) -> Participation:
    taking_part = drawn.part_of(around)
    taking_part.sos._second_s = 0.001
    return taking_part


def screen_of(around: ScreenContext) -> SessionScreen:
    return SessionScreen(around)


def told(taking_part: Participation, change: Change, *, by: int | None = 3) -> None:
    """An event comes from the server."""
    replica = taking_part.live._channel.replica
    assert replica.state is not None
    event = Event(replica.state.offset + 1, NOW, by, None, change)
    replica.fold(event)
    taking_part._take_in(EventReceived(event))


async def until_raised(taking_part: Participation) -> None:
    async with asyncio.timeout(5):
        while not taking_part.sos.pending:  # noqa: ASYNC110 - the countdown tells of seconds, not of what follows
            await asyncio.sleep(0.001)


def raising(taking_part: Participation) -> Sequence[object]:
    return [dict(one.payload) | {"op_id": None} for one in taking_part.sos.pending]


def shown(screen: SessionScreen) -> list[str]:
    """What covers the session."""
    screen.refresh()
    return texts(screen._alarm.control) if screen._alarm.is_shown else []


def is_covered(screen: SessionScreen) -> bool:
    """Whether those who hear the screen find nothing beneath."""
    return not screen._top.visible


async def test_what_is_cancelled_in_the_countdown_is_not_sent(around: ScreenContext) -> None:
    taking_part, screen = part_of(around), screen_of(around)
    await tap(screen.control, "SOS")
    assert around.say("sos.callsNobody", number="112") in shown(screen)
    await tap(screen._alarm.control, around.say("sos.kind.lost"))
    assert around.say("sos.countdown", count=10) in shown(screen)
    counting = taking_part.sos._counting
    assert counting is not None
    await tap(screen._alarm.control, around.say("sos.cancel"))
    await asyncio.wait({counting})
    assert (counting.cancelled(), raising(taking_part)) == (True, [])
    assert around.say("sos.title") in shown(screen)


async def test_it_is_not_sent_before_the_server_has_it_and_survives_the_end_of_the_app(
    around: ScreenContext, tmp_path: Path
) -> None:
    taking_part, screen = part_of(around), screen_of(around)
    await taking_part.locate()
    taking_part._on_fix(Fix(*HERE, accuracy=6.0))
    taking_part.sos.begin(SosKind.LOST)
    taking_part.sos.choose(SosKind.INJURED)
    await until_raised(taking_part)
    assert raising(taking_part) == [{"op_id": None, "kind": "injured", "lat": 47.0, "lon": 9.0}]
    said = shown(screen)
    assert around.say("sos.trying") in said
    assert "47.00000, 9.00000" in said
    assert not any(around.say("sos.serverHasIt", time="")[:10] in one for one in said)
    async with asyncio.timeout(5):
        while (text := await DiskStore(tmp_path).read(SESSION)) is None:  # noqa: ASYNC110 - a file tells of nothing
            await asyncio.sleep(0.001)
    again = offline(tmp_path, KeptSession.from_text(text))
    assert raising(part_of(again)) == raising(taking_part)
    assert again.say("sos.trying") in shown(screen_of(again))


async def test_what_is_taken_back_is_not_sent_by_the_next_run(around: ScreenContext, tmp_path: Path) -> None:
    taking_part, screen = part_of(around), screen_of(around)
    taking_part.sos.begin(SosKind.OTHER)
    await until_raised(taking_part)
    shown(screen)
    await tap(screen._alarm.control, around.say("sos.cancel"))
    assert (raising(taking_part), shown(screen)) == ([], [])
    text = await DiskStore(tmp_path).read(SESSION)
    assert KeptSession.from_text(text or "").resumption.operations == ()


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_one_that_is_refused_is_said_to_be(around: ScreenContext, tmp_path: Path, is_restarted: bool) -> None:
    taking_part = part_of(around)
    taking_part.sos.begin(SosKind.OTHER)
    await until_raised(taking_part)
    if is_restarted:
        around = offline(tmp_path, taking_part.kept())
        taking_part = part_of(around)
        taking_part.sos.resume()
    await asyncio.sleep(0)
    live = taking_part.live
    op_id = taking_part.sos.pending[0].op_id
    urgent = live._channel._lanes.both[0].pending
    urgent.settle(urgent.waiting[0])
    live._settle(op_id, Rejected(ErrorCode.TOO_MANY_REQUESTS))
    async with asyncio.timeout(5):
        while not taking_part.sos.is_refused:  # noqa: ASYNC110 - who waited for the answer goes on
            await asyncio.sleep(0.001)
    assert around.say("sos.refused") in shown(screen_of(around))


async def test_the_screen_says_who_has_it_and_who_comes(around: ScreenContext) -> None:
    taking_part, screen = part_of(around), screen_of(around)
    told(taking_part, replace(RAISED, participant=2, by=2), by=2)
    taking_part.sos.press()
    taking_part.live._channel.replica.reached.update({1: 6, 3: 5, 4: 6})
    said = shown(screen)
    assert around.say("sos.serverHasIt", time=FORM.time_of_day(NOW, seconds=True)) in said
    assert around.say("sos.onPhones", count=1) in said
    told(taking_part, SosAnswered(6, 1, SosAnswer.CALLING), by=1)
    told(taking_part, SosEscalated(6, 2), by=None)
    said = shown(screen)
    assert around.say("sos.answer.calling", name="Rider 1") in said
    assert around.say("sos.nobody", number="112") in said
    # The host ends it, with a reason.
    told(taking_part, SosCleared(6, SosEnd.SOLVED), by=1)
    assert shown(screen) == []
    assert around.say("sos.solved") in texts(screen.control)


async def test_the_button_that_is_held_counts_down_by_itself(
    around: ScreenContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "HOLD_S", parts.LONG_PRESS_S)
    taking_part, screen = part_of(around), screen_of(around)
    [button] = [one for one in parts_of(screen.control) if isinstance(one, ft.GestureDetector) and one.on_tap]
    hold: Any = button.on_long_press_start
    let_go: Any = button.on_long_press_end
    # Let go of too soon, nothing happens.
    await hold(None)
    await let_go(None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not taking_part.sos.is_open
    await hold(None)
    async with asyncio.timeout(5):
        while taking_part.sos.draft is None:  # noqa: ASYNC110 - a timer tells of nothing
            await asyncio.sleep(0.01)
    assert (taking_part.sos.draft.kind, taking_part.sos.is_open) == (SosKind.OTHER, True)
    # Held again, it does not begin again.
    draft = taking_part.sos.draft
    taking_part.sos.hold()
    assert taking_part.sos.draft is draft
    taking_part.sos.cancel_draft()


async def test_that_of_somebody_else_covers_the_screen_and_comes_again(around: ScreenContext) -> None:
    taking_part, screen = part_of(around), screen_of(around)
    told(taking_part, RAISED)
    said = shown(screen)
    assert around.say("sos.of", name="Rider 3") in said
    assert "47.10000, 9.00000" in said
    assert is_covered(screen)
    labels = [one.label for one in taps(screen._alarm.control)]
    assert labels[:2] == [around.say("sos.going"), around.say("sos.staying")]
    large = [one for one in parts_of(screen._alarm.control) if getattr(one, "height", None) == RIDING]
    assert (len(large), addresses(screen._alarm.control)) == (3, ["tel:112"])
    await tap(screen._alarm.control, around.say("sos.map"))
    assert shown(screen) == []
    assert not is_covered(screen)
    headline = around.say("sos.headline", name="Rider 3", kind=around.say("sos.kind.injured"))
    assert headline in texts(screen.control)
    told(taking_part, SosEscalated(6, 1), by=None)
    assert (around.say("sos.of", name="Rider 3") in shown(screen), taking_part.sos.alarms) == (True, 2)
    await tap(screen._alarm.control, around.say("sos.going"))
    waiting = taking_part.live.resumption().operations
    assert [(one.event, one.payload["answer"]) for one in waiting] == [("sos:answer", "going")]
    assert shown(screen) == []
    told(taking_part, SosAnswered(6, 2, SosAnswer.GOING), by=2)
    told(taking_part, SosEscalated(6, 2), by=None)
    assert taking_part.sos.alarms == 2
    told(taking_part, SosCleared(6, SosEnd.FALSE_ALARM))
    screen.refresh()
    assert around.say("sos.falseAlarm") in texts(screen.control)
    await tap(screen.control, around.say("session.close"))
    screen.refresh()
    assert around.say("sos.falseAlarm") not in texts(screen.control)


async def test_it_can_be_raised_for_somebody_else(around: ScreenContext) -> None:
    taking_part, screen = part_of(around), screen_of(around)
    taking_part.sos.press()
    shown(screen)
    await tap(screen._alarm.control, f"{around.say('sos.forWhom')}: {around.say('sos.forMe')}")
    shown(screen)
    labels = [one.label for one in taps(screen._alarm.control)]
    # Who watches raises none, and none is raised for them.
    assert [name in labels for name in ("Rider 1", "Rider 3", "Rider 4", "Rider 5")] == [True, True, False, True]
    await tap(screen._alarm.control, "Rider 3")
    shown(screen)
    await tap(screen._alarm.control, around.say("sos.kind.injured"))
    assert " · ".join((around.say("sos.kind.injured"), around.say("sos.forSomebody", name="Rider 3"))) in shown(screen)
    await until_raised(taking_part)
    assert raising(taking_part) == [{"op_id": None, "kind": "injured", "participant": 3}]


async def test_who_watches_has_no_button(tmp_path: Path) -> None:
    around = offline(tmp_path, KeptSession(replace(MEMBERSHIP, participant=4), Resumption(STATE)))
    labels = [one.label for one in taps(screen_of(around).control)]
    assert around.say("sos.button") not in labels
    assert around.say("talk.signals") not in labels


async def test_sharing_that_an_sos_starts_starts_the_receiver(around: ScreenContext) -> None:
    taking_part = part_of(around)
    told(taking_part, SharingChanged(2, on=False), by=2)
    assert not taking_part.is_sharing
    told(taking_part, SharingChanged(2, on=True), by=2)
    await asyncio.sleep(0)
    assert taking_part._is_locating


async def test_call_and_message_need_no_data(around: ScreenContext) -> None:
    taking_part, screen = part_of(around), screen_of(around)
    await around.controller.change_preferences(Preferences(emergency_contact="+4930"))
    await taking_part.locate()
    taking_part._on_fix(Fix(*HERE, accuracy=6.0))
    taking_part.sos.press()
    shown(screen)
    call, message = addresses(screen._alarm.control)
    assert call == "tel:112"
    assert message.startswith("sms:+4930?&body=SOS%20from%20Rider%202.%20I%20am%20at%2047.00000%2C%209.00000")
    # It says where one is now, and is still the button that a finger may be on.
    button = next(
        one for one in parts_of(screen._alarm.control) if isinstance(one, ft.Button) and "sms" in str(one.url)
    )
    taking_part._newest_fix = Fix(47.5, 9.0, NOW)
    shown(screen)
    assert "47.50000" in addresses(screen._alarm.control)[1]
    assert button in parts_of(screen._alarm.control)
    sheet = emergency_sheet(around)
    sheet.fields[1].value = "+49 170 12x"
    await tap(sheet.content, around.say("people.save"))
    assert around.controller.preferences.emergency_contact == "+4917012"
    assert around.controller.preferences.emergency_number == ""


def test_numbers_are_those_of_the_region_until_one_is_chosen() -> None:
    assert [number_for("", tags) for tags in ([], ["de"], ["de-DE"], ["en", "en-US"], ["en-AU", "en-US"])] == [
        "112", "112", "112", "911", "000",
    ]  # fmt: skip
    assert number_for("999", ["en-US"]) == "999"
    assert [dialled(one) for one in ("+49 170/12", "12+3", "1" * 30, ";ext=1")] == ["+4917012", "123", "1" * 20, "1"]
    assert message_link("", "a&b ?") == "sms:?&body=a%26b%20%3F"


def test_who_comes_there_anyway_is_asked_first() -> None:
    way = Way(0.0, NOW)
    place = 47.0, 9.0
    assert side_of(place, way, at(46.99, 9.0), NOW) is Side.BEHIND
    assert side_of(place, way, at(47.01, 9.0), NOW) is Side.AHEAD
    assert side_of(place, way, at(47.0002, 9.0), NOW) is Side.BESIDE
    assert side_of(place, None, at(47.01, 9.0), NOW) is Side.UNKNOWN
    assert side_of(place, way, None, NOW) is Side.UNKNOWN
    assert side_of(place, way, at(47.01, 9.0), NOW + 10 * 60_000 + 1) is Side.UNKNOWN
    assert [may_wait(replace(OPEN, stage=stage), side) for stage, side in (
        (0, Side.AHEAD), (1, Side.AHEAD), (0, Side.BEHIND), (0, Side.UNKNOWN)
    )] == [True, False, False, False]  # fmt: skip
    moving = {1: at(47.0, 9.0), 2: at(47.0, 9.0, speed=300), 3: at(47.0, 9.0, heading=None)}
    assert ways_in(moving) == {1: Way(90.0, NOW)}


def test_each_is_shown_and_alarmed_until_it_was_seen_to() -> None:
    again, answered = replace(OPEN, stage=1), replace(OPEN, answers={"2": SosAnswer.STAYING})
    mine, by_me = replace(OPEN, participant=2), replace(OPEN, by=2)
    assert [len(to_show([one], 2, {})) for one in (OPEN, again, answered, mine, by_me)] == [1, 1, 0, 0, 0]
    assert [len(to_show([one], 2, {6: 0})) for one in (OPEN, again)] == [0, 1]
    going = replace(again, answers={"2": SosAnswer.GOING})
    assert [len(to_alarm([one], 2, {6: 0})) for one in (OPEN, again, going)] == [0, 1, 0]
    assert to_alarm([mine, by_me], 2, {}) == []


def test_it_is_told_where_and_who_does_what() -> None:
    known = replace(KNOWN, me=1)
    assert whereabouts(OPEN, known, Side.AHEAD, FORM) == "11 km north, behind you"
    assert whereabouts(OPEN, replace(known, positions={}), Side.UNKNOWN, FORM) == ""
    helped = replace(
        OPEN, answers={"1": SosAnswer.GOING, "2": SosAnswer.CALLING, "5": SosAnswer.GOING, "9": SosAnswer.GOING}
    )
    assert answers(helped, known, FORM) == [
        "Rider 1 comes, 11 km away", "Rider 2 calls for help", "Rider 5 comes",
    ]  # fmt: skip
    assert phones(OPEN, known, {2: 6, 3: 5, 4: 9}) == 1


def test_times_of_day_say_where_they_are_from_where_that_is_not_here() -> None:
    elsewhere = Format(words("en"), Units.METRIC, has_local_clock=False)
    assert elsewhere.time_of_day(NOW, seconds=True) == "08:00:00 UTC"
    assert "UTC" not in FORM.time_of_day(NOW)
