"""The session's screen stays calm: the map comes first, and nothing moves as others come, go and say things."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import product
from typing import TYPE_CHECKING, Literal

from playwright.async_api import expect

from cavalcade.client import Fix, PlaceKind, Post, Status
from cavalcade.client.clock import epoch_ms
from cavalcade.domain.features.chat import SendMessage
from tests.browser.conftest import HELSINKI, METRES_PER_DEGREE
from tests.scenarios.people import Group

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from playwright.async_api import Page

    from cavalcade.client import LiveSession
    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

SIZES = ((390, 844), (844, 390), (320, 568))
PANELS: tuple[Literal["people", "share", "menu", "talk", "pin"], ...] = ("people", "share", "menu", "talk", "pin")
RIDERS = 12
PLACES_IN_ALL = 30
MOST_CONTROLS = 10
"""Two at the top, three in the dock, three beside the map, of which zoom is one, and a notice's two."""

FREE, FREE_BESIDE_A_NOTICE, FREE_IN_LARGE_LETTERS = 0.75, 0.65, 0.4
LEAST_MAP_PX = 160
SAID = (Status.BREAK, Status.FUEL, Status.PROBLEM, Status.LATE, Status.READY, Status.GOING_HOME)
KINDS = tuple(PlaceKind)
ROUNDS = 9
WRITERS, EACH = 10, 4
"""So many write so much while one looks at the map."""

DRAWN = """async (text) => {
  document.documentElement.style.fontSize = `${text}%`;
  for (let count = 0; count < 3; count++) await new Promise(requestAnimationFrame);
}"""

# What a finger meets where the map is: people and the map's own words are a part of it.
FREE_SHARE = """() => {
  const step = 6;
  let [free, all] = [0, 0];
  for (let x = step / 2; x < innerWidth; x += step) {
    for (let y = step / 2; y < innerHeight; y += step, all++) {
      if (document.elementFromPoint(x, y)?.closest(".map")) free++;
    }
  }
  return free / all;
}"""

CONTROLS = """() => [...document.querySelectorAll("main :is(button, a[href], input, select)")]
  .filter((one) => one.checkVisibility() && !one.closest(".map") && !one.matches(".zoom > :last-child")).length"""

# Where everything is that a thumb reaches for, and where somebody who stands still is seen.
PLACES = """() => Object.fromEntries(
  [".dock", ".dock > *", ".top", ".top > *", ".map-actions > *", ".avatar.is-me .avatar-disc"].map((selector) => [
    selector,
    [...document.querySelectorAll(selector)].map((one) => {
      const { x, y, width, height } = one.getBoundingClientRect();
      return [x, y, width, height].map(Math.round).join(" ");
    }),
  ]))"""

# The height of the map between what lies over it, or its width where panels stand beside it.
MAP_BESIDE_THE_PANEL = """() => {
  const [slot, panel] = [".notices", ".panel"].map((one) => document.querySelector(one).getBoundingClientRect());
  return panel.top > slot.bottom + 60 ? panel.top - slot.bottom : innerWidth - panel.right;
}"""

# The call for help, as soon as there is one, and the menu beside it.
COVERED_AT_THE_TOP = """() => [...document.querySelectorAll(".top button")].filter((one) => {
  const { left, top, width, height } = one.getBoundingClientRect();
  return !one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}).length"""


