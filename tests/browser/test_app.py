"""The Flutter app in a real browser, served by a whole Cavalcade with either backend, on a screen of a phone's size."""

from __future__ import annotations

import asyncio
import math
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, expect

from cavalcade.client import (
    EventReceived,
    Fix,
    LiveSession,
    Signal,
    SosAnswer,
    SosKind,
    SosReason,
    connect,
    create_session,
    fetch_session,
    join_session,
)
from cavalcade.domain.features.chat import MessageSent
from cavalcade.domain.features.sos import standing
from testbed.installations.proxy import Proxy
from tests.browser.app_page import GROUND, LINK, SOON_MS, SOON_S, AppPage, TileServer, opened
from tests.browser.conftest import HELSINKI, SCREENSHOTS, Theme, keep_picture, running_cavalcade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# What a telephone would be handed.
NOTES_ADDRESSES = """() => {
  window.opened = [];
  window.open = (address) => { window.opened.push(address); return null; };
}"""

ENGINE_SAYS_AMERICAN = """() => {
  Object.defineProperty(navigator, "languages", { configurable: true, get: () => ["en-US"] });
  window.dispatchEvent(new Event("languagechange"));
}"""


@pytest.fixture(scope="module", params=["services", pytest.param("monolith", marks=pytest.mark.long)])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, str]]:
    """The address of a whole Cavalcade with the app in it, and its backend."""
    async with running_cavalcade(request.param, CAVALCADE_APP="on") as url, httpx.AsyncClient(base_url=url) as client:
        async with asyncio.timeout(120):
            while (await client.get("/app/")).status_code != httpx.codes.OK:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.1)
        yield url, request.param


def is_north_of(session: LiveSession, participant: int, lat: float) -> bool:
    return participant in session.positions and session.positions[participant].to_fix().lat > lat


async def wait_for(session: LiveSession, condition: object, *, app: AppPage | None = None) -> None:
    """Waits for what a session shows; says what the app shows where that does not come."""
    assert callable(condition)
    try:
        await session.wait_for(condition, SOON_S)
    except TimeoutError:
        if app is None:
            raise
        await keep_picture(app.page, "app-waits", is_wrong=True)
        shown = await app.switch.evaluate("one => one.outerHTML")
        people = {one.id: one.sharing for one in session.state.participants.values()}
        pytest.fail(f"sharing {people}, positions of {sorted(session.positions)}, the app shows {shown}")


