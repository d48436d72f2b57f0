"""How many frames Chromium really drew, by its own trace.

What the compositor moves changes no style, and a callback before each frame says what could be drawn, not what was.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession

_DISPLAYED = "Display::FrameDisplayed"
"""What the process that draws the screen says of each frame in which something was new."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn meanwhile, in all windows of a browser.

    Attributes:
        frames_s: Frames a second.
        longest_ms: The longest time between two frames; None with less than two.
        drawing_percent: CPU of the process that draws, as a share of one core; no slowdown reaches it.
    """

    frames_s: float
    longest_ms: float | None
    drawing_percent: float


async def drawn_frames(browser: Browser, seconds: float) -> Drawn:
    """Watches a browser for so long."""
    session = await browser.new_browser_cdp_session()
    shown: list[float] = []
    is_complete = asyncio.Event()

    def collect(data: dict[str, Any]) -> None:
        shown.extend(event["ts"] / 1000 for event in data["value"] if event["name"] == _DISPLAYED)

    session.on("Tracing.dataCollected", collect)
    session.on("Tracing.tracingComplete", lambda _: is_complete.set())
    await session.send("Tracing.start", {"traceConfig": {"includedCategories": ["viz"]}})
    before = await _drawing_seconds(session)
    await asyncio.sleep(seconds)
    drawing = await _drawing_seconds(session) - before
    await session.send("Tracing.end")
    await is_complete.wait()
    await session.detach()
    shown.sort()
    gaps = [later - earlier for earlier, later in pairwise(shown)]
    return Drawn(len(shown) / seconds, max(gaps, default=None), drawing / seconds * 100)


async def _drawing_seconds(session: CDPSession) -> float:
    processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    return sum(float(process["cpuTime"]) for process in processes if process["type"] == "GPU")
