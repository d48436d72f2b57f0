"""The parts that every screen is put together from, in Flet's controls."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from unicodedata import bidirectional

import flet as ft
import flet.canvas as cv

from cavalcade.app.session.people import Person
from cavalcade.app.ui.palette import Palette

OnTap = Callable[[Any], Awaitable[None]]

DISPLAY: Final = "Barlow Semi Condensed"
BODY: Final = "Barlow"
SEMIBOLD: Final = "Barlow SemiBold"
TOUCH: Final = 52
"""The least that a finger in a glove hits, logical pixels."""

RIDING: Final = 76
"""The same while riding."""

HOLD_S: Final = 2.0
LONG_PRESS_S: Final = 0.5
PRIMARY: Final = 58
"""A button that stands out."""

DISC: Final = 44


def text(
    words: str,
    palette: Palette,
    *,
    size: float = 16,
    weight: ft.FontWeight = ft.FontWeight.W_500,
    color: str | None = None,
    lines: int | None = None,
    center: bool = False,
) -> ft.Text:
    """Words in the body's face."""
    return ft.Text(
        words,
        size=size,
        weight=weight,
        color=color or palette.ink,
        font_family=BODY if weight is ft.FontWeight.W_500 else SEMIBOLD,
        style=ft.TextStyle(letter_spacing=0),
        max_lines=lines,
        overflow=ft.TextOverflow.ELLIPSIS if lines else ft.TextOverflow.CLIP,
        text_align=ft.TextAlign.CENTER if center else ft.TextAlign.START,
        rtl=reads_from_right(words),
    )


def title(
    words: str,
    palette: Palette,
    *,
    size: float = 26,
    lines: int | None = None,
    center: bool = False,
    color: str | None = None,
) -> ft.Text:
    """Words in the display face."""
    return ft.Text(
        words,
        size=size,
        weight=ft.FontWeight.W_700,
        color=color or palette.ink,
        font_family=DISPLAY,
        max_lines=lines,
        overflow=ft.TextOverflow.ELLIPSIS if lines else ft.TextOverflow.CLIP,
        style=ft.TextStyle(height=1.1, letter_spacing=0),
        text_align=ft.TextAlign.CENTER if center else ft.TextAlign.START,
        rtl=reads_from_right(words),
    )


def reads_from_right(words: str) -> bool:
    """Whether words begin with a script that is written from the right; they end at the left, and are cut there."""
    return next((kind != "L" for one in words if (kind := bidirectional(one)) in {"L", "R", "AL"}), False)


def shadow(palette: Palette, blur: float = 18) -> ft.BoxShadow:
    """Under what floats over the map."""
    return ft.BoxShadow(blur_radius=blur, color=palette.shadow, offset=ft.Offset(0, blur / 4))


def card(content: ft.Control, palette: Palette, *, radius: float = 22, padding: ft.PaddingValue = 16) -> ft.Container:
    """A sheet that stands on the ground or floats over the map."""
    return ft.Container(
        content,
        bgcolor=palette.card,
        border_radius=radius,
        padding=padding,
        shadow=shadow(palette),
        border=ft.Border.all(1, palette.line) if palette.is_dark else None,
    )


def button(
    words: str,
    on_tap: OnTap,
    palette: Palette,
    *,
    icon: ft.IconData | None = None,
    is_primary: bool = False,
    is_danger: bool = False,
    is_busy: bool = False,
    expand: bool = False,
    is_large: bool = False,
    label: str | None = None,
) -> ft.Control:
    """A button with words, large enough for a glove; those who hear it may be told more than stands on it.

    A large one is for a glove while riding.
    """
    fill = palette.signal if is_primary else palette.danger_well if is_danger else palette.well
    ink = palette.on_signal if is_primary else palette.danger if is_danger else palette.ink
    row: list[ft.Control] = []
    if is_busy:
        row.append(ft.ProgressRing(width=20, height=20, stroke_width=3, color=ink))
    elif icon is not None:
        row.append(ft.Icon(icon, color=ink, size=22))
    # In large letters, or in German, words may take a second line: nothing of what a button does is cut.
    row.append(
        ft.Container(
            text(words, palette, size=17, weight=ft.FontWeight.W_600, color=ink, lines=3, center=icon is None),
            expand=True,
            expand_loose=True,
        )
    )
    return ft.Semantics(
        label=label or words,
        button=True,
        exclude_semantics=True,
        expand=expand,
        on_tap=None if is_busy else on_tap,
        content=ft.Container(
            at_least(RIDING if is_large else PRIMARY if is_primary else TOUCH, row, center=True),
            bgcolor=fill,
            border_radius=18,
            padding=ft.Padding.symmetric(horizontal=14),
            ink=True,
            on_click=None if is_busy else on_tap,
        ),
    )


