"""Looking at what screens draw, and tapping it, without a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flet as ft

from cavalcade.app.device.store import DiskStore
from cavalcade.app.map.ground import Tiles
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.session.controller import AppDefaults, Controller
from cavalcade.app.session.kept import KeptSession
from cavalcade.app.session.participation import Participation
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import LIGHT
from cavalcade.client import Resumption
from tests.app.sources import MovedByHand
from tests.app.test_guard import NoDevice
from tests.app.test_kept import MEMBERSHIP
from tests.app.test_people import STATE

SERVER = "http://localhost:1"
_OPENED: list[Participation] = []


async def close_all() -> None:
    """Ends what `offline` began."""
    while _OPENED:
        await _OPENED.pop().close()


class Speaking(NoDevice):
    """A device that remembers what was said on it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, words: str) -> None:
        self.said.append(words)


def offline(
    folder: Path, kept: KeptSession | None = None, *, languages: Sequence[str] = (), device: NoDevice | None = None
) -> ScreenContext:
    """Somebody in a session, without a network."""
    store = DiskStore(folder)
    app = Controller(store, lambda _: MovedByHand(), AppDefaults(SERVER, languages), lambda _: None)
    kept = kept or KeptSession(MEMBERSHIP, Resumption(STATE))
    app.participation = Participation(kept, store, MovedByHand(), lambda _: None, app.fail)
    _OPENED.append(app.participation)
    return ScreenContext(app, device or NoDevice(), Guard(app.fail), LIGHT, Tiles(), lambda: None)


def part_of(around: ScreenContext) -> Participation:
    """What takes part in the session of a screen."""
    assert around.controller.participation is not None
    return around.controller.participation


def parts_of(control: Any) -> list[Any]:
    """A control, and all in it that is to be seen."""
    inner = [*(getattr(control, "controls", None) or []), getattr(control, "content", None)]
    seen = [part for part in inner if part is not None and getattr(part, "visible", True)]
    return [control, *(one for part in seen for one in parts_of(part))]


def taps(control: Any) -> list[ft.Semantics]:
    """Everything in a control that can be tapped."""
    return [one for one in parts_of(control) if isinstance(one, ft.Semantics) and one.button]


def least_height(control: Any) -> float:
    """How high a control is with letters of the usual size: as high as what it is held open by."""
    return float(max(getattr(part, "height", None) or 0 for part in parts_of(control)))


def texts(control: Any) -> list[str]:
    return [one.value for one in parts_of(control) if isinstance(one, ft.Text)]


def addresses(control: Any) -> list[str]:
    """What its links open."""
    urls = [one.url for one in parts_of(control) if isinstance(one, ft.Button)]
    return [url.url for url in urls if isinstance(url, ft.Url)]


async def press(button: ft.Semantics) -> None:
    on_tap: Any = button.on_tap
    await on_tap(None)


async def tap(control: Any, label: str) -> None:
    """Taps what says so."""
    await press(next(one for one in taps(control) if one.label == label))
