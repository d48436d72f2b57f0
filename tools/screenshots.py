"""Takes the README's pictures: ``make screenshots``.

A whole Cavalcade with the built-in convoy on the streets of Helsinki, and a real Chromium at four sizes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.async_api import Browser, BrowserContext, Geolocation, Page, async_playwright

from cavalcade.client import LiveSession, connect, join_session
from cavalcade.domain import geo
from testbed.installations.installation import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
SET_OUT_S = 25
"""Seconds until the convoy is under way."""
DRAWN_S = 90
ME = "Max"
ORGANISER, QUESTION, ANSWER = "Ida", "Lunch at the harbour at half past twelve?", "Yes. I need fuel before"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its name, the screen, and what is tapped before it is taken."""

    name: str
    width: int
    height: int
    theme: Literal["light", "dark"] = "light"
    panel: str | None = None
    handlebar: bool = False


SHOTS = (
    Shot("phone-map", 390, 844),
    Shot("phone-people-dark", 390, 844, "dark", panel="people"),
    Shot("phone-talk", 390, 844, panel="talk"),
    Shot("desktop-map", 1280, 800),
    Shot("handlebar", 844, 390, "dark", handlebar=True),
)


async def _take(browser: Browser, link: str, convoy: LiveSession, shot: Shot, state: str | None) -> str:
    """Takes one picture; everybody on it is the same rider, so what the browser keeps goes from one to the next."""
    context = await browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        device_scale_factor=2 if shot.width < 1000 else 1,
        color_scheme=shot.theme,
        locale="en-IE",
        permissions=["geolocation"],
        storage_state=state,
    )
    riding = asyncio.create_task(_ride_along(context, convoy))
    page = await context.new_page()
    await page.goto(link)
    if state is None:
        await page.get_by_label("Your name").fill(ME)
        await page.get_by_role("button", name="Join the map", exact=True).click()
    # The map takes the sketch's place once its streets are drawn.
    await page.locator(".streets .people-layer").wait_for(state="attached", timeout=DRAWN_S * 1000)
    await _set_the_scene(page, shot)
    if shot.panel == "talk":
        await _talk(page, link)
    await page.wait_for_timeout(4000)
    await page.screenshot(path=FOLDER / f"{shot.name}.png")
    kept = FOLDER.parent.parent / "build" / "screenshots-state.json"
    kept.parent.mkdir(exist_ok=True)
    await context.storage_state(path=kept)
    riding.cancel()
    await context.close()
    return str(kept)


async def _ride_along(context: BrowserContext, convoy: LiveSession) -> None:
    """Rides amidst the others: between the two who are nearest to the middle of them all."""
    names = {one.id for one in convoy.state.participants.values() if one.name != ME}
    while True:
        places = [(fix.lat, fix.lon) for id_, one in convoy.positions.items() if id_ in names for fix in [one.to_fix()]]
        if len(places) > 1:
            lat, lon = (sum(values) / len(places) for values in zip(*places, strict=True))
            places.sort(key=lambda place: geo.distance_m(*place, lat, lon))
            (a_lat, a_lon), (b_lat, b_lon) = places[:2]
            here = {"latitude": (a_lat + b_lat) / 2, "longitude": (a_lon + b_lon) / 2, "accuracy": 7}
            await context.set_geolocation(Geolocation(**here))
        await asyncio.sleep(0.5)


async def _set_the_scene(page: Page, shot: Shot) -> None:
    if shot.panel and not await page.locator(f"[data-panel={shot.panel}]").is_visible():
        await page.locator(f"[data-opens={shot.panel}]").click()
    if shot.handlebar:
        await page.locator("[data-opens=menu]").click()
        await page.locator("[data-opens=handlebar]").click()


async def _talk(page: Page, link: str) -> None:
    """Somebody asks, is answered, and goes again."""
    async with connect(await join_session(link, name=ORGANISER)) as organiser:
        await organiser.send_message(QUESTION)
        await page.locator(".message").filter(has_text=QUESTION).wait_for()
        await page.get_by_label("Write a message").fill(ANSWER)
        await page.get_by_role("button", name="Send", exact=True).click()
        await page.locator(".message").filter(has_text=ANSWER).wait_for()
        await page.locator(".signals [data-signal=fuel]").click()
        await organiser.leave()


async def _links(process: asyncio.subprocess.Process, tell: Callable[[str], object]) -> tuple[str, str]:
    """The links that the convoy's session is announced with: for members, and for viewers, who are on no picture."""
    assert process.stderr
    link = ""
    while line := (await process.stderr.readline()).decode():
        if line.startswith("link "):
            link = line.split()[-1]
        elif line.startswith("viewer link "):
            return link, line.split()[-1]
        else:
            tell(line)
    raise SystemExit("Cavalcade did not start")


async def _main(chosen: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="cavalcade-screenshots-") as directory:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cavalcade", "up", "--demo",
            "--port", str(free_port()), "--data", f"{directory}/data",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        link, viewer_link = await _links(process, sys.stderr.write)
        await asyncio.sleep(SET_OUT_S)
        watching = await join_session(viewer_link)
        async with connect(watching) as convoy, async_playwright() as playwright:
            flags = ["--disable-gpu", "--enable-unsafe-swiftshader", "--no-sandbox"]
            browser = await playwright.chromium.launch(executable_path=os.environ["CAVALCADE_CHROMIUM"], args=flags)
            state = None
            for shot in SHOTS:
                if not chosen or shot.name in chosen:
                    state = await _take(browser, link, convoy, shot, state)
                    sys.stdout.write(f"{shot.name}\n")
                    sys.stdout.flush()
            await browser.close()
        process.send_signal(signal.SIGINT)
        await process.wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
