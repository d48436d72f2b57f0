"""How many frames Chromium really drew, by its own trace.

What the compositor moves changes no style, and a callback before each frame says what could be drawn, not what was.
"""

from __future__ import annotations

import asyncio
import time
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


class FrameCount:
    """Counts from `start` until `stop`."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._begun = self._drawing = 0.0
        self._shown: list[float] = []
        self._is_complete = asyncio.Event()
        session.on("Tracing.dataCollected", self._collect)
        session.on("Tracing.tracingComplete", lambda _: self._is_complete.set())

    @classmethod
    async def start(cls, browser: Browser) -> FrameCount:
        """Begins to count in a browser."""
        count = cls(await browser.new_browser_cdp_session())
        await count._session.send("Tracing.start", {"traceConfig": {"includedCategories": ["viz"]}})
        count._drawing = await _drawing_seconds(count._session)
        count._begun = time.monotonic()
        return count

    async def stop(self) -> Drawn:
        """Ends counting; the trace may take a while to come, which does not count."""
        seconds = time.monotonic() - self._begun
        drawing = await _drawing_seconds(self._session) - self._drawing
        await self._session.send("Tracing.end")
        await self._is_complete.wait()
        await self._session.detach()
        shown = sorted(self._shown)
        gaps = [later - earlier for earlier, later in pairwise(shown)]
        return Drawn(len(shown) / seconds, max(gaps, default=None), drawing / seconds * 100)

    def _collect(self, data: dict[str, Any]) -> None:
        self._shown.extend(event["ts"] / 1000 for event in data["value"] if event["name"] == _DISPLAYED)


async def _drawing_seconds(session: CDPSession) -> float:
    processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
    return sum(float(process["cpuTime"]) for process in processes if process["type"] == "GPU")