@contextlib.asynccontextmanager
async def riding(url: str, phone: Phone) -> AsyncIterator[list[LiveSession]]:
    """All but one of the riders, among places, in a session that soon ends; the phone is the last one's."""
    async with Group(url, lifetime_s=1_500) as group:
        members = [group.host, *[await group.join(f"Rider {number}") for number in range(2, RIDERS)]]
        others = [await group.connect(member) for member in members]
        for place, other in enumerate(others):
            north, east = divmod(place, 4)
            latitude = HELSINKI[0] + (north + 1) * 150 / METRES_PER_DEGREE
            longitude = HELSINKI[1] + (east - 2) * 200 / METRES_PER_DEGREE
            other.report(Fix(latitude, longitude, epoch_ms(), accuracy=6))
        for number in range(1, PLACES_IN_ALL):
            north, east = divmod(number, 6)
            there = (HELSINKI[0] + north * 170 / METRES_PER_DEGREE, HELSINKI[1] + (east - 3) * 180 / METRES_PER_DEGREE)
            kind = KINDS[number % len(KINDS)]
            await others[number % len(others)].add_place(kind, there, name=f"A place of number {number}")
        # The group is called together, and some are missing.
        place = await others[0].add_place(PlaceKind.MEET, HELSINKI, name="Café Adler")
        await others[0].call_regroup(place)
        assert group.host.link
        await phone.join(group.host.link, "Mia")
        await expect(phone.page.locator(".avatar")).to_have_count(RIDERS)
        yield others


async def _write(other: LiveSession) -> None:
    for count in range(EACH):
        await other.ask(SendMessage(f"Message {count}"))


async def _is_map_free(page: Page, at_least: float, *, text: int = 100) -> None:
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        await page.evaluate(DRAWN, text)
        assert await page.evaluate(FREE_SHARE) >= at_least, (width, height, text)
        assert await page.evaluate(CONTROLS) <= MOST_CONTROLS, (width, height, text)


async def test_the_page_stays_calm_in_a_group_of_twelve(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone(reduced_motion="reduce")
    page = phone.page
    async with riding(cavalcade_url, phone) as others:
        await expect(page.locator("[data-notice=regroup]")).to_be_visible()
        await expect(page.locator(".notice-more")).to_be_visible()
        await expect(page.locator(".place-mark")).to_have_count(PLACES_IN_ALL)
        assert await page.locator(".notice").count() == 1
        # Who has looked at the messages once has forty to read.
        await phone.open_panel("talk")
        await page.locator(".panel-head .icon-button").click()
        await asyncio.gather(*(_write(other) for other in others[:WRITERS]))
        await expect(page.locator(".dock .is-unread")).to_have_text(str(WRITERS * EACH))
        assert await page.locator(".notice").count() == 1
        await _is_map_free(page, FREE_BESIDE_A_NOTICE)
        await _is_map_free(page, FREE_IN_LARGE_LETTERS, text=200)

        # Whatever is open, the call for help and the menu can be hit, and people are to be seen.
        for panel, (width, height) in product(PANELS, SIZES):
            await page.set_viewport_size({"width": width, "height": height})
            await page.evaluate(DRAWN, 100)
            await phone.open_panel(panel)
            assert await page.evaluate(MAP_BESIDE_THE_PANEL) >= LEAST_MAP_PX, (panel, width, height)
            assert await page.evaluate(COVERED_AT_THE_TOP) == 0, (panel, width, height)
            words = page.locator(".notice-words")
            await words.click()
            assert await page.evaluate(COVERED_AT_THE_TOP) == 0, (panel, width, height)
            await words.click()
        await page.locator(".panel-head .icon-button").click()
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.evaluate(DRAWN, 100)

        # A hundred events, while the camera is held by hand.
        await phone.button("Zoom in").click()
        await expect(phone.button("Show everyone")).to_be_visible()
        await page.evaluate(DRAWN, 100)
        before = await page.evaluate(PLACES)
        for turn in range(ROUNDS):
            said = SAID[turn % len(SAID)]
            await asyncio.gather(*(other.set_status(said) for other in others))
        await others[0].set_post(Post.SWEEP, 6)
        await expect(page.locator(".avatar-badge.is-post:visible")).to_have_count(1)
        assert await page.evaluate(PLACES) == before
        for name in ("regroup", "time", "keep"):
            await expect(page.locator(f"[data-notice={name}]")).to_be_visible()
            await page.locator(".notice-words").click()
            await page.locator(".notice-actions .button:not(.is-primary)").click()
        await expect(page.locator(".notice")).to_have_count(0)
        assert await page.evaluate(PLACES) == before
        await phone.button("Show everyone").click()
        await _is_map_free(page, FREE)
