"""Somebody on the map: a disc, the beak towards where they are going, their name, and the age of an old position."""

import math
from typing import Final

import flet as ft
import flet_map as fm

from cavalcade.app.camera.framing import Point, Spot
from cavalcade.app.map.layout import BESIDE, Label, Side
from cavalcade.app.session.people import Person
from cavalcade.app.ui import parts
from cavalcade.app.ui.palette import Palette
from cavalcade.strings import Words

WIDTH: Final = 360.0
HEIGHT: Final = 180.0
"""Room for a disc that is drawn aside, with its name on any side."""

_BEAK: Final = 84.0
_CHARACTER: Final = 7.4
_LONGEST_NAME: Final = 118.0
_MIDDLE: Final = Spot(WIDTH / 2, HEIGHT / 2)


class Mark:
    """One marker; each method changes only what differs, since each change is a message to Flutter.

    Attributes:
        marker: What the map's layer holds.
        at: Where it stands.
    """

    def __init__(self, person: Person, at: Point, palette: Palette, words: Words, on_tap: parts.OnTap) -> None:
        self._words = words
        self._palette = palette
        self._on_tap = on_tap
        self._shown = person
        self.at = at
        self._rotation = 0.0
        self._offset, self._side = Spot(0, 0), Side.BELOW
        self._beak = parts.beak(person, palette, size=_BEAK)
        self.marker = fm.Marker(
            content=self._content(person), coordinates=fm.MapLatitudeLongitude(*at), width=WIDTH, height=HEIGHT
        )

    def show(self, person: Person) -> None:
        """Draws somebody as they are now."""
        shown, self._shown = self._shown, person
        if _look(shown) != _look(person):
            self.marker.content = self._content(person)
        elif person.heading is not None and person.heading != shown.heading:
            self._turn(person.heading)

    def paint(self, palette: Palette, words: Words) -> None:
        """Draws the same in another appearance or language."""
        self._palette, self._words = palette, words
        self.marker.content = self._content(self._shown)

    def move(self, at: Point) -> None:
        """Puts the marker somewhere."""
        self.at = at
        self.marker.coordinates = fm.MapLatitudeLongitude(*at)

    def arrange(self, offset: Spot, side: Side) -> None:
        """Draws the disc beside the place, and the name on a side of it."""
        if (offset, side) != (self._offset, self._side):
            self._offset, self._side = offset, side
            self._arrange()

    def label(self, at: Spot) -> Label:
        """What has to be placed: the name, with the disc in the middle of a spot."""
        longest = max(len(self._name), len(self._shown.note))
        return Label(
            self._shown.id, at, min(_LONGEST_NAME, longest * _CHARACTER + 18), 37.0 if self._shown.note else 22.0
        )

    @property
    def _name(self) -> str:
        return self._words.say("map.you") if self._shown.is_me else self._shown.name

    def _turn(self, heading: float) -> None:
        # The short way round, whatever the heading was before.
        wanted = math.radians(heading)
        self._rotation += (wanted - self._rotation + math.pi) % (2 * math.pi) - math.pi
        self._beak.rotate = ft.Rotate(self._rotation)

    def _content(self, person: Person) -> ft.Control:
        palette = self._palette
        self._beak = parts.beak(person, palette, size=_BEAK)
        self._beak.visible = person.heading is not None
        if person.heading is not None:
            self._rotation = 0.0
            self._turn(person.heading)
        lines: list[ft.Control] = [
            parts.text(self._name, palette, size=14, weight=ft.FontWeight.W_600, lines=1, center=True)
        ]
        if person.note:
            lines.append(parts.text(person.note, palette, size=12, color=palette.ink_soft, lines=1, center=True))
        self._plate = ft.Container(
            ft.Column(lines, spacing=0, tight=True, horizontal_alignment=ft.CrossAxisAlignment.CENTER),
            bgcolor=palette.card,
            border_radius=9,
            padding=ft.Padding.symmetric(horizontal=8, vertical=1),
            shadow=ft.BoxShadow(blur_radius=4, color="#590a1012", offset=ft.Offset(0, 1)),
        )
        # A name that is longer than there is room for is shortened where it ends.
        self._name_row = ft.Container(ft.Row([ft.Container(self._plate, expand=True, expand_loose=True)]))
        said = ", ".join(part for part in (self._name, person.note or person.status) if part)
        # What those who hear the screen find is the disc alone: the room around it is that of others as well.
        target = ft.Semantics(
            container=True,  # somebody who is alone would be one with the map
            label=said,
            button=True,
            exclude_semantics=True,
            on_tap=self._on_tap,
            content=ft.Container(parts.disc(person, palette), on_click=self._on_tap),
        )
        self._disc = ft.Container(target)
        self._arrange()
        unheard = ft.Semantics(
            exclude_semantics=True, content=ft.Stack([self._name_row, self._beak], width=WIDTH, height=HEIGHT)
        )
        return ft.Stack([unheard, self._disc], width=WIDTH, height=HEIGHT)

    def _arrange(self) -> None:
        x, y = _MIDDLE.x + self._offset.x, _MIDDLE.y + self._offset.y
        self._disc.left, self._disc.top = x - parts.DISC / 2, y - parts.DISC / 2
        self._beak.left, self._beak.top = x - _BEAK / 2, y - _BEAK / 2
        row, label = self._name_row, self.label(Spot(x, y))
        assert isinstance(row.content, ft.Row)
        row.visible = self._side is not Side.NONE
        row.width = _LONGEST_NAME + 20
        row.content.alignment = {
            Side.RIGHT: ft.MainAxisAlignment.START,
            Side.LEFT: ft.MainAxisAlignment.END,
        }.get(self._side, ft.MainAxisAlignment.CENTER)
        row.top = {
            Side.BELOW: y + BESIDE,
            Side.ABOVE: y - BESIDE - label.height,
        }.get(self._side, y - label.height / 2)
        row.left = {
            Side.RIGHT: x + BESIDE,
            Side.LEFT: x - BESIDE - row.width,
        }.get(self._side, x - row.width / 2)


def _look(person: Person) -> tuple[object, ...]:
    """What a marker's drawing depends on, beside its place and heading."""
    return (
        person.name,
        person.initials,
        person.color,
        person.is_me,
        person.is_stale,
        person.note,
        person.heading is None,
    )
