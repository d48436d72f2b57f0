"""Every screen at four sizes, at two of them light and dark: axe finds nothing, nothing runs out of the window, all can
be touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.conftest import SCREENSHOTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

AXE = Path(__file__).parents[2] / "page" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"phone": (390, 844), "side": (844, 390), "tablet": (820, 1180), "desktop": (1440, 900)}
CLOSELY = {"phone", "desktop"}
"""At these axe looks as well, and in both themes: the others differ in where things lie, not in what they are."""
SMALLEST_TARGET = 44
MESSENGER = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36 Instagram 390.0"
)

# People go before the map's attribution: an avatar that stands on its button makes axe call it too small.
RUN_AXE = """async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await axe.run({ runOnly: rules });
  const isCovered = (id, { target }) =>
    id === "target-size" && document.querySelector(target[0])?.closest(".maplibregl-ctrl-attrib");
  return violations.flatMap(({ id, nodes }) =>
    nodes.filter((node) => !isCovered(id, node)).map((node) => `${id}: ${node.html}`));
}"""

# A label that belongs to a small control is touched in its place.
SMALL_TARGETS = """(smallest) => [...document.querySelectorAll("button, a[href], input, select")]
  .filter((one) => one.checkVisibility() && !one.closest(".maplibregl-ctrl-attrib"))
  .map((one) => [one.outerHTML.slice(0, 100), (one.closest("label") ?? one).getBoundingClientRect()])
  .filter(([, box]) => box.width < smallest || box.height < smallest)
  .map(([name]) => name)"""

# Every control can be brought into sight, and what is fixed over the map does not lie over another control.
HIDDEN_CONTROLS = """() => [...document.querySelectorAll("main button, main a[href], main input, main select")]
  .filter((one) => one.checkVisibility() && !one.disabled && !one.closest(".avatar, .maplibregl-ctrl-attrib"))
  .filter((one) => {
    one.scrollIntoView({ block: "nearest", behavior: "instant" });
    const { left, top, width, height } = one.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return !hit || !(one.closest("label") ?? one).contains(hit);
  })
  .map((one) => one.outerHTML.slice(0, 120))"""


async def _look(page: Page, name: str) -> None:
    """Checks one screen at every size, and keeps a picture of each."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        await page.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
        for size, (width, height) in SIZES.items():
            if theme == "dark" and size not in CLOSELY:
                continue
            await page.set_viewport_size({"width": width, "height": height})
            where = f"{name}-{size}-{theme}"
            await page.screenshot(path=SCREENSHOTS / f"{where}.png")
            if size in CLOSELY:
                await page.evaluate(AXE.read_text())
                assert await page.evaluate(RUN_AXE) == [], where
            if theme == "light":
                await _check_layout(page, where)


async def _check_layout(page: Page, where: str) -> None:
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) <= 0, where
    assert await page.evaluate(SMALL_TARGETS, SMALLEST_TARGET) == [], where
    assert await page.evaluate(HIDDEN_CONTROLS) == [], where


async def test_the_pages_around_a_session(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone(user_agent=MESSENGER)
    await anna.page.goto(cavalcade_url)
    await expect(anna.button("Start a session")).to_be_visible()
    await _look(anna.page, "start")
    link = await anna.start(cavalcade_url)

    await ben.page.goto(link)
    await expect(ben.button("Join the map")).to_be_visible()
    await expect(ben.page.locator("[data-notice=browser]")).to_contain_text("Instagram")
    address = await ben.page.get_by_role("link", name="Open in browser").get_attribute("href")
    assert address == f"intent{link.removeprefix('http')}#Intent;scheme=http;end"
    await _look(ben.page, "join")

    await ben.page.goto("about:blank")
    await ben.page.goto(f"{cavalcade_url}/j#cut")
    await expect(ben.page.get_by_role("heading", name="This link is incomplete")).to_be_visible()
    await _look(ben.page, "ending")


async def test_the_session(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, ben = await new_phone(), await new_phone(east=250)
    link = await anna.start(cavalcade_url)
    await ben.join(link, "Benedikt Sommerfeld-Grünwald")
    await expect(ben.page.locator("[data-notice=keep]")).to_be_visible()
    await expect(ben.page.locator(".avatar")).to_have_count(2)
    await _look(ben.page, "session")
    await ben.button("Got it").click()
    for panel in ("people", "share", "menu"):
        await ben.open_panel(panel)
        await _look(ben.page, panel)
    await ben.open_panel("people")
    await ben.button("Change how I appear").click()
    await _look(ben.page, "profile")
    await ben.open_panel("menu")
    await ben.button("Leave the session").click()
    await expect(ben.page.get_by_role("dialog")).to_be_visible()
    for theme in ("light", "dark"):
        await ben.page.emulate_media(color_scheme="light" if theme == "light" else "dark")
        await ben.page.evaluate(AXE.read_text())
        assert await ben.page.evaluate(RUN_AXE) == []


async def test_large_text_hides_nothing(cavalcade_url: str, new_phone: NewPhone) -> None:
    """Letters twice as large, as people set them in their browsers."""
    anna, ben = await new_phone(), await new_phone(east=250)
    link = await anna.start(cavalcade_url)
    for page, screen in ((ben.page, "large-join"),):
        await page.goto(link)
        await expect(ben.button("Join the map")).to_be_visible()
        await _enlarge(page, screen)
    await ben.button("Join the map").click()
    await expect(ben.page.locator("[data-notice=keep]")).to_be_visible()
    await _enlarge(ben.page, "large-session")
    await ben.button("Got it").click()
    for panel in ("people", "share", "menu"):
        await ben.open_panel(panel)
        await _enlarge(ben.page, f"large-{panel}")


async def _enlarge(page: Page, where: str) -> None:
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    await page.screenshot(path=SCREENSHOTS / f"{where}.png")
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
