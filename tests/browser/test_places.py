"""Places in the page: by keyboard alone, by a long press, from a file; hidden, and gone where they are removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from cavalcade.client import connect, create_session
from cavalcade.domain.features.places import Place, PlaceKind, places
from tests.browser.conftest import HELSINKI, METRES_PER_DEGREE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from playwright.async_api import Page

    from cavalcade.client import LiveSession
    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

FILE = Path(__file__).parents[1] / "vectors" / "places" / "broken_parts.gpx"
MOST_TABS = 40
GONE_WITHIN_MS = 2_000

FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText.trim()"

# Where people are drawn, to a pixel.
WHERE_PEOPLE_ARE = """() => [...document.querySelectorAll(".avatar")].map((one) => {
  const { x, y } = one.getBoundingClientRect();
  return [Math.round(x), Math.round(y)];
})"""


async def _places(session: LiveSession, *, until: Callable[[Sequence[Place]], bool]) -> Sequence[Place]:
    """The places that somebody else knows of, once they are as is awaited."""
    await session.wait_for(lambda known: until(places(known.state)), timeout=20)
    return places(session.state)


async def _tab_to(page: Page, label: str) -> None:
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate(FOCUSED) == label:
            return
    pytest.fail(f"the keyboard does not reach {label}")


async def test_a_keyboard_alone_adds_names_and_removes_a_place(cavalcade_url: str, new_phone: NewPhone) -> None:
    host = await create_session(cavalcade_url, host_name="Olga")
    anna = await new_phone(desktop=True)
    assert host.link
    async with connect(host) as olga:
        await anna.join(host.link, "Anna")
        await expect(anna.button("Center on me")).to_be_enabled()  # as soon as it is known where that is
        page = anna.page
        await _tab_to(page, "Add a place")
        await page.keyboard.press("Enter")
        await expect(page.locator(".place-kinds")).to_be_visible()
        await _tab_to(page, "Fuel")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Fuel")).to_be_visible()
        (place,) = await _places(olga, until=lambda found: len(found) == 1)
        assert (place.kind, place.name) == (PlaceKind.FUEL, None)
        assert (place.lat, place.lon) == pytest.approx(HELSINKI, abs=1e-5)

        await _tab_to(page, "Change")
        await page.keyboard.press("Enter")
        await page.keyboard.type("Shell")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Fuel: Shell", exact=True)).to_be_visible()
        await _places(olga, until=lambda found: [one.name for one in found] == ["Shell"])

        await _tab_to(page, "Remove")
        await page.keyboard.press("Enter")
        await expect(page.locator(".notice")).to_contain_text("Fuel: Shell removed")
        await expect(anna.button("Undo")).to_be_visible()
        await _places(olga, until=lambda found: found == ())
        await expect(page.locator(".place-mark")).to_have_count(0)


async def test_places_come_from_a_file_and_go_where_they_are_removed(cavalcade_url: str, new_phone: NewPhone) -> None:
    host = await create_session(cavalcade_url, host_name="Olga")
    ben = await new_phone(reduced_motion="reduce")
    assert host.link
    async with connect(host) as olga:
        await ben.join(host.link, "Ben")
        page = ben.page
        await expect(page.locator(".avatar")).to_have_count(1)
        before = await page.evaluate(WHERE_PEOPLE_ARE)
        await olga.add_place(PlaceKind.FOOD, (HELSINKI[0] + 100 / METRES_PER_DEGREE, HELSINKI[1]), name="Café")
        await olga.add_place(PlaceKind.CAMP, (HELSINKI[0] + 1, HELSINKI[1]), name="Far")
        mark = page.get_by_role("button", name="Food: Café", exact=True)
        await expect(mark).to_be_visible()
        assert await page.evaluate(WHERE_PEOPLE_ARE) == before

        # Hidden on this device alone, also when it comes back.
        await mark.click()
        await ben.button("Hide for me").click()
        await ben.button("Close").click()
        await expect(mark).to_have_count(0)
        await page.reload()
        await expect(page.locator(".place-mark")).to_have_count(1)
        await ben.button("Add a place").click()
        await ben.button("All places: 2").click()
        await expect(page.get_by_text("Hidden by you: 1")).to_be_visible()

        await page.locator("input[type=file]").set_input_files(FILE)
        await expect(page.locator(".panel-body")).to_contain_text("5 places found. Left out: 4 unreadable.")
        await page.locator(".place-row", has_text="Second").get_by_role("checkbox").uncheck()
        await ben.button("Add 4 places").click()
        found = await _places(olga, until=lambda found: len(found) == 6)
        assert [one.name for one in found[2:]] == ["First", "Third", "Fish & chips", "Last & best ✓"]

        await olga.remove_place(found[1].place)
        await expect(page.locator(f"[data-place='{found[1].place}']")).to_have_count(0, timeout=GONE_WITHIN_MS)
        await ben.button("Close").click()

        # A press that lasts puts the next one there, with the tap on its kind.
        await page.mouse.move(100, 300)
        await page.mouse.down()
        await expect(page.get_by_label("Where you tapped")).to_be_checked()
        await page.mouse.up()
        await ben.button("More").click()
        await ben.button("View").click()
        await expect(page.get_by_role("heading", name="View")).to_be_visible()
        view = (await _places(olga, until=lambda found: len(found) == 6))[-1]
        assert view.kind is PlaceKind.VIEW
        assert view.lon < HELSINKI[1]
        await ben.button("Undo").click()
        await _places(olga, until=lambda found: view not in found)