def at_least(height: float, row: list[ft.Control], *, center: bool = False) -> ft.Row:
    """What stands in a row, which is higher where large letters need that."""
    inner = ft.Row(row, alignment=ft.MainAxisAlignment.CENTER if center else ft.MainAxisAlignment.START, spacing=10)
    held = ft.Container(inner, expand=True, padding=ft.Padding.symmetric(vertical=6))
    return ft.Row([ft.Container(width=0, height=height), held], spacing=0)


def link_button(
    words: str,
    address: str,
    palette: Palette,
    *,
    icon: ft.IconData | None = None,
    is_primary: bool = False,
    on_tap: OnTap | None = None,
    target: ft.UrlTarget = ft.UrlTarget.SELF,
) -> ft.Control:
    """A large button that opens an address, such as `tel:`.

    The device does it by itself, at the touch: it does not wait for this program, which may be out of reach.
    """
    ink = palette.on_signal if is_primary else palette.ink
    row: list[ft.Control] = [] if icon is None else [ft.Icon(icon, color=ink, size=22)]
    row.append(
        ft.Container(
            text(words, palette, size=17, weight=ft.FontWeight.W_600, color=ink, lines=3),
            expand=True,
            expand_loose=True,
        )
    )
    return ft.Button(
        at_least(RIDING, row, center=True),
        url=ft.Url(address, target),
        on_click=on_tap,
        bgcolor=palette.signal if is_primary else palette.well,
        color=ink,
        elevation=0,
        style=ft.ButtonStyle(shape=ft.RoundedRectangleBorder(radius=18)),
    )


def lead_to(address: str, link: ft.Control) -> None:
    """Has a `link_button` open another address; it stays the control that it is."""
    if isinstance(link, ft.Button):
        link.url = ft.Url(address, ft.UrlTarget.SELF)


def sos_button(words: str, on_tap: OnTap, on_hold: Callable[[], object], palette: Palette) -> ft.Semantics:
    """The way to call for help: a word, since a sign could be taken for another.

    A tap asks what is wrong. People who cannot look hold it.
    """
    hold = Hold(on_hold)
    return ft.Semantics(
        container=True,
        label=words,
        button=True,
        exclude_semantics=True,
        on_tap=on_tap,
        content=ft.GestureDetector(
            ft.Container(
                initials(words, palette.card, size=20, room=TOUCH),
                width=TOUCH + 8,
                height=TOUCH,
                border_radius=TOUCH / 2,
                bgcolor=palette.danger,
                alignment=ft.Alignment.CENTER,
            ),
            on_tap=on_tap,
            on_long_press_start=hold.begun,
            on_long_press_end=hold.ended,
        ),
    )


class Hold:
    """A finger that stays where it is for two seconds."""

    def __init__(self, on_held: Callable[[], object]) -> None:
        """Waits for the finger.

        Args:
            on_held: Called when it stayed for long enough.
        """
        self._on_held = on_held
        self._waiting: asyncio.TimerHandle | None = None

    async def begun(self, _: object) -> None:
        """Flutter calls it a long press after half a second."""
        self._waiting = asyncio.get_running_loop().call_later(HOLD_S - LONG_PRESS_S, self._on_held)

    async def ended(self, _: object) -> None:
        """The finger is gone."""
        if self._waiting is not None:
            self._waiting.cancel()


def round_button(
    icon: ft.IconData,
    label: str,
    on_tap: OnTap,
    palette: Palette,
    *,
    is_on: bool = False,
    is_flat: bool = False,
    count: int = 0,
) -> ft.Semantics:
    """A round button with a sign, and words for those who hear the screen.

    Args:
        icon: The sign.
        label: The words.
        on_tap: What it does.
        palette: The appearance.
        is_on: What it stands for is so now.
        is_flat: It stands on something, rather than over the map.
        count: How many things wait behind it; 0 for none.
    """
    sign: ft.Control = ft.Icon(icon, color=palette.on_signal if is_on else palette.ink, size=25)
    if count:
        number = text(
            str(count) if count < 100 else "99+", palette, size=12.5, weight=ft.FontWeight.W_600,
            color=palette.on_signal, lines=1,
        )  # fmt: skip
        badge = ft.Container(
            number, bgcolor=palette.signal, border_radius=9, padding=ft.Padding.symmetric(horizontal=5),
            right=2, top=2,
        )  # fmt: skip
        middle = ft.Container(sign, width=TOUCH, height=TOUCH, alignment=ft.Alignment.CENTER)
        sign = ft.Stack([middle, badge], width=TOUCH, height=TOUCH)
    return ft.Semantics(
        container=True,  # never one with what it stands on
        label=label,
        button=True,
        exclude_semantics=True,
        on_tap=on_tap,
        content=ft.Container(
            sign,
            width=TOUCH,
            height=TOUCH,
            border_radius=TOUCH / 2,
            bgcolor=palette.signal if is_on else None if is_flat else palette.card,
            shadow=None if is_flat else shadow(palette, 14),
            alignment=ft.Alignment.CENTER,
            ink=True,
            on_click=on_tap,
        ),
    )


