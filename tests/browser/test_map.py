"""The map itself: people before the streets, at its edge, on a handlebar, and without a network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from tests.browser.conftest import EITHER_BACKEND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

pytestmark = EITHER_BACKEND

MAP_MS = 20_000


async def test_without_the_map_library_people_are_on_the_sketch(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, jorg = await new_phone(), await new_phone(east=100)
    await anna.context.route("**/assets/street_stage-*.js", lambda route: route.abort())
    link = await anna.start(cavalcade_url)
    await jorg.join(link, "Jörg Ott")
    await expect(anna.page.locator(".sketch .avatar")).to_have_count(2)
    for participant in (1, 2):
        await expect(anna.avatar(participant)).to_be_in_viewport()

    await anna.button("Close").click()
    await anna.button("Zoom in").click()
    await expect(anna.button("Show everyone")).to_be_visible()


async def test_whoever_is_beyond_the_picture_stands_at_its_edge(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, jorg = await new_phone(), await new_phone()
    link = await anna.start(cavalcade_url)
    await jorg.move(north=0, east=3_000)
    await jorg.join(link, "Jörg Ott")
    await anna.button("Close").click()
    await expect(anna.avatar(2)).to_be_in_viewport(timeout=15_000)
    await expect(anna.page.locator(".edge-mark")).to_have_count(0)

    await anna.button("Center on me").click()
    mark = anna.page.get_by_role("button", name=re.compile("Jörg Ott, .* away, beyond the picture"))
    await expect(mark).to_be_visible(timeout=MAP_MS)
    await expect(mark).to_contain_text(re.compile("km|mi"))

    # It leads to them, and the camera stays with them until it is given back.
    await mark.click()
    await expect(anna.avatar(2)).to_be_in_viewport()
    await expect(anna.page.locator(".edge-mark[data-participant='2']")).to_have_count(0)
    await expect(anna.button("Show everyone")).to_be_visible()


async def test_on_the_handlebar_letters_are_huge_and_the_way_out_is_plain(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    anna, jorg = await new_phone(), await new_phone(east=400)
    link = await anna.start(cavalcade_url)
    await jorg.join(link, "Jörg Ott")
    await anna.page.set_viewport_size({"width": 844, "height": 390})
    await anna.open_panel("menu")
    await anna.page.locator("[data-opens=handlebar]").click()
    row = anna.page.locator(".handlebar-person")
    await expect(row).to_contain_text("Jörg Ott")
    size = await row.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 24
    await expect(anna.page.locator(".rail")).to_be_hidden()
    for name in ("Voice", "Leave"):
        box = await anna.button(name).bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 64
    await anna.button("Leave").click()
    await expect(anna.page.locator(".rail")).to_be_visible()


async def test_the_page_opens_without_a_network(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.page.goto(cavalcade_url)
    await phone.page.evaluate("navigator.serviceWorker.register('/service_worker.js')")
    await phone.page.evaluate(
        """navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller ||
           new Promise((controlled) => navigator.serviceWorker.addEventListener("controllerchange", controlled)))
           .then(() => true)"""
    )
    await phone.context.set_offline(True)
    await phone.page.reload()
    await expect(phone.button("Start a session")).to_be_visible()
