"""What every screen is given, and how each is drawn."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import flet as ft

from cavalcade.app.camera.framing import Size
from cavalcade.app.map.ground import Tiles
from cavalcade.app.session.advice import Advice, WayOn
from cavalcade.app.session.controller import Controller
from cavalcade.app.session.places import MapApp
from cavalcade.app.ui import parts
from cavalcade.app.ui.guard import Guard
from cavalcade.app.ui.palette import Palette
from cavalcade.client import LiveSession
from cavalcade.strings import Words


def _nothing_changes() -> None:
    """Most sheets show what was so when they were opened."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet from below holds.

    Attributes:
        content: All of it.
        fields: What people write into; what they wrote stays when the sheet is made again in another appearance.
        is_tall: It may be higher than the screen, and scrolls.
        refresh: Shows in it what has changed; called with each drawing while it is open.
    """

    content: ft.Control
    fields: tuple[ft.TextField, ...] = ()
    is_tall: bool = False
    refresh: Callable[[], None] = _nothing_changes


Ask = Callable[[LiveSession], Coroutine[Any, Any, int]]
"""Asks the server for something."""

SheetMaker = Callable[["ScreenContext"], Sheet | None]
"""Makes a sheet, also again in another appearance or language; None where there is nothing to show any more."""


class Device(Protocol):
    """What the device under the app can do; Flet's page behind it."""

    @property
    def map_app(self) -> MapApp:
        """What a place is opened with."""

    async def share(self, text: str, subject: str) -> bool:
        """Opens the share sheet; False where there is none."""

    async def copy(self, text: str) -> bool:
        """Puts a text on the clipboard; False where that is refused."""

    async def paste(self) -> str:
        """The text on the clipboard; empty where there is none."""

    async def open_settings(self) -> None:
        """Opens the device's settings for this app, where that can be done."""

    async def seen(self) -> None:
        """Returns once somebody can look at the app: nothing has to be drawn before."""

    async def misses_notification(self) -> bool:
        """Whether the permission for the notification that stands while sharing is missing, and can be asked for."""

    async def ask_for_notification(self) -> None:
        """Has the device ask for that permission."""

    async def vibrate(self) -> None:
        """Shakes the device for a moment, where it can be shaken."""

    def say(self, words: str) -> None:
        """Shows a few words for a moment."""

    def open_sheet(self, make: SheetMaker) -> None:
        """Shows a sheet from below, in the place of an earlier one."""

    def close_sheet(self) -> None:
        """Takes the sheet away."""


@dataclass(frozen=True, slots=True)
class ScreenContext:
    """What a screen is made with.

    Attributes:
        controller: What the app does.
        device: What is under it.
        guard: Through which Flet calls.
        palette: The appearance.
        tiles: Where the map's streets come from.
        redraw: Shows all again, after the appearance or the language has changed.
    """

    controller: Controller
    device: Device
    guard: Guard
    palette: Palette
    tiles: Tiles
    redraw: Callable[[], None]

    @property
    def words(self) -> Words:
        """What is said, in the reader's language."""
        return self.controller.form.words

    def say(self, key: str, **values: str | float) -> str:
        """One text."""
        return self.words.say(key, **values)


class Screen(Protocol):
    """Something that fills the picture.

    Attributes:
        control: All of it.
        fields: What people write into; what they wrote stays when the screen is made again in another appearance.
    """

    control: ft.Control
    fields: tuple[ft.TextField, ...]

    def refresh(self) -> None:
        """Shows what has changed; the caller sends it."""

    def resize(self, size: Size, safe: ft.Padding) -> None:
        """The picture has another size, or the device covers other edges of it."""

    async def run(self) -> None:
        """Works in the background for as long as the screen is shown."""


async def close_and_ask(around: ScreenContext, operation: Ask) -> None:
    """Closes the sheet, and asks the server for something."""
    around.device.close_sheet()
    if (taking_part := around.controller.participation) is not None:
        await taking_part.operate(operation(taking_part.live))


def keep_written(before: Sequence[ft.TextField], after: Sequence[ft.TextField]) -> None:
    """What was written into fields is in those that take their place, too."""
    for old, new in zip(before, after, strict=True):
        new.value = old.value


def problem_card(
    problem: Advice,
    around: ScreenContext,
    on_close: Callable[[], object],
    ways: Mapping[WayOn, Callable[[], object]],
) -> ft.Control:
    """A plain message with its way on, and a way to put it aside."""
    labels = {
        WayOn.TRY_AGAIN: "problem.tryAgain",
        WayOn.OPEN_SETTINGS: "app.location.openSettings",
        WayOn.CHANGE_SERVER: "app.server.change",
        WayOn.START_NEW: "ending.startNew",
        WayOn.ALLOW: "app.notification.allow",
    }
    palette = around.palette
    buttons: list[ft.Control] = []
    if problem.way_on in ways:
        buttons.append(
            parts.button(
                around.say(labels[problem.way_on]),
                around.guard(ways[problem.way_on]),
                palette,
                is_primary=True,
                expand=True,
            )
        )
    buttons.append(parts.button(around.say("session.close"), around.guard(on_close), palette, expand=True))
    # Read out when it appears; the buttons are not part of what is read, or nobody who listens could find them.
    words = ft.Semantics(
        live_region=True,
        container=True,
        content=ft.Column(
            [
                ft.Row(
                    [
                        ft.Icon(ft.Icons.ERROR_OUTLINE, color=palette.danger, size=26),
                        ft.Container(parts.title(problem.title, palette, size=21), expand=True),
                    ]
                ),
                parts.text(problem.text, palette, color=palette.ink_soft),
            ],
            spacing=12,
            tight=True,
        ),
    )
    return parts.card(ft.Column([words, ft.Row(buttons, spacing=10)], spacing=12, tight=True), palette)


def field(
    value: str, label: str, around: ScreenContext, *, hint: str = "", on_submit: parts.OnTap | None = None
) -> ft.TextField:
    """A line to write in."""
    palette = around.palette
    return ft.TextField(
        value=value,
        label=label,
        hint_text=hint or None,
        on_submit=on_submit,
        bgcolor=palette.card,
        color=palette.ink,
        border_color=palette.line,
        focused_border_color=palette.ink,
        border_radius=16,
        border_width=1.5,
        content_padding=ft.Padding.symmetric(horizontal=18, vertical=18),
        label_style=ft.TextStyle(color=palette.ink_soft, font_family=parts.BODY, letter_spacing=0),
        text_style=ft.TextStyle(size=18, font_family=parts.BODY, letter_spacing=0),
        max_length=None,
    )
