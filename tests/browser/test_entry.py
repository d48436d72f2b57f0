"""Getting in and staying in: without storage, in two tabs, without a network, and without a clipboard."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Route, expect

import cavalcade
from cavalcade.client import Membership, create_session, fetch_session
from tests.browser.conftest import EITHER_BACKEND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

# What browsers do where all cookies and site data are blocked, or in a frame that may store nothing.
NO_STORAGE = """for (const [owner, name] of [[window, "localStorage"], [window, "sessionStorage"],
    [window, "indexedDB"], [window, "caches"],
    [Navigator.prototype, "serviceWorker"], [Navigator.prototype, "locks"]]) {
  Object.defineProperty(owner, name, { configurable: true,
    get() { throw new DOMException("Access is denied for this document.", "SecurityError"); } });
}"""
NULL_STORAGE = """for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"])
  Object.defineProperty(window, name, { configurable: true, value: null });
for (const name of ["serviceWorker", "locks"])
  Object.defineProperty(Navigator.prototype, name, { configurable: true, value: undefined });"""
FULL_STORAGE = """Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); }"""
# A tab hears of what another one stored only after a while; here, once it has stored the same itself.
LATE_STORAGE = """{ const { getItem, setItem } = Storage.prototype, own = new Set();
  Storage.prototype.setItem = function (key, value) { own.add(key); setItem.call(this, key, value); };
  Storage.prototype.getItem = function (key) {
    return window.isLate && !own.has(key) ? null : getItem.call(this, key); }; }"""
NO_LOCKS = """Object.defineProperty(Navigator.prototype, "locks", { configurable: true, value: undefined });"""
NO_CLIPBOARD = """Object.defineProperty(navigator, "clipboard", { value: {
  writeText: () => Promise.reject(new DOMException("no", "NotAllowedError")) } });
document.execCommand = () => false;"""
# In the place of the browser's own: says what the test wants, and counts how often it is asked.
RECEIVER = """window.receiver = { begun: 0, watch: null,
  say(latitude) { this.watch?.ok({ timestamp: Date.now(), coords: { latitude, longitude: 24.94, accuracy: 8,
    speed: null, heading: null, altitude: null, altitudeAccuracy: null } }); },
  fail(code) { this.watch?.error({ code, message: "", PERMISSION_DENIED: 1, POSITION_UNAVAILABLE: 2, TIMEOUT: 3 }); } };
