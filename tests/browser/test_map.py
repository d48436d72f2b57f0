"""The map itself: people before the streets, at its edge, on a handlebar, and without a network."""

from __future__ import annotations

import asyncio
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from cavalcade.client import SosKind, connect, join_session
from tests.browser.conftest import EITHER_BACKEND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

pytestmark = EITHER_BACKEND

MAP_MS = 20_000

# What people may be moved by: their places, and where they step aside to.
MOVES = """document.getAnimations().filter(({ effect }) => effect.target.closest(".people-layer"))"""
# Resolves once neither people nor the camera have moved for some frames.
RESTS = """() => new Promise((resolve) => {
  const disc = document.querySelector(".avatar");
  let [last, frames] = ["", 0];
  const look = () => {
    const { x, y } = disc.getBoundingClientRect();
    frames = last === `${x} ${y}` && MOVES.length === 0 ? frames + 1 : 0;
    last = `${x} ${y}`;
    if (frames < 20) requestAnimationFrame(look);
    else resolve();
  };
  look();
})""".replace("MOVES", MOVES)
# The places through which somebody's next movement leads, from its beginning to where they stand afterwards. The
# movement is paused meanwhile and then goes on: how often a busy machine draws does not count.
WAY = """(participant) => new Promise((resolve) => {
  const disc = document.querySelector(`.avatar[data-participant="${participant}"]`);
  const seen = [];
  const see = () => {
    const { x, y } = disc.getBoundingClientRect();
    const last = seen.at(-1);
    if (last?.x !== x || last?.y !== y) seen.push({ x, y });
  };
  const look = () => {
    const [movement] = disc.getAnimations();
    if (movement?.playState !== "running") return requestAnimationFrame(look);
    movement.pause();
    const { duration } = movement.effect.getComputedTiming();
    for (let part = 0; part < 16; part += 1) {
      movement.currentTime = (duration * part) / 16;
      see();
    }
    movement.play();
    movement.finished.then(() => { see(); resolve(seen); });
  };
  look();
})"""
# Where somebody stands, each time that another place is to be seen, until nobody is moved any more.
WATCH = """(participant) => new Promise((resolve) => {
  const disc = document.querySelector(`.avatar[data-participant="${participant}"]`);
  const seen = [];
  const look = () => {
    const { x, y } = disc.getBoundingClientRect();
    const last = seen.at(-1);
    if (last?.x !== x || last?.y !== y) seen.push({ x, y });
    if (seen.length > 1 && MOVES.length === 0) resolve(seen);
    else requestAnimationFrame(look);
  };
  look();
})""".replace("MOVES", MOVES)

# What is under the thumb: the shortest side, the least room between two, and whether a finger meets all of each.
THUMB = """() => {
  const buttons = [...document.querySelectorAll(".handlebar-thumb button")];
  const boxes = buttons.map((one) => one.getBoundingClientRect());
  const apart = (a, b) => Math.max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom);
  return {
    names: buttons.map((one) => one.innerText.trim()),
    side: Math.min(...boxes.flatMap(({ width, height }) => [width, height])),
    room: Math.round(Math.min(...boxes.flatMap((a, place) => boxes.slice(place + 1).map((b) => apart(a, b))))),
    areMet: buttons.every((one, place) => {
      const { left, top, width, height } = boxes[place];
      const isMet = (part) => one.contains(document.elementFromPoint(left + width / 2, top + height * part));
      return [0.1, 0.5, 0.9].every(isMet);
    }),
  };
}"""


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


