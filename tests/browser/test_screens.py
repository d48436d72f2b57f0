"""Every screen at four sizes, light and dark: axe finds nothing, nothing runs out of the window, all can be touched."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.conftest import PAIRS_OR_ALL, Theme, keep_picture

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

AXE = Path(__file__).parents[2] / "page" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"phone": (390, 844), "side": (844, 390), "tablet": (820, 1180), "desktop": (1440, 900)}
THEMES: tuple[Theme, Theme] = ("light", "dark")
CLOSELY: tuple[tuple[str, Theme], ...] = (("phone", "light"), ("desktop", "dark"))
"""At these axe looks as well: the other sizes differ in where things lie, not in what they are."""
CLOSELY_WITH_TIME: tuple[tuple[str, Theme], ...] = (*CLOSELY, ("phone", "dark"), ("desktop", "light"))
SMALLEST_TARGET = 44
MESSENGER = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 Instagram 390.0"
)

DRAWN = """async () => {
  for (let count = 0; count < 3; count++) await new Promise(requestAnimationFrame);
}"""

# People go before the map's attribution and before places: an avatar that stands on one makes axe call it too small.
# Who is beyond the picture is drawn by initials, and read out by name.
RUN_AXE = """async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run({ runOnly: rules });
  const isCovered = (id, { target }) =>
    id === "target-size" && document.querySelector(target[0])?.closest(".maplibregl-ctrl-attrib, .place-mark");
  const isInitials = (id, { target }) =>
    id === "label-content-name-mismatch" && document.querySelector(target[0])?.matches(".edge-mark");
  return violations.flatMap(({ id, nodes }) =>
    nodes.filter((node) => !isCovered(id, node) && !isInitials(id, node)).map((node) => `${id}: ${node.html}`));
}"""

# A label that belongs to a small control is touched in its place.
SMALL_TARGETS = """(smallest) => [...document.querySelectorAll("button, a[href], input, select")]
  .filter((one) => one.checkVisibility() && !one.closest(".maplibregl-ctrl-attrib"))
  .map((one) => [one.outerHTML.slice(0, 100), (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.width < smallest || box.height < smallest)
  .map(([name]) => name)"""

# Every control can be brought into sight, and what is fixed over the map does not lie over another control.
# An open dialog covers everything by intent.
HIDDEN_CONTROLS = """() => [
    ...(document.querySelector("dialog[open]") ?? document.querySelector("main") ?? document)
      .querySelectorAll("button, a[href], input, select, textarea"),
  ]
  .filter((one) => one.checkVisibility() && !one.disabled)
  .filter((one) => !one.closest(".avatar, .place-mark, .maplibregl-ctrl-attrib"))
  .filter((one) => {
    one.scrollIntoView({ block: "nearest", behavior: "instant" });
    const { left, top, width, height } = one.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return !hit || !(one.closest("label") ?? one).contains(hit);
  })
  .map((one) => one.outerHTML.slice(0, 120))"""


async def _look(page: Page, name: str, *, all_of_them: bool) -> None:
    """Checks one screen at every size, and has axe look at it at some."""
    await page.emulate_media(reduced_motion="reduce")
    for size, (width, height) in SIZES.items():
        await page.set_viewport_size({"width": width, "height": height})
        await page.evaluate(DRAWN)
        await _check_layout(page, f"{name}-{size}")
        for theme in THEMES:
            if (size, theme) in (CLOSELY_WITH_TIME if all_of_them else CLOSELY):
                await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                await check_by_axe(page, f"{name}-{size}-{theme}")


async def check_by_axe(page: Page, where: str) -> None:
    """Has axe look at what is shown."""
    await page.evaluate(DRAWN)
    await keep_picture(page, where)
    await page.evaluate(AXE.read_text())
    assert await page.evaluate(RUN_AXE) == [], where


async def _check_layout(page: Page, where: str) -> None:
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) <= 0, where
    assert await page.evaluate(SMALL_TARGETS, SMALLEST_TARGET) == [], where
    assert await page.evaluate(HIDDEN_CONTROLS) == [], where


@PAIRS_OR_ALL
async def test_the_pages_around_a_session(cavalcade_url: str, new_phone: NewPhone, all_of_them: bool) -> None:
    anna, ben = await new_phone(), await new_phone(user_agent=MESSENGER)
    await anna.page.goto(cavalcade_url)
    await expect(anna.button("Start a session")).to_be_visible()
    await _look(anna.page, "start", all_of_them=all_of_them)
    link = await anna.start(cavalcade_url)

    await ben.page.goto(link)
    await expect(ben.button("Join the map")).to_be_visible()
    await expect(ben.page.locator("[data-notice=browser]")).to_contain_text("Instagram")
    address = await ben.page.get_by_role("link", name="Open in browser").get_attribute("href")
    assert address == f"intent{link.removeprefix('http')}#Intent;scheme=http;end"
    await _look(ben.page, "join", all_of_them=all_of_them)

    await ben.page.goto("about:blank")
    await ben.page.goto(f"{cavalcade_url}/j#cut")
    await expect(ben.page.get_by_role("heading", name="This link is incomplete")).to_be_visible()
    await _look(ben.page, "ending", all_of_them=all_of_them)


@PAIRS_OR_ALL
async def test_the_session(cavalcade_url: str, new_phone: NewPhone, all_of_them: bool) -> None:
    anna, ben = await new_phone(), await new_phone(east=250)
    link = await anna.start(cavalcade_url)
    await ben.join(link, "Benedikt Sommerfeld-Grünwald")
    await expect(ben.page.locator("[data-notice=keep]")).to_be_visible()
    await expect(ben.page.locator(".avatar")).to_have_count(2)
    await expect(ben.page.locator(".edge-mark")).to_have_count(0)
    await _look(ben.page, "session", all_of_them=all_of_them)
    await ben.button("Got it").click()
    for panel in ("people", "share", "menu"):
        await ben.open_panel(panel)
        await _look(ben.page, panel, all_of_them=all_of_them)
    await ben.open_panel("people")
    await ben.button("Change how I appear").click()
    await _look(ben.page, "profile", all_of_them=all_of_them)
    await ben.button("Cancel").click()
    # However long it took to come here, nobody's position is an old one.
    await asyncio.gather(anna.move(1), ben.move(1, 250))
    await expect(ben.page.locator(".is-stale")).to_have_count(0)
    await ben.page.locator("li.person .person-row").first.click()
    await expect(ben.button("On a break")).to_be_visible()
    await _look(ben.page, "person", all_of_them=all_of_them)
    await ben.open_panel("pin")
    await expect(ben.page.locator(".place-kinds")).to_be_visible()
    await _look(ben.page, "pin", all_of_them=all_of_them)
    await ben.page.locator(".place-kind[data-kind=meet]").click()
    await expect(ben.button("Change")).to_be_visible()
    await _look(ben.page, "place", all_of_them=all_of_them)
    await ben.button("Change").click()
    await _look(ben.page, "place-form", all_of_them=all_of_them)
    await ben.open_panel("talk")
    await ben.page.get_by_label("Write a message").fill("At the café,\nby the lake")
    await ben.button("Send").click()
    await ben.page.locator(".message-head").click()
    await _look(ben.page, "talk", all_of_them=all_of_them)
    await ben.page.locator(".sos-button").click()
    await _look(ben.page, "sos", all_of_them=all_of_them)
    await ben.button("Breakdown").click()
    await expect(ben.page.get_by_text("Server has it")).to_be_visible()
    await _look(ben.page, "sos-own", all_of_them=all_of_them)
    alarm = anna.page.get_by_role("dialog")
    await expect(alarm).to_contain_text("Breakdown")
    await _look(anna.page, "sos-of-another", all_of_them=all_of_them)
    await ben.button("Show the map").click()
    await ben.open_panel("menu")
    await ben.page.locator("[data-opens=handlebar]").click()
    await ben.button("Status").click()
    await check_by_axe(ben.page, "handlebar")
    await ben.button("Signals").click()
    await check_by_axe(ben.page, "handlebar-signals")


async def test_large_text_hides_nothing(cavalcade_url: str, new_phone: NewPhone) -> None:
    """Letters twice as large, as people set them in their browsers."""
    anna, ben = await new_phone(), await new_phone(east=250)
    link = await anna.start(cavalcade_url)
    for page, screen in ((ben.page, "large-join"),):
        await page.goto(link)
        await expect(ben.button("Join the map")).to_be_visible()
        await enlarge(page, screen)
    await ben.button("Join the map").click()
    await expect(ben.page.locator("[data-notice=keep]")).to_be_visible()
    await expect(ben.page.locator(".avatar")).to_have_count(2)
    await expect(ben.page.locator(".edge-mark")).to_have_count(0)
    await enlarge(ben.page, "large-session")
    await ben.page.locator("[data-notice=keep] .notice-words").click()
    await enlarge(ben.page, "large-notice")
    await ben.button("Got it").click()
    for panel in ("people", "share", "menu", "talk", "pin"):
        await ben.open_panel(panel)
        await enlarge(ben.page, f"large-{panel}")
    await ben.page.locator(".place-kind[data-kind=meet]").click()
    await expect(ben.button("Change")).to_be_visible()
    await enlarge(ben.page, "large-place")
    await ben.page.locator("[data-opens=talk]").click()
    await ben.page.locator(".sos-button").click()
    await enlarge(ben.page, "large-sos")


async def enlarge(page: Page, where: str) -> None:
    """Doubles the letters, and sees that nothing is hidden by that."""
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    await keep_picture(page, where)
    await _check_layout(page, where)


async def test_everything_works_by_keyboard(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna = await new_phone(desktop=True)
    await anna.page.goto(cavalcade_url)
    await expect(anna.button("Start a session")).to_be_visible()
    await anna.page.keyboard.press("Tab")
    await anna.page.keyboard.press("Enter")
    await expect(anna.page.locator("[data-panel=share]")).to_be_visible()
    await expect(anna.button("Center on me")).to_be_enabled()  # as soon as it is known where that is
    seen = set()
    for _ in range(40):
        await anna.page.keyboard.press("Tab")
        seen.add(
            await anna.page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText.trim()"
            )
        )
    assert {"Session menu", "Copy link", "Copy watch link", "Close", "Center on me", "Zoom in", "Zoom out"} <= seen, (
        seen
    )
    await anna.page.locator("[data-opens=menu]").focus()
    await anna.page.keyboard.press("Enter")
    await expect(anna.page.locator("[data-panel=menu]")).to_be_visible()
    assert await anna.page.evaluate("document.activeElement.className") == "panel-title"
    await anna.page.keyboard.press("Escape")
    await expect(anna.page.locator("[data-panel=menu]")).to_have_count(0)
    assert await anna.page.evaluate("document.activeElement.dataset.opens") == "menu"