Object.defineProperty(navigator, "geolocation", { value: {
  watchPosition(ok, error) { receiver.begun += 1; receiver.watch = { ok, error }; return receiver.begun; },
  clearWatch() { receiver.watch = null; }, getCurrentPosition() {} } });"""


async def people(host: Membership) -> list[str]:
    """The names of those who are in a session."""
    reply = await fetch_session(host)
    assert reply.state is not None
    return sorted(person.name for person in reply.state.participants.values())


def dock(phone: Phone) -> Locator:
    return phone.page.locator(".dock")


@EITHER_BACKEND
@pytest.mark.parametrize("script", [NO_STORAGE, NULL_STORAGE, FULL_STORAGE], ids=["blocked", "absent", "full"])
async def test_without_storage_it_works_for_the_tab(cavalcade_url: str, new_phone: NewPhone, script: str) -> None:
    anna, ben = await new_phone(), await new_phone()
    for phone in (anna, ben):
        await phone.page.add_init_script(script)
    link = await anna.start(cavalcade_url)
    await ben.page.goto(link)
    await expect(ben.page.locator("[data-notice=forgetful]")).to_contain_text("keeps nothing for this page")
    await ben.join(link, "Ben")
    await ben.open_panel("people")
    await expect(ben.row("Traveller 1")).to_be_visible()
    # A reload comes back as the same participant, and makes no second one.
    await ben.page.reload()
    await ben.open_panel("people")
    await expect(ben.row("Ben")).to_contain_text("you")
    await expect(ben.page.locator("li.person")).to_have_count(2)
    await expect(ben.page.locator("[data-notice=forgetful]")).to_have_count(1)


@EITHER_BACKEND
@pytest.mark.parametrize("script", ["", LATE_STORAGE, NO_LOCKS], ids=["usual", "late", "unlocked"])
async def test_a_link_that_is_open_twice_makes_one_participant(
    cavalcade_url: str, new_phone: NewPhone, script: str
) -> None:
    ben = await new_phone()
    await ben.context.add_init_script(script)
    host = await create_session(cavalcade_url)
    assert host.link is not None
    other = await ben.context.new_page()
    answered = asyncio.Event()

    async def hold(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    for page, name in ((ben.page, "Ben"), (other, "Benny")):
        await page.goto(host.link)
        await page.get_by_label("Your name").fill(name)
        await page.evaluate("window.isLate = true")
    await ben.context.route("**/join", hold)
    for page in (ben.page, other):
        await page.get_by_role("button", name="Join the map").click()
    answered.set()
    for page in (ben.page, other):
        await expect(page.locator(".dock")).to_be_visible()
    assert await people(host) in (["Ben", "Traveller 1"], ["Benny", "Traveller 1"])
    before = await people(host)
    await other.reload()
    await expect(other.locator(".dock")).to_be_visible()
    assert await people(host) == before


@EITHER_BACKEND
async def test_who_leaves_and_comes_back_is_somebody_new(cavalcade_url: str, new_phone: NewPhone) -> None:
    ben = await new_phone()
    host = await create_session(cavalcade_url)
    assert host.link is not None
    await ben.join(host.link, "Ben")
    await ben.open_panel("menu")
    await ben.button("Leave the session").click()
    await ben.button("Join again").click()
    await ben.page.get_by_label("Your name").fill("Benny")
    await ben.button("Join the map").click()
    await expect(ben.page.locator(".dock")).to_be_visible()
    assert await people(host) == ["Benny", "Traveller 1"]


@EITHER_BACKEND
async def test_loaded_without_a_network_it_shows_what_it_last_knew(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(may_locate=False), await new_phone(may_locate=False)
    for phone in (anna, ben):
        await phone.page.add_init_script(RECEIVER)
    await ben.join(await anna.start(cavalcade_url), "Ben")
    await anna.page.evaluate("receiver.say(60.17)")
    await ben.page.evaluate("receiver.say(60.18)")
    for participant in (1, 2):
        await expect(ben.avatar(participant)).to_be_visible()
    # The page's files come from the browser, as after a visit of some seconds; nothing else does.
    await ben.page.route("**/api/**", lambda route: route.abort())
    await ben.page.route_web_socket("**/socket/websocket**", lambda socket: socket.close())
    await ben.page.reload()
    for participant in (1, 2):
        await expect(ben.avatar(participant)).to_be_visible()
    await expect(dock(ben)).to_contain_text("No connection")
    await expect(dock(ben)).not_to_contain_text("Allow your location")
    await ben.until("receiver.watch !== null")
    await ben.page.evaluate("receiver.say(60.19)")
    await ben.until("Object.keys(localStorage).some((key) => key.startsWith('cavalcade.fixes.'))")
    await expect(dock(ben)).to_contain_text("No connection")
    # What was ridden arrives once there is a network.
    await ben.page.unroute_all()
    await ben.page.route_web_socket("**/socket/websocket**", lambda socket: socket.connect_to_server())
    await ben.until("!Object.keys(localStorage).some((key) => key.startsWith('cavalcade.fixes.'))")
    await anna.open_panel("people")
    await expect(anna.row("Ben")).to_contain_text("2.2 km")


def test_what_is_needed_without_a_network_is_among_what_the_browser_keeps() -> None:
    worker = (Path(cavalcade.__file__).parent / "page" / "service_worker.js").read_text()
    needed = ("index", "dial", "sos", "talk", "places", "roll_call", "watch")
    assert [name for name in needed if f"/assets/{name}-" not in worker] == []


@EITHER_BACKEND
async def test_a_pause_without_a_network_is_kept_over_a_reload(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone()
    await ben.join(await anna.start(cavalcade_url), "Ben")
    await expect(anna.avatar(2)).to_be_visible()
    await ben.page.route_web_socket("**/socket/websocket**", lambda socket: socket.close())
    await ben.page.reload()
    await expect(dock(ben)).to_contain_text("No connection")
    await ben.page.locator(".sharing").click()
    await expect(dock(ben)).to_contain_text("Sharing off")
    # It is not shared again by a page that is loaded before the server was told.
    await ben.page.reload()
    await expect(dock(ben)).to_contain_text("Sharing off")
    await ben.page.unroute_all()
    await ben.page.route_web_socket("**/socket/websocket**", lambda socket: socket.connect_to_server())
    await expect(anna.avatar(2)).to_have_count(0)
    await ben.until("!Object.keys(localStorage).some((key) => key.startsWith('cavalcade.operations.'))")


@EITHER_BACKEND
async def test_a_page_that_newer_ones_replace_stays_away(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone(may_locate=False)
    await anna.start(cavalcade_url)
    for _ in range(4):
        page = await anna.context.new_page()
        await page.goto(anna.page.url)
        await expect(page.locator(".pulse.is-live")).to_have_count(1)
    await expect(anna.page.locator("[data-ending=replaced]")).to_contain_text("You opened this session elsewhere")
    await anna.button("Join again").click()
    await expect(anna.page.locator(".pulse.is-live")).to_have_count(1)


@EITHER_BACKEND
async def test_the_receiver_is_asked_again_after_an_error(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone(may_locate=False)
    await anna.page.add_init_script(RECEIVER)
    await anna.page.clock.install()
    await anna.start(cavalcade_url)
    await anna.until("receiver.watch !== null")
    begun = await anna.page.evaluate("receiver.begun")
    # While nothing was answered, somebody may still be reading the browser's question.
    await anna.page.clock.run_for(30_000)
    assert await anna.page.evaluate("receiver.begun") == begun
    await anna.page.evaluate("receiver.fail(3)")
    await expect(dock(anna)).to_contain_text("Still trying")
    await anna.page.clock.run_for(30_000)
    assert await anna.page.evaluate("receiver.begun") > begun
    await anna.page.evaluate("receiver.say(60.17)")
    await expect(dock(anna)).to_contain_text("Sharing live")


@EITHER_BACKEND
async def test_what_was_not_copied_is_not_said_to_be(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone()
    await anna.page.add_init_script(NO_CLIPBOARD)
    link = await anna.start(cavalcade_url)
    await anna.button("Copy link").click()
    await expect(anna.button("Could not copy")).to_be_visible()
    assert await anna.page.evaluate("getSelection().toString()") == link
    await anna.page.evaluate("document.execCommand = () => true")
    await anna.button("Could not copy").click()
    await expect(anna.button("Copied")).to_be_visible()


@EITHER_BACKEND
async def test_a_refused_name_is_not_kept_and_locks_nobody_out(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone()
    await anna.start(cavalcade_url)
    await anna.open_panel("people")
    await anna.button("Change how I appear").click()
    await anna.page.get_by_label("Your name").fill("Ana \u202e")
    await anna.button("Save").click()
    await expect(anna.page.get_by_role("alert").filter(has_text="That name cannot be shown")).to_be_visible()
    assert await anna.page.evaluate("localStorage.getItem('cavalcade.name')") is None
    # One that an earlier version kept.
    await anna.page.evaluate("localStorage.setItem('cavalcade.name', 'Ana \\u202e')")
    await anna.start(cavalcade_url)
    await anna.open_panel("people")
    await expect(anna.row("Traveller 1")).to_be_visible()