async def test_people_beyond_the_picture_stand_at_its_edge(cavalcade_url: str, new_phone: NewPhone) -> None:
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
    rows = anna.page.locator(".handlebar-person")
    await expect(rows).to_have_count(3)
    row = rows.nth(2)
    await expect(row).to_contain_text("Farthest")
    await expect(row).to_contain_text("Jörg Ott")
    size = await row.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 24
    await expect(anna.page.locator(".rail")).to_be_hidden()
    for name in ("Voice", "Close"):
        box = await anna.button(name).bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 64
    # My status is two taps away, on targets for gloves, and said to those who ride.
    await anna.button("Status").click()
    for status in ("On a break", "Getting fuel", "Problem", "Late", "Ready", "Going home"):
        box = await anna.button(status).bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 76
    await anna.button("Getting fuel").click()
    await expect(anna.button("Getting fuel")).to_have_count(0)
    # So are all signals, to be waited for is one tap away, and SOS stays free whatever is open.
    await anna.button("Wait").click()
    await expect(anna.page.locator("[data-notice=signal]")).to_contain_text("Sent: Wait for me")
    for width, height in ((390, 844), (320, 568), (844, 390)):
        await anna.page.set_viewport_size({"width": width, "height": height})
        await anna.button("Signals").click()
        signals = anna.page.locator(".signal-grid .signal")
        await expect(signals).to_have_count(6)
        for box in await asyncio.gather(*(one.bounding_box() for one in await signals.all())):
            assert box
            assert min(box["width"], box["height"]) >= 76
        await anna.screenshot(f"handlebar-signals-{width}x{height}")
        thumb = await anna.page.evaluate(THUMB)
        assert thumb["names"] == ["Status", "Wait", "Signals", "Hazard", "SOS"]
        assert thumb["side"] >= 76
        assert thumb["room"] >= 16
        assert thumb["areMet"], (width, height)
        await signals.nth(3).click() if width == 844 else await anna.button("Signals").click()
        await expect(signals).to_have_count(0)
    await expect(anna.page.locator("[data-notice=signal]")).to_contain_text("Sent: Need a break")
    await jorg.open_panel("talk")
    await expect(jorg.page.locator(".message-signal")).to_have_text(["Wait for me", "Need a break"])
    await jorg.open_panel("people")
    await expect(jorg.row("Traveller 1")).to_contain_text("Getting fuel")
    await expect(jorg.page.locator(".avatar[data-participant='1'] .avatar-badge:not(.is-post)")).to_be_visible()
    await jorg.row("Jörg Ott").locator(".person-row").click()
    await jorg.button("Take the lead").click()
    await expect(jorg.row("Jörg Ott")).to_contain_text("leads")
    await expect(anna.page.locator(".avatar[data-participant='2'] .avatar-badge.is-post")).to_be_visible()
    # A hazard is one tap, where one's place is known.
    await anna.move(1)
    await expect(jorg.page.locator(".avatar[data-participant='1'].is-stale")).to_have_count(0)
    await anna.button("Hazard").click()
    await expect(jorg.page.locator(".place-mark[data-kind=hazard]")).to_have_count(1)
    # A call for help takes the place of all that.
    async with connect(await join_session(link, name="Ada")) as ada:
        await ada.raise_sos(SosKind.INJURED)
        await expect(anna.page.get_by_role("dialog")).to_contain_text("Ada needs help")
        assert not (await anna.page.evaluate(THUMB))["areMet"]
        await anna.button("Show the map").click()
    await anna.button("Close").click()
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
    # So it does by a link that was changed on its way.
    for path in ("/J#cut", "/j/", "/j%23cut", "/see/j%23k3v9x0m2qa.AbCdEfGhIjKlMnOpQrStU_)"):
        await phone.page.goto(cavalcade_url + path)
        await expect(phone.page.locator("#app button").first).to_be_visible()


async def _two_on_the_sketch(anna: Phone, jorg: Phone, url: str) -> None:
    """Two see each other where the map library does not come, in a picture that is held by hand."""
    await anna.context.route("**/assets/street_stage-*.js", lambda route: route.abort())
    link = await anna.start(url)
    await jorg.join(link, "Jörg Ott")
    await anna.button("Close").click()
    await expect(anna.avatar(2)).to_be_in_viewport()
    # So that its camera does not go after him.
    await anna.button("Zoom out").click()
    await expect(anna.button("Show everyone")).to_be_visible()
    await expect(anna.avatar(2)).to_be_in_viewport()
    await anna.page.evaluate(RESTS)


