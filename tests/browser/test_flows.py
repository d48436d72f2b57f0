"""What happens around the map: time, languages, the network, the background, and what a link tells of itself."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from cavalcade.client import create_session
from tests.browser.conftest import EITHER_BACKEND
from tests.browser.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

# What the page promises of a network that falls silent and comes back.
NOTICED_WITHIN_MS = 10_000
CURRENT_WITHIN_MS = 3_000

# In the place of the browser's own, which cannot be looked at: counts how often the screen was to be kept awake.
COUNT_WAKE_LOCKS = """
window.wakeLocks = [];
Object.defineProperty(navigator, "wakeLock", { value: { request: async () => {
  const lock = { released: false, async release() { this.released = true; } };
  window.wakeLocks.push(lock);
  return lock;
} } });
"""
HELD_WAKE_LOCKS = "window.wakeLocks.filter((lock) => !lock.released).length"

HIDE = """(hidden) => {
  Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
DEVICE_IS_BACK = {
    "online": "dispatchEvent(new Event('online'))",
    "pageshow": "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
    "visible": f"({HIDE})(false)",
}
"""What tells the page so, by its name."""
A_MINUTE_PASSES = "const before = Date.now; Date.now = () => before() + 60_000"
"""While a device sleeps: the clock that nobody sets stands still."""
TWENTY_MINUTES_PASS = """() => {
  for (const clock of [Date, performance]) {
    const before = clock.now.bind(clock);
    clock.now = () => before() + 20 * 60_000;
  }
}"""
KEPT_FIXES = """() => Object.entries(localStorage)
  .filter(([key]) => key.startsWith("cavalcade.fixes."))
  .flatMap(([, fixes]) => JSON.parse(fixes)).length"""


@EITHER_BACKEND
async def test_anyone_asks_for_time_and_the_host_gives_it(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone()
    link = await anna.start(cavalcade_url)
    await ben.join(link, "Ben")
    await ben.open_panel("menu")
    await ben.button("Ask for more time").click()
    await expect(ben.button("More time was asked for")).to_be_disabled()
    card = anna.page.locator("[data-notice=asked]")
    await expect(card).to_contain_text("Ben asks for more time")
    await expect(anna.page.get_by_role("status").filter(has_text="Ben asks for more time")).to_have_count(1)
    await card.get_by_role("button", name="1 hour more").click()
    for phone in (anna, ben):
        await expect(phone.page.locator(".top")).to_contain_text("8 h 59 min left")
    await expect(card).to_have_count(0)
    await expect(ben.button("Ask for more time")).to_be_enabled()


@EITHER_BACKEND
async def test_the_end_is_announced_in_time(cavalcade_url: str, new_phone: NewPhone) -> None:
    async with Wire() as wire:
        ben = await new_phone(proxy=wire.proxy)
        made = await create_session(cavalcade_url, lifetime_s=1500)
        assert made.link
        await ben.join(made.link, "Ben")
        notice = ben.page.locator("[data-notice=time]")
        await expect(notice).to_contain_text("Ends in 24 min")
        await notice.get_by_role("button", name="Ask for more time").click()
        await expect(notice).to_contain_text("More time was asked for")
        await notice.get_by_role("button", name="Not now").click()
        await expect(notice).to_have_count(0)
        # It comes again when there is next to no time left: twenty minutes pass, without a word of the server's.
        wire.fall_silent()
        await ben.page.evaluate(TWENTY_MINUTES_PASS)
        await expect(notice).to_contain_text("Ends in 4 min")


@EITHER_BACKEND
@pytest.mark.parametrize("minutes", [10, -10])
async def test_a_clock_that_is_set_makes_nobody_old_and_moves_no_end(
    cavalcade_url: str, new_phone: NewPhone, minutes: int
) -> None:
    anna, ben = await new_phone(), await new_phone()
    await ben.join(await anna.start(cavalcade_url), "Ben")
    for phone in (anna, ben):
        await phone.open_panel("people")
    await expect(ben.row("Traveller 1")).to_contain_text("0 m")
    await ben.page.evaluate("by => { const before = Date.now; Date.now = () => before() + by }", minutes * 60_000)
    await anna.move(north=1_000)
    await expect(ben.row("Traveller 1")).to_contain_text("1 km")
    await ben.move(north=3_000)
    await expect(anna.row("Ben")).to_contain_text("2 km")
    await expect(ben.row("Traveller 1")).to_contain_text("2 km")
    for row in (ben.row("Traveller 1"), anna.row("Ben")):
        await expect(row).not_to_contain_text("ago")
    await expect(ben.page.locator(".top")).to_contain_text(re.compile("7 h 5[5-9] min left"))


@EITHER_BACKEND
async def test_a_reading_of_0_0_moves_no_map(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone()
    await ben.join(await anna.start(cavalcade_url), "Ben")
    await anna.open_panel("people")
    await expect(anna.row("Ben")).to_contain_text("0 m")
    await ben.context.set_geolocation({"latitude": 0, "longitude": 0, "accuracy": 5})
    # What comes after it has passed it.
    await ben.move(north=1_000)
    await expect(anna.row("Ben")).to_contain_text("1 km")


@EITHER_BACKEND
async def test_a_color_is_chosen_and_seen_by_everyone(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone()
    await ben.join(await anna.start(cavalcade_url), "Ben")
    await ben.open_panel("people")
    await ben.button("Change how I appear").click()
    await ben.page.get_by_role("radio", name="Purple").check(force=True)
    await ben.button("Save").click()
    await anna.open_panel("people")
    await expect(anna.row("Ben").locator(".person-disc")).to_have_css("background-color", "rgb(142, 78, 198)")


@EITHER_BACKEND
async def test_a_name_is_remembered_or_none_is_needed(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone()
    link = await anna.start(cavalcade_url)
    await ben.page.goto(link)
    await ben.button("Join the map").click()
    await ben.open_panel("people")
    await expect(ben.row("Traveller 2")).to_contain_text("you")
    # Somebody who gave a name is greeted with it at the next link.
    await ben.button("Change how I appear").click()
    await ben.page.get_by_label("Your name").fill("Ben Quick")
    await ben.button("Save").click()
    await expect(ben.row("Ben Quick")).to_contain_text("you")
    other = (await create_session(cavalcade_url)).link
    assert other
    await ben.page.goto("about:blank")
    await ben.page.goto(other)
    await expect(ben.page.get_by_label("Your name")).to_have_value("Ben Quick")


@EITHER_BACKEND
async def test_it_speaks_the_readers_language_and_measures_in_their_units(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    anna, ben = await new_phone(locale="de-DE"), await new_phone(locale="en-GB")
    await anna.page.goto(cavalcade_url)
    await expect(anna.page.locator("html")).to_have_attribute("lang", "de")
    await anna.page.get_by_label("Sprache").select_option("fr")
    await expect(anna.page.get_by_role("heading", name="Roulez ensemble")).to_be_visible()
    await anna.page.reload()
    await expect(anna.page.locator("html")).to_have_attribute("lang", "fr")
    await anna.button("Démarrer une session").click()
    await expect(anna.page.locator("[data-panel=share]")).to_be_visible()
    link = f"http://{(await anna.page.locator('.link').inner_text()).strip()}"

    await ben.join(link, "Ben")
    await ben.move(north=5_000)
    await ben.open_panel("people")
    await expect(ben.row("Traveller 1")).to_contain_text("3.1 mi")
    await anna.open_panel("people")
    await expect(anna.row("Ben")).to_contain_text("5 km")
    await ben.open_panel("menu")
    await ben.page.get_by_role("radio", name="Kilometers").check(force=True)
    await ben.open_panel("people")
    await expect(ben.row("Traveller 1")).to_contain_text("5 km")


@EITHER_BACKEND
async def test_a_silent_network_is_noticed_and_its_return_too(cavalcade_url: str, new_phone: NewPhone) -> None:
    async with Wire() as wire:
        anna, ben = await new_phone(), await new_phone(proxy=wire.proxy)
        link = await anna.start(cavalcade_url)
        await ben.join(link, "Ben")
        for phone in (anna, ben):
            await phone.open_panel("people")
        await expect(ben.row("Traveller 1")).to_contain_text("0 m")

        wire.fall_silent()
        await expect(ben.page.locator("[data-notice=lost]")).to_be_visible(timeout=NOTICED_WITHIN_MS)
        await ben.screenshot("phone-light-lost")
        await expect(ben.page.locator(".sharing")).to_contain_text("No connection")
        await ben.move(north=1_000)
        await anna.move(north=3_000)
        # What this phone did meanwhile is kept on it.
        await ben.until(f"({KEPT_FIXES})() > 0")

        wire.come_back()
        await expect(ben.row("Traveller 1")).to_contain_text("2 km", timeout=CURRENT_WITHIN_MS)
        await expect(ben.page.locator("[data-notice=lost]")).to_have_count(0)
        await expect(anna.row("Ben")).to_contain_text("2 km", timeout=CURRENT_WITHIN_MS)
        await ben.until(f"({KEPT_FIXES})() === 0")


@EITHER_BACKEND
async def test_a_slow_network_is_dialed_once(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone()
    await anna.start(cavalcade_url)
    dials: list[str] = []

    async def answer(socket: WebSocketRoute) -> None:
        dials.append(socket.url)
        # By then the page has been shown, and waits.
        await anna.page.wait_for_load_state("load")
        socket.connect_to_server()

    await anna.page.route_web_socket("**/socket/websocket**", answer)
    await anna.page.reload()
    await expect(anna.avatar(1)).to_be_visible()
    await anna.open_panel("people")
    await expect(anna.row("Traveller 1")).to_be_visible()
    assert len(dials) == 1


@EITHER_BACKEND
async def test_a_session_is_joined_while_its_words_are_on_their_way(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone()
    await anna.start(cavalcade_url)
    await anna.page.evaluate("localStorage.setItem('cavalcade.language', 'de')")
    is_joined = asyncio.Event()

    async def hold(route: Route) -> None:
        await is_joined.wait()
        await route.continue_()

    await anna.page.route("**/assets/de-*.js", hold)
    anna.page.on("websocket", lambda socket: socket.on("framereceived", lambda _: is_joined.set()))
    await anna.page.reload()
    await expect(anna.avatar(1)).to_be_visible()
    await expect(anna.page.locator("html")).to_have_attribute("lang", "de")


@EITHER_BACKEND
@pytest.mark.parametrize("does_hold", [True, False], ids=["it_holds", "it_breaks"])
async def test_a_session_is_dialed_before_the_pages_code_is_there(
    cavalcade_url: str, new_phone: NewPhone, does_hold: bool
) -> None:
    anna = await new_phone()
    await anna.start(cavalcade_url)
    is_dialed = asyncio.Event()
    dials: list[str] = []

    async def answer(socket: WebSocketRoute) -> None:
        dials.append(socket.url)
        if does_hold or len(dials) > 1:
            socket.connect_to_server()
        else:
            await socket.close()
        is_dialed.set()

    async def hold(route: Route) -> None:
        await is_dialed.wait()
        await route.continue_()

    await anna.page.route("**/assets/index-*.js", hold)
    await anna.page.route_web_socket("**/socket/websocket**", answer)
    await anna.page.reload()
    await expect(anna.avatar(1)).to_be_visible()
    await anna.open_panel("people")
    await expect(anna.row("Traveller 1")).to_be_visible()
    assert len(dials) == (1 if does_hold else 2)


@EITHER_BACKEND
@pytest.mark.parametrize("event", sorted(DEVICE_IS_BACK))
async def test_the_device_is_back_and_so_is_the_page(cavalcade_url: str, new_phone: NewPhone, event: str) -> None:
    anna = await new_phone()
    await anna.start(cavalcade_url)
    dials: asyncio.Queue[WebSocketRoute] = asyncio.Queue()
    is_lost, is_over = asyncio.Event(), asyncio.Event()

    async def answer(socket: WebSocketRoute) -> None:
        dials.put_nowait(socket)
        if is_lost.is_set():
            await is_over.wait()
        else:
            socket.connect_to_server()

    await anna.page.clock.install()
    await anna.page.route_web_socket("**/socket/websocket**", answer)
    await anna.page.reload()
    await expect(anna.avatar(1)).to_be_visible()
    is_lost.set()
    await dials.get_nowait().close()
    await asyncio.wait_for(dials.get(), 10)
    # From now on nothing comes of waiting, and only what the device says has the page dial.
    await anna.page.clock.pause_at(await anna.page.evaluate("Date.now() + 1"))
    while not dials.empty():
        dials.get_nowait()
    await anna.page.evaluate(DEVICE_IS_BACK[event])
    await asyncio.wait_for(dials.get(), 10)
    is_over.set()


@EITHER_BACKEND
async def test_a_fix_sent_into_a_silent_network_is_sent_again(cavalcade_url: str, new_phone: NewPhone) -> None:
    async with Wire() as wire:
        anna, ben = await new_phone(), await new_phone(proxy=wire.proxy)
        await ben.join(await anna.start(cavalcade_url), "Ben")
        for phone in (anna, ben):
            await phone.open_panel("people")
        await expect(anna.row("Ben")).to_contain_text("0 m")

        wire.fall_silent()
        await ben.move(north=1_000)
        await expect(ben.row("Traveller 1")).to_contain_text("1 km")
        wire.cut()
        await expect(ben.page.locator("[data-notice=lost]")).to_be_visible(timeout=NOTICED_WITHIN_MS)
        # It was taken for sent, and nobody moves any more.
        assert await ben.page.evaluate(KEPT_FIXES) == 0

        wire.come_back()
        await expect(anna.row("Ben")).to_contain_text("1 km", timeout=CURRENT_WITHIN_MS)


@EITHER_BACKEND
async def test_the_screen_stays_awake_while_sharing(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone()
    await anna.page.add_init_script(COUNT_WAKE_LOCKS)
    await anna.start(cavalcade_url)
    await anna.until(f"{HELD_WAKE_LOCKS} === 1")
    # The browser takes it away with every hiding.
    await anna.page.evaluate("window.wakeLocks.forEach((lock) => { lock.released = true })")
    await anna.page.evaluate(HIDE, False)
    await anna.until(f"{HELD_WAKE_LOCKS} === 1")
    await anna.page.locator(".sharing").click()
    await anna.until(f"{HELD_WAKE_LOCKS} === 0")


@EITHER_BACKEND
async def test_the_background_is_explained_before_and_after(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone()
    await anna.start(cavalcade_url)
    await expect(anna.page.locator("[data-notice=keep]")).to_contain_text("stops your position")
    await anna.button("Got it").click()
    await anna.page.evaluate(HIDE, True)
    await anna.page.evaluate(A_MINUTE_PASSES)
    await anna.page.evaluate(HIDE, False)
    await expect(anna.page.locator("[data-notice=away]")).to_contain_text("No position from you for 1 min")
    await anna.button("Got it").click()
    # What was said once on this device is not said again.
    await anna.page.reload()
    await expect(anna.page.locator(".sharing")).to_contain_text("Sharing live")
    await expect(anna.page.locator("[data-notice=alone]")).to_be_visible()


@EITHER_BACKEND
async def test_a_preview_tells_nothing_of_the_session(cavalcade_url: str, new_phone: NewPhone) -> None:
    """Messengers fetch a link to show a card: it is the same for all, and nobody else's server is named in it."""
    anna = await new_phone()
    link = await anna.start(cavalcade_url)
    async with httpx.AsyncClient(base_url=cavalcade_url, trust_env=False) as client:
        answer = await client.get(link)
        assert answer.content == (await client.get("/")).content
        assert re.findall(r'property="og:title" content="([^"]*)"', answer.text) == ["Cavalcade"]
        assert not re.search(r'(?:src|href)="https?://', answer.text)
        # Messengers take an absolute address alone.
        (picture,) = re.findall(r'property="og:image" content="([^"]*)"', answer.text)
        assert picture == f"{cavalcade_url}/icon-512.png"
        assert (await client.get(picture)).headers["Content-Type"] == "image/png"
        policy = answer.headers["Content-Security-Policy"]
        scripts = re.search(r"script-src ([^;]*)", policy) or re.search(r"default-src ([^;]*)", policy)
        assert scripts
        assert "unsafe" not in scripts[1]
        manifest = (await client.get("/manifest.webmanifest")).json()
        assert manifest["display"] == "standalone"
        for icon in manifest["icons"]:
            assert (await client.get(icon["src"])).status_code == 200