def tag(words: str, palette: Palette, *, is_signal: bool = False) -> ft.Container:
    """A word or two about somebody."""
    return ft.Container(
        text(words, palette, size=12.5, weight=ft.FontWeight.W_600,
             color=palette.on_signal if is_signal else palette.ink_soft),
        bgcolor=palette.signal if is_signal else palette.well,
        border_radius=7,
        padding=ft.Padding.symmetric(horizontal=7, vertical=1),
    )  # fmt: skip


def initials(letters: str, ink: str, *, size: float, room: float) -> ft.Control:
    """What stands in a disc: drawn, since written letters would grow out of it where the reader has large ones."""
    style = ft.TextStyle(size=size, weight=ft.FontWeight.W_700, color=ink, font_family=DISPLAY, height=1.0)
    return cv.Canvas(
        [cv.Text(room / 2, room / 2, letters, style, alignment=ft.Alignment.CENTER)], width=room, height=room
    )


def disc(person: Person, palette: Palette, *, size: float = DISC, edge: str = "#ffffff") -> ft.Container:
    """Somebody's round picture: initials on their colour, paler once the position is old."""
    rim = max(2.0, size / 15)
    return ft.Container(
        initials(person.initials, person.ink, size=size * 0.43, room=size - 2 * rim),
        width=size,
        height=size,
        border_radius=size / 2,
        bgcolor=person.color,
        border=ft.Border.all(rim, palette.signal if person.is_me else edge),
        alignment=ft.Alignment.CENTER,
        shadow=ft.BoxShadow(blur_radius=6, color="#660a1012", offset=ft.Offset(0, 2)),
        opacity=0.62 if person.is_stale else 1.0,
    )


def beak(person: Person, palette: Palette, *, size: float = 84) -> ft.Container:
    """The arrow that grows out of a disc towards where its owner is going."""
    color = palette.signal if person.is_me else "#ffffff"
    middle, top, half = size / 2, 4.0, 12.5

    def triangle(inset: float, fill: str) -> cv.Path:
        return cv.Path(
            [
                cv.Path.MoveTo(middle, top + inset * 1.6),
                cv.Path.LineTo(middle + half - inset * 0.8, top + 22),
                cv.Path.LineTo(middle - half + inset * 0.8, top + 22),
                cv.Path.Close(),
            ],
            paint=ft.Paint(color=fill, style=ft.PaintingStyle.FILL),
        )

    return ft.Container(
        cv.Canvas([triangle(0, color), triangle(3, person.color)], width=size, height=size),
        width=size,
        height=size,
        rotate=ft.Rotate(math.radians(person.heading or 0.0)),
        animate_rotation=ft.Animation(400, ft.AnimationCurve.EASE_OUT),
    )


class Slot:
    """A place whose content is made again only where it would look different.

    A control that is replaced between a finger's touch and its lift loses the tap.

    Attributes:
        control: What holds the content.
    """

    def __init__(self, control: ft.Container | None = None) -> None:
        self.control = control or ft.Container()
        self._look: object = None

    def fill(self, look: object, make: Callable[[], ft.Control | None]) -> None:
        """Shows something.

        Args:
            look: All that its drawing depends on.
            make: Draws it; None takes the place away.
        """
        if look != self._look:
            self._look = look
            self.control.content = make()
            self.control.visible = self.control.content is not None

    def forget(self) -> None:
        """Has the content made again the next time, even where nothing that it depends on has changed."""
        self._look = self


def scroll(controls: Sequence[ft.Control], *, spacing: float = 14) -> ft.Column:
    """A column that scrolls where the screen is too short for it."""
    return ft.Column(
        list(controls),
        spacing=spacing,
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