async def test_one_tap_makes_a_session_that_others_join(served: tuple[str, str], chromium: Browser) -> None:
    base, backend = served
    theme: Theme = "light" if backend == "services" else "dark"
    async with opened(chromium, theme=theme) as app:
        await app.open(f"{base}/app/")
        await app.shows(f"{backend} ")
        await app.screenshot(f"app-start-{theme}")
        await app.button("Start a session").click()
        await app.button("Invite").click()
        # The link on the sheet is the one that anybody may open.
        shown = app.page.get_by_text(LINK)
        await expect(shown.first).to_be_attached(timeout=SOON_MS)
        link = f"http://{(LINK.search(await shown.first.inner_text()) or [''])[0]}"
        await app.screenshot(f"app-share-{theme}")
        await app.page.mouse.click(195, 5)
        # Who hears the screen finds everything that can be tapped by itself, also while there is one person alone.
        await expect(app.button("Change my name")).to_be_attached(timeout=SOON_MS)
        await expect(app.button("You, Connected")).to_be_attached(timeout=SOON_MS)
        mark = await app.button("You, Connected").bounding_box()
        assert mark
        assert max(mark["width"], mark["height"]) < 60  # the disc alone
        async with connect(await join_session(link, name="Ben")) as ben:
            await wait_for(ben, lambda session: 1 in session.positions)
            ben.report(Fix(HELSINKI[0] + 0.01, HELSINKI[1] + 0.02, accuracy=5.0, speed=12.0, heading=45.0))
            await expect(app.button(re.compile("2 people are here"))).to_be_attached(timeout=SOON_MS)
            await expect(app.button(re.compile("^Ben, "))).to_have_count(
                2, timeout=SOON_MS
            )  # on the map and in the list
            await expect(app.switch).to_have_accessible_name(re.compile("Sharing live"), timeout=SOON_MS)
            await app.screenshot(f"app-session-{theme}")
            await app.switch.click()
            await wait_for(
                ben, lambda session: not session.state.participants[1].sharing and 1 not in session.positions, app=app
            )
            # Like a person, read before tapping: Flutter takes no second tap while it draws what the first one did.
            await expect(app.switch).to_have_accessible_name(re.compile("Sharing off"), timeout=SOON_MS)
            await app.switch.click()
            await wait_for(ben, lambda session: 1 in session.positions, app=app)
            # The same person again after the page was closed: what is needed lies in the browser.
            await app.page.reload()
            await app.wake()
            await expect(app.button(re.compile("2 people are here"))).to_be_attached(timeout=SOON_MS)
            assert set(ben.state.participants) == {1, 2}
            await app.button("Session menu").click()
            await app.button("Leave the session").click()
            await app.button("Leave").click()
            await wait_for(ben, lambda session: 1 not in session.state.participants)
            await app.shows("You left")


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_a_link_opens_the_app_in_the_session(served: tuple[str, str], chromium: Browser) -> None:
    base, _ = served
    host = await create_session(base, name="Lake Tour", host_name="Anna")
    tiles = TileServer()
    async with connect(host) as anna, opened(chromium, tiles=tiles) as app:
        anna.report(Fix(HELSINKI[0] + 0.004, HELSINKI[1] - 0.01, accuracy=5.0, speed=15.0, heading=120.0))
        await app.open(f"{base}/app/#/j#{host.code}")
        await app.shows("Lake Tour")
        await app.write("Your name on the map", "Zoé")
        await app.screenshot("app-join", "dark", "light")
        await app.button("Join the map").click()
        await wait_for(anna, lambda session: 2 in session.positions)
        assert anna.state.participants[2].name == "Zoé"
        await expect(app.button(re.compile("^Anna, "))).to_have_count(2, timeout=SOON_MS)
        await app.shows("OpenStreetMap contributors")
        await app.button("Center on me").click()
        await app.screenshot("app-streets-mine")
        await tiles.until_asked(*HELSINKI)
        await app.screenshot("app-streets", "dark", "light")
        # Tiles are made for the day: in the dark they are dimmed.
        by_day, in_the_dark = [
            await app.brightness((SCREENSHOTS / f"app-streets-{theme}.png").read_bytes(), GROUND)
            for theme in ("light", "dark")
        ]
        assert in_the_dark < 0.5 < by_day
        await app.button(re.compile("^Who is here")).click()
        await app.screenshot("app-people-light")
        await anna.end()
        await app.shows("This session has ended")
        await app.screenshot("app-ended", "dark")


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_the_camera_stays_where_it_is_when_the_appearance_changes(
    served: tuple[str, str], chromium: Browser
) -> None:
    base, _ = served
    host = await create_session(base, name="Dusk", host_name="Anna")
    near = await join_session(host.link or "", name="Ben")
    async with connect(host) as anna, connect(near) as ben, opened(chromium) as app:
        anna.report(Fix(HELSINKI[0] + 0.004, HELSINKI[1] - 0.01, accuracy=5.0))
        # Always in the picture: somebody who is alone in it counts as all of it to those who hear the screen.
        ben.report(Fix(HELSINKI[0] - 0.0005, HELSINKI[1] + 0.002, accuracy=5.0))
        await app.open(f"{base}/app/#/j#{host.code}")
        await app.write("Your name on the map", "Zoé")
        await app.button("Join the map").click()
        await wait_for(anna, lambda session: 3 in session.positions)
        me = app.button(re.compile("^You"))
        await expect(me).to_be_attached(timeout=SOON_MS)
        # Moved by hand, and closer to.
        fitted = await app.place_of(me)
        await app.page.mouse.move(195, 300)
        await app.page.mouse.down()
        await app.page.mouse.move(150, 360, steps=8)
        await app.page.mouse.up()
        await app.page.mouse.wheel(0, -120)
        by_hand = await app.place_of(me)
        assert math.dist(by_hand, fitted) > 30
        await app.change_appearance("dark")
        # An engine may say that its languages changed. The reader did not: roads in Ireland are in kilometres.
        await app.page.evaluate(ENGINE_SAYS_AMERICAN)
        assert await app.place_of(me) == pytest.approx(by_hand, abs=1)
        # It is still in the hand: nobody who rides off moves it, once a second fix bears the first one out.
        for further in (0.2, 0.2001):
            anna.report(Fix(HELSINKI[0] + further, HELSINKI[1], accuracy=5.0))
            await wait_for(ben, lambda session, lat=HELSINKI[0] + further: is_north_of(session, 1, lat - 1e-5))
        await expect(app.button(re.compile(r"^Anna, .*\b22 km"))).to_have_count(1, timeout=SOON_MS)
        assert await app.place_of(me) == pytest.approx(by_hand, abs=1)
        # A person whom the camera follows is followed afterwards, too.
        await app.button("Center on me").click()
        other = app.button(re.compile("^Ben, ")).first
        in_the_middle, beside = await app.place_of(me), await app.place_of(other)
        await app.change_appearance("light")
        assert await app.place_of(me) == pytest.approx(in_the_middle, abs=1)
        await app.context.set_geolocation({"latitude": HELSINKI[0] + 0.002, "longitude": HELSINKI[1], "accuracy": 6})
        await wait_for(anna, lambda session: is_north_of(session, 3, HELSINKI[0] + 0.001))
        async with asyncio.timeout(SOON_S):
            while math.dist(await app.place_of(other), beside) < 100:
                pass
        assert await app.place_of(me) == pytest.approx(in_the_middle, abs=3)


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_what_is_open_stays_open_when_the_appearance_changes(served: tuple[str, str], chromium: Browser) -> None:
    base, _ = served
    host = await create_session(base, name="Dusk", host_name="Anna")
    for number in range(12):
        await join_session(host.link or "", name=f"Rider {number}")
    async with opened(chromium) as app:
        await app.open(f"{base}/app/#/j#{host.code}")
        await app.write("Your name on the map", "Zoé")
        await app.button("Join the map").click()
        people = app.button(re.compile("^Who is here"))
        await people.click()
        await expect(people).to_have_attribute("aria-expanded", "true", timeout=SOON_MS)
        rider = app.button(re.compile("^Rider 6,"))
        before = await app.place_of(rider)
        await app.page.mouse.move(195, 700)
        await app.page.mouse.wheel(0, 150)
        scrolled = await app.place_of(rider)
        assert scrolled[1] < before[1] - 100
        await app.change_appearance("dark")
        await expect(people).to_have_attribute("aria-expanded", "true")
        assert await app.place_of(rider) == pytest.approx(scrolled, abs=1)
        # One sheet has led to another, which is the one that stays.
        await app.button("Session menu").click()
        await app.button("Settings").click()
        await app.write("Address of the server", "https://convoy.example.org")
        await app.change_appearance("light")
        # The browser's own field holds the words only while it has the focus.
        await app.page.get_by_label("Address of the server").click()
        await expect(app.page.get_by_label("Address of the server")).to_have_value("https://convoy.example.org")
        await app.page.mouse.click(195, 5)
        await expect(app.button("Settings")).to_have_count(0)
        await app.button("Session menu").click()
        await app.button("Leave the session").click()
        await app.shows("Leave the session?")
        await app.change_appearance("dark")
        await app.button("Leave").click()
        await app.shows("You left")


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_little_room_and_large_letters_cut_nothing_that_matters(
    served: tuple[str, str], chromium: Browser
) -> None:
    base, _ = served
    host = await create_session(base, name="Alpenrundfahrt über alle Pässe", host_name="Anna-Katharina von Hohenfels")
    async with connect(host) as anna, opened(chromium, size=(320, 568), letters=2.0, locale="fr-FR") as app:
        anna.report(Fix(HELSINKI[0] + 0.01, HELSINKI[1] + 0.01, accuracy=5.0))
        await app.open(f"{base}/app/#/j#{host.code}")
        join = app.button("Rejoindre la carte")
        await expect(join).to_be_attached(timeout=SOON_MS)
        box = await app.box_of(join)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
        assert box["y"] + box["height"] <= 568
        await app.screenshot("app-join-large")
        await join.click()
        await wait_for(anna, lambda session: 2 in session.positions)
        # Drawn up, the sheet leaves everybody in the picture.
        await app.page.set_viewport_size({"width": 390, "height": 844})
        people, riders = app.button(re.compile("^Qui est là")), app.button(re.compile("^(Anna-Katharina|Vous,)"))
        await people.click()
        await expect(people).to_have_attribute("aria-expanded", "true", timeout=SOON_MS)
        sheet = await app.box_of(people)
        marks = [mark for rider in await riders.all() if (mark := await app.box_of(rider))["width"] < 60]
        assert len(marks) == 2
        assert all(mark["y"] + mark["height"] <= sheet["y"] for mark in marks)
        await app.screenshot("app-session-large")
        # Sideways it lies beside the map, which is all theirs.
        await app.page.set_viewport_size({"width": 844, "height": 390})
        sheet = await app.box_of(people)
        marks = [mark for rider in await riders.all() if (mark := await app.box_of(rider))["width"] < 60]
        assert len(marks) == 2
        assert all(mark["x"] > sheet["x"] + sheet["width"] for mark in marks)
        await app.screenshot("app-session-sideways")


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_a_lost_network_is_said_and_all_comes_back(served: tuple[str, str], chromium: Browser) -> None:
    base, _ = served
    host = await create_session(base, name="Tunnel", host_name="Anna")
    async with Proxy(urlsplit(base).port or 0) as proxy, connect(host) as anna, opened(chromium) as app:
        await app.open(f"http://localhost:{proxy.port}/app/#/j#{host.code}")
        await app.write("Your name on the map", "Zoé")
        await app.button("Join the map").click()
        await wait_for(anna, lambda session: 2 in session.state.participants)
        # Nothing is refused and nothing answers: nobody is told that the network is gone.
        proxy.freeze()
        said = app.page.locator("#connection-lost")
        await expect(said).to_be_visible(timeout=SOON_MS)
        await expect(said).to_contain_text("Connection lost")
        await app.screenshot("app-lost")
        proxy.mend()
        await expect(said).to_be_hidden(timeout=60_000)
        # The socket goes on where it still stands; else the page begins again, and must be woken again.
        people, asleep = app.button(re.compile("2 people are here")), app.page.locator("flt-semantics-placeholder")
        await expect(asleep.or_(people).first).to_be_attached(timeout=60_000)
        if await asleep.count():
            await app.wake()
        await expect(people).to_be_attached(timeout=SOON_MS)
        assert set(anna.state.participants) == {1, 2}
        app.complaints.clear()  # Flet's own, of the sockets that it could not open meanwhile


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_a_browser_that_is_closed_has_gone_within_seconds(served: tuple[str, str], chromium: Browser) -> None:
    base, _ = served
    host = await create_session(base, name="Closed", host_name="Anna")
    async with connect(host) as anna:
        async with opened(chromium) as app:
            await app.open(f"{base}/app/#/j#{host.code}")
            await app.write("Your name on the map", "Zoé")
            await app.button("Join the map").click()
            await wait_for(anna, lambda session: session.present == {1, 2})
        await wait_for(anna, lambda session: session.present == {1})


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_time_is_asked_for_heard_and_given(served: tuple[str, str], chromium: Browser) -> None:
    base, _ = served
    host = await create_session(base, name="Late", host_name="Anna")
    async with connect(host) as anna, opened(chromium) as app:
        await app.open(f"{base}/app/#/j#{host.code}")
        await app.write("Your name on the map", "Zoé")
        await app.button("Join the map").click()
        await app.button("Session menu").click()
        await app.button("Take over as host").click()
        await app.shows("The host has not been away long enough.")
        await app.shows("Possible once the host has been away for 10 minutes.")
        await app.button("Close").click()
        await app.button("Session menu").click()
        await app.button("Ask for more time").click()
        await wait_for(anna, lambda session: session.state.session.time_asked_by == 2)
        await app.button("Session menu").click()
        await app.shows("More time was asked for")
        # The page has everything else, and is opened as oneself.
        async with app.context.expect_page() as opened_page:
            await app.button("Open the full map").click()
        page = await opened_page.value
        await page.get_by_role("button", name="Go on as Zoé").click()
        await expect(page.locator(".sharing")).to_contain_text("By the app")
        assert set(anna.state.participants) == {1, 2}


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_a_host_hears_who_asks_for_time_and_gives_it(served: tuple[str, str], chromium: Browser) -> None:
    base, _ = served
    async with opened(chromium) as app:
        await app.open(f"{base}/app/")
        await app.button("Start a session").click()
        await app.button("Invite").click()
        shown = app.page.get_by_text(LINK)
        await expect(shown.first).to_be_attached(timeout=SOON_MS)
        link = f"http://{(LINK.search(await shown.first.inner_text()) or [''])[0]}"
        await app.page.mouse.click(195, 5)
        async with connect(await join_session(link, name="Ben")) as ben:
            await wait_for(ben, lambda session: 1 in session.positions)
            before = ben.state.session.expires_at
            await ben.ask_time()
            await app.shows("Ben asks for more time")
            await app.screenshot("app-time")
            await app.button("1 hour more").click()
            await wait_for(ben, lambda session: session.state.session.expires_at > before)
            await expect(app.button("1 hour more")).to_have_count(0, timeout=SOON_MS)


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_signals_messages_and_help_are_one_tap_away(served: tuple[str, str], chromium: Browser) -> None:
    base, _ = served
    host = await create_session(base, name="Help", host_name="Anna")
    async with connect(host) as anna, opened(chromium) as app:
        await app.context.add_init_script(f"({NOTES_ADDRESSES})()")
        await app.open(f"{base}/app/#/j#{host.code}")
        await app.write("Your name on the map", "Zoé")
        await app.button("Join the map").click()
        await wait_for(anna, lambda session: 2 in session.positions)
        heard = anna.changes()
        await app.button("Signals").click()
        await expect(app.button("Wait for me")).to_be_attached(timeout=SOON_MS)
        await app.screenshot("app-signals")
        await app.button("Need fuel").click()
        async with asyncio.timeout(SOON_S):
            async for change in heard:
                if isinstance(change, EventReceived) and isinstance(change.event.change, MessageSent):
                    assert (change.event.by, change.event.change.signal) == (2, Signal.FUEL)
                    break
        await expect(app.button("Need fuel")).to_have_count(0, timeout=SOON_MS)
        message = await anna.send_message("Next right")
        await app.button("Messages, 1 unread").click(timeout=SOON_MS)
        await app.shows("Next right")
        await app.screenshot("app-messages")
        await anna.remove_message(message)
        await app.shows("Message removed")
        await app.button("Close").click()
        await expect(app.button("Messages")).to_be_attached(timeout=SOON_MS)
        await anna.wait_for(lambda session: session.reached_by.get(2, 0) >= message, SOON_S)
        # One's own: nobody is called but by oneself, and what is cancelled is not sent.
        await app.button("SOS").click()
        await app.shows("Cavalcade does not call anybody. Call 112 yourself.")
        await app.shows(f"{HELSINKI[0]:.5f}, {HELSINKI[1]:.5f}")
        await app.screenshot("app-sos")
        await app.button("Call 112").click()
        async with asyncio.timeout(SOON_S):
            while await app.page.evaluate("window.opened") != ["tel:112"]:  # noqa: ASYNC110 - a page tells of nothing
                await asyncio.sleep(0.05)
        await app.button("Breakdown").click()
        await app.shows("Alarm to the group in")
        await app.button("Cancel").click()
        # Like a person, read before tapping: what is wrong can be chosen during the countdown, too.
        await app.shows("Call the group for help")
        await app.button("Injured").click()
        await app.shows("Alarm to the group in")
        await wait_for(anna, lambda session: len(standing(session.state)) == 1)
        raised = standing(anna.state)[0]
        assert (raised.participant, raised.kind) == (2, SosKind.INJURED)
        await app.shows("Server has it")
        await anna.answer_sos(raised.sos, SosAnswer.GOING)
        await app.shows("Anna comes")
        await app.screenshot("app-sos-answered")
        # The same after the app was closed and opened.
        await app.page.reload()
        await app.wake()
        await app.shows("Anna comes")
        # By where it stands, as a finger does: now and then an empty node of Flutter's semantics covers this screen.
        await app.button("It is solved").click(force=True)
        await wait_for(anna, lambda session: standing(session.state) == ())
        # That of somebody else covers everything.
        raised_by_anna = await anna.raise_sos(SosKind.LOST)
        await app.shows("Anna needs help")
        await expect(app.button("Signals")).to_have_count(0, timeout=SOON_MS)
        await app.screenshot("app-sos-incoming")
        await app.button(re.compile("going$")).click(force=True)
        await wait_for(anna, lambda session: standing(session.state)[0].answers == {"2": SosAnswer.GOING})
        await expect(app.button("Signals")).to_be_attached(timeout=SOON_MS)
        await anna.clear_sos(raised_by_anna, SosReason.FALSE_ALARM)
        await app.shows("False alarm")


