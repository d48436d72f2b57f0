"""What is up with oneself and with others: said by one tap, and asked for once one stopped."""

import pytest

from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.live_session import SessionScreen
from cavalcade.app.screens.status_sheet import question_card, status_sheet
from cavalcade.app.session.people import people
from cavalcade.app.ui.parts import RIDING
from cavalcade.client import Fix, Status
from cavalcade.domain.events import Event
from cavalcade.domain.features.alerts import AlertAnswer, AlertAnswered, AlertKind, AlertRaised
from cavalcade.domain.features.posts import Post, PostChanged
from cavalcade.domain.features.statuses import StatusChanged
from cavalcade.domain.geo import destination
from cavalcade.domain.session import replay
from tests.app.drawn import least_height, press, taps, texts
from tests.app.test_people import FORM, KNOWN, NOW, STATE

pytestmark = pytest.mark.usefixtures("closed_afterwards")

EVENTS = [
    Event(6, NOW, 2, None, StatusChanged(2, Status.FUEL, NOW)),
    Event(7, NOW, 1, None, PostChanged(Post.LEAD, (2,))),
    Event(8, NOW, 1, None, StatusChanged(3, Status.PROBLEM, NOW)),
]


def wanted(around: ScreenContext) -> list[tuple[str, object]]:
    assert around.controller.participation is not None
    waiting = around.controller.participation.live.resumption().operations
    return [(one.event, one.payload.get("status")) for one in waiting]


def test_the_list_says_what_is_up_and_who_leads() -> None:
    said = {one.id: one.up for one in people(KNOWN.__class__(
        replay(STATE, EVENTS), KNOWN.positions, KNOWN.present, KNOWN.me, KNOWN.now
    ), FORM)}  # fmt: skip
    assert said == {1: "", 2: "leads, Getting fuel", 3: "Problem", 4: "", 5: ""}


async def test_one_tap_says_what_is_up(around: ScreenContext) -> None:
    sheet = status_sheet(around)
    assert sheet is not None
    buttons = taps(sheet.content)
    assert [one.label for one in buttons] == [around.say(f"status.{status}") for status in Status]
    assert all(least_height(one) >= RIDING for one in buttons)
    await press(buttons[list(Status).index(Status.READY)])
    assert wanted(around) == [("status:set", "ready")]


async def test_who_stopped_is_asked_and_answers_with_one_tap(around: ScreenContext) -> None:
    taking_part = around.controller.participation
    assert taking_part is not None
    start, metres = taking_part.now - 400_000, 0
    for second in range(361):
        speed = 15 if second < 60 else 0
        lat, lon = destination(47.0, 9.0, 0, metres)
        metres += speed
        taking_part.watch.take(Fix(lat, lon, start + second * 1_000, speed=speed), start + second * 1_000)
    assert taking_part.watch.is_asking
    screen = SessionScreen(around)
    assert around.say("stopped.fine") in [one.label for one in taps(screen.control)]
    buttons = taps(question_card(around))
    assert [one.label for one in buttons] == [
        around.say(f"stopped.{one}") for one in ("break", "fuel", "problem", "fine")
    ]
    await press(buttons[2])
    assert [taking_part.watch.is_asking, *wanted(around)] == [False, ("status:set", "problem")]


async def test_an_alert_is_for_the_lead_until_it_is_put_away(around: ScreenContext) -> None:
    taking_part = around.controller.participation
    assert taking_part is not None
    now = taking_part.now
    told = Event(8, now, 3, None, AlertRaised(AlertKind.STOPPED, 3, 3, now))
    taking_part.live._channel.replica.replace_state(replay(STATE, [EVENTS[0], EVENTS[1], told]))
    screen = SessionScreen(around)
    title = around.say("alert.stopped", name="Rider 3")
    later = [one for one in taps(screen.control) if one.label == around.say("session.later")]
    assert title in texts(screen.control)
    await press(later[0])
    assert title not in texts(screen.control)


async def test_who_goes_to_somebody_who_stopped_is_said_to_the_others_and_to_them(around: ScreenContext) -> None:
    taking_part = around.controller.participation
    assert taking_part is not None
    now, replica = taking_part.now, taking_part.live._channel.replica
    told = Event(8, now, 3, None, AlertRaised(AlertKind.STOPPED, 3, 3, now))
    stopped = replay(STATE, [EVENTS[0], EVENTS[1], told])
    replica.replace_state(stopped)
    screen = SessionScreen(around)
    (going,) = [one for one in taps(screen.control) if one.label == around.say("sos.going")]
    await press(going)
    assert [(one.event, one.payload["alert"]) for one in taking_part.live._channel.waiting] == [("alert:answer", 8)]
    me = taking_part.live.membership.participant
    other = next(who for who in stopped.participants if who not in {me, 3})
    for who, words in (
        (other, around.say("alert.goesTo", name=stopped.participants[other].name, whom="Rider 3")),
        (me, around.say("alert.youGo", name="Rider 3")),
    ):
        answer = Event(9, now, who, None, AlertAnswered(8, who, AlertAnswer.GOING))
        replica.replace_state(replay(stopped, [answer]))
        assert words in texts(SessionScreen(around).control)
