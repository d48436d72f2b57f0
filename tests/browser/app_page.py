"""The Flutter app as its browser tests see and touch it, and an imitation of the server that its map comes from."""

from __future__ import annotations

import asyncio
import base64
import math
import re
import struct
import zlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playwright.async_api import Browser, BrowserContext, FloatRect, Locator, Page, Route, expect

from tests.browser.conftest import HELSINKI, KEEPS_PICTURES, PHONE, SCREENSHOTS, Theme

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOON_S = 20
SOON_MS = SOON_S * 1_000
BRIGHTNESS = """async ([png, at]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const [left, top, width, height] = at ? [...at, 1, 1] : [0, 0, image.width, image.height];
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, -left, -top);
  const colors = context.getImageData(0, 0, width, height).data.filter((_, index) => index % 4 < 3);
  return colors.reduce((sum, color) => sum + color, 0) / colors.length / 255;
}"""
GROUND = 60, 300  # a place of the picture that holds neither people nor panels
SHEET = 6, 836  # a place at the edge of whatever sheet is at the bottom
TILES = re.compile(r"https://tile\.openstreetmap\.org/(\d+)/(\d+)/(\d+)\.png")
LINK = re.compile(r"localhost:\d+/j#[a-z0-9]{10}\.[A-Za-z0-9_-]{22}")

# As browsers do for readers who have asked for them.
LARGE_LETTERS = """document.addEventListener("DOMContentLoaded",
  () => { document.documentElement.style.fontSize = "%d%%"; });"""

# The browser's focus is there before: what is typed or selected until Flutter's own is lost.
FLUTTER_LISTENS = """() => ({ begun: new Promise((begun) => {
  new MutationObserver(begun).observe(document.body, { subtree: true, attributeFilter: ["autocorrect"] });
}) })"""


@dataclass
class AppPage:
    """Somebody with the app open in their browser."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """What can be tapped, by what it says to those who hear the screen."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    @property
    def switch(self) -> Locator:
        """The switch for one's own position."""
        return self.page.get_by_role("switch")

    async def open(self, url: str) -> None:
        """Opens the app, and lets it speak: Flutter draws on a canvas, and only then says what is where."""
        await self.page.goto(url)
        await self.wake()

    async def wake(self) -> None:
        await self.page.locator("flt-semantics-placeholder").wait_for(state="attached", timeout=60_000)
        await self.page.evaluate("document.querySelector('flt-semantics-placeholder').click()")

    async def write(self, label: str, words: str) -> None:
        """Writes into a field as a person does: Flutter listens to a field only some frames after it was tapped."""
        listening = await self.page.evaluate_handle(FLUTTER_LISTENS)
        await self.page.get_by_label(label).click()
        async with asyncio.timeout(SOON_S):
            await listening.evaluate("({ begun }) => begun")
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(words)

    async def shows(self, text: str) -> None:
        await expect(self.page.get_by_text(text).first).to_be_attached(timeout=SOON_MS)

    async def screenshot(self, name: str, *themes: Theme) -> None:
        """Sees that the screen follows into some appearances, one by one; without any it is a picture for people."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        if not themes and KEEPS_PICTURES:
            await self._at_rest(name)
        for theme in themes:
            await self.page.emulate_media(color_scheme=theme)
            async with asyncio.timeout(SOON_S):
                while (await self.brightness(await self._at_rest(f"{name}-{theme}")) < 0.5) is not (theme == "dark"):
                    pass

    async def change_appearance(self, theme: Theme) -> None:
        """Lets the device become dark or light, and waits until the app has followed and nothing moves any more."""
        await self.page.emulate_media(color_scheme=theme)
        async with asyncio.timeout(SOON_S):
            while (await self.brightness(await self._at_rest(f"app-turned-{theme}"), SHEET) < 0.5) is (
                theme == "light"
            ):
                pass

    async def place_of(self, what: Locator) -> tuple[float, float]:
        """Where the middle of something is, once nothing moves any more."""
        box = await self.box_of(what)
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    async def box_of(self, what: Locator) -> FloatRect:
        """Where something is, once nothing moves any more."""
        await self._at_rest("app-place")
        box = await what.bounding_box()
        assert box
        return box

    async def _at_rest(self, name: str) -> bytes:
        last = b""
        while (now := await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")) != last:
            last = now
        return last

    async def brightness(self, png: bytes, at: tuple[int, int] | None = None) -> float:
        """How bright a picture is at one place or, where none is said, on average; 1 is white."""
        return float(await self.page.evaluate(BRIGHTNESS, [base64.b64encode(png).decode(), at]))


NEAR_ZOOM = 13


@dataclass
class TileServer:
    """An imitation of the server that the app has its map from.

    Attributes:
        asked: Zoom, column and row of each tile that was asked for.
    """

    asked: set[tuple[int, int, int]] = field(default_factory=set)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until_asked(self, lat: float, lon: float) -> None:
        """Waits until a tile that a place lies on was asked for, so near that streets are told apart.

        Not from as near as the camera ever was: before the own position has come it may stand nearer, over another.
        """
        near = {tile_at(lat, lon, zoom) for zoom in range(NEAR_ZOOM, 24)}
        async with asyncio.timeout(SOON_S), self._more:
            await self._more.wait_for(lambda: near & self.asked)

    async def answer(self, route: Route) -> None:
        """Gives a tile: pale ground with two streets."""
        found = TILES.fullmatch(route.request.url)
        assert found
        zoom, column, row = map(int, found.groups())
        async with self._more:
            self.asked.add((zoom, column, row))
            self._more.notify_all()
        street, ground = b"\xff\xff\xff", b"\xd9\xe4\xd2"
        line = b"\0" + ground * 112 + street * 32 + ground * 112
        rows = (b"\0" + street * 256 if 112 <= y < 144 else line for y in range(256))
        chunks = (
            (b"IHDR", struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(b"".join(rows))),
            (b"IEND", b""),
        )
        body = b"".join(
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            for kind, data in chunks
        )
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=604800"}
        await route.fulfill(content_type="image/png", body=b"\x89PNG\r\n\x1a\n" + body, headers=headers)


@asynccontextmanager
async def opened(
    chromium: Browser,
    *,
    theme: Theme = "light",
    may_locate: bool = True,
    tiles: TileServer | None = None,
    size: tuple[int, int] = PHONE,
    letters: float = 1.0,
    locale: str = "en-IE",
) -> AsyncIterator[AppPage]:
    """Somebody's browser; letters are so many times as large as usual."""
    context = await chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=True,
        color_scheme=theme,
        locale=locale,
        permissions=["geolocation", "clipboard-read", "clipboard-write"] if may_locate else [],
        geolocation={"latitude": HELSINKI[0], "longitude": HELSINKI[1], "accuracy": 6},
    )
    await context.route("https://**", lambda route: route.abort())
    if tiles:
        await context.route(TILES, tiles.answer)
    if letters != 1.0:
        await context.add_init_script(LARGE_LETTERS % (letters * 100))
    page = await context.new_page()
    app = AppPage(context, page)
    page.on("pageerror", lambda error: app.complaints.append(str(error)))
    try:
        yield app
        assert app.complaints == []
    finally:
        await context.close()


def tile_at(lat: float, lon: float, zoom: int) -> tuple[int, int, int]:
    """The tile of the web's usual grid that a place lies on."""
    tiles = 2**zoom
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return zoom, int((lon + 180) / 360 * tiles), int(down * tiles)