@pytest.mark.parametrize("motion", ["sparing", pytest.param("smooth", marks=pytest.mark.long)])
async def test_people_glide_to_their_newest_fix_and_nothing_moves_after_that(
    cavalcade_url: str, new_phone: NewPhone, motion: str
) -> None:
    anna, jorg = await new_phone(), await new_phone(east=60)
    await anna.page.add_init_script(f"localStorage.setItem('cavalcade.motion', '{motion}')")
    await _two_on_the_sketch(anna, jorg, cavalcade_url)

    watching = asyncio.create_task(anna.page.evaluate(WAY, 2))
    await jorg.move(north=70, east=60)
    seen: list[dict[str, float]] = await watching
    start, end = seen[0], seen[-1]
    way = math.dist((start["x"], start["y"]), (end["x"], end["y"]))
    assert way > 20
    # A step at a time, and no step leads back or beyond the newest fix.
    left = [math.dist((one["x"], one["y"]), (end["x"], end["y"])) for one in seen]
    assert left == sorted(left, reverse=True)
    between = [one for one in left if 1 < one < way - 1]
    assert len(between) >= 3
    await anna.until("document.getAnimations().length === 0")
    assert await anna.page.evaluate(MOVES) == []


async def test_people_who_ask_for_no_motion_see_others_where_they_are(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, jorg = await new_phone(reduced_motion="reduce"), await new_phone(east=60)
    await _two_on_the_sketch(anna, jorg, cavalcade_url)
    watching = asyncio.create_task(anna.page.evaluate(WATCH, 2))
    await jorg.move(north=70, east=60)
    assert len(await watching) == 2


async def _place(phone: Phone, participant: int) -> tuple[float, float]:
    """The middle of somebody's avatar."""
    x, y = await phone.page.evaluate(
        """(participant) => {
          const { x, y } = document.querySelector(`.avatar[data-participant="${participant}"]`).getBoundingClientRect();
          return [x, y];
        }""",
        participant,
    )
    return float(x), float(y)


async def test_two_fingers_zoom_the_sketch_about_what_is_between_them(cavalcade_url: str, new_phone: NewPhone) -> None:
    anna, jorg = await new_phone(), await new_phone(east=100)
    await _two_on_the_sketch(anna, jorg, cavalcade_url)
    me, other = await _place(anna, 1), await _place(anna, 2)
    apart = math.dist(me, other)

    # Two fingers as far apart on both sides of Anna, where she herself is not touched.
    session = await anna.context.new_cdp_session(anna.page)

    async def touch(kind: str, reach: float) -> None:
        points: list[dict[str, Any]] = [
            {"x": me[0], "y": me[1] + side * reach, "id": number} for number, side in enumerate((-1, 1))
        ]
        await session.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else points}
        )

    await touch("touchStart", 60)
    for reach in range(65, 125, 5):
        await touch("touchMove", reach)
    await touch("touchEnd", 0)

    await anna.page.evaluate(RESTS)
    after = await _place(anna, 1), await _place(anna, 2)
    assert math.dist(*after) == pytest.approx(2 * apart, rel=0.05)
    assert math.dist(after[0], me) < 6


async def test_the_scale_is_in_the_readers_units_and_follows_them(cavalcade_url: str, new_phone: NewPhone) -> None:
    ben = await new_phone(locale="en-GB")
    await ben.start(cavalcade_url)
    scale = ben.page.locator(".maplibregl-ctrl-scale")
    await expect(scale).to_have_text(re.compile(r"^\d+\s(ft|mi)$"), timeout=MAP_MS)
    await ben.open_panel("menu")
    await ben.page.get_by_role("radio", name="Kilometers").check(force=True)
    await expect(scale).to_have_text(re.compile(r"^\d+\s(m|km)$"))
    await ben.page.get_by_role("radio", name="Miles").check(force=True)
    await expect(scale).to_have_text(re.compile(r"^\d+\s(ft|mi)$"))