@pytest.mark.parametrize("served", ["services"], indirect=True)
async def test_whatever_goes_wrong_there_is_a_plain_message_and_a_way_on(
    served: tuple[str, str], chromium: Browser
) -> None:
    base, _ = served
    host = await create_session(base, name="Hidden", host_name="Anna")
    async with opened(chromium, may_locate=False) as app:
        await app.open(f"{base}/app/")
        await app.write("Link to a session", "https://example.org/not-a-link")
        await app.button("Open").click()
        await app.shows("This is no complete Cavalcade link")
        await app.screenshot("app-bad-link", "dark")
        await app.button("Close").click()
        await app.write("Link to a session", host.link or "")
        await app.button("Open").click()
        await app.button("Join the map").click()
        await app.shows("No permission to use the location")
        await app.screenshot("app-refused", "light")
        await app.button("Close").click()
        # The map and everybody on it are there all the same.
        await expect(app.button("Show everyone")).to_be_attached()
        await expect(app.switch).to_have_accessible_name(re.compile("Not sharing"), timeout=SOON_MS)
        # What was put aside opens again, and sharing pauses whatever stands in its way.
        await app.button("No permission to use the location").click()
        await app.button("Close").click()
        await app.switch.click()
        await expect(app.switch).to_have_accessible_name(re.compile("Sharing off"), timeout=SOON_MS)
        assert len((await fetch_session(host)).state.participants) == 2  # type: ignore[union-attr]
