"""Who is here, one under the other: name, what they are doing, how far off and in which direction."""

import math
from collections.abc import Callable, Sequence

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet, field
from cavalcade.app.session.people import Person
from cavalcade.app.ui import parts
from cavalcade.domain.model import Role


class PeopleList:
    """The list in the sheet; rows are made again only where somebody's words have changed."""

    def __init__(self, around: ScreenContext, on_select: Callable[[int], None]) -> None:
        """An empty list.

        Args:
            around: What screens are made with.
            on_select: Called with whom somebody tapped.
        """
        self._around = around
        self._on_select = on_select
        self._rows: dict[int, tuple[tuple[object, ...], ft.Control]] = {}
        self._column = ft.Column(spacing=2, scroll=ft.ScrollMode.AUTO, expand=True)
        self.control: ft.Control = self._column

    def show(self, people: Sequence[Person]) -> None:
        """Shows everybody."""
        rows: dict[int, tuple[tuple[object, ...], ft.Control]] = {}
        for person in people:
            look = _look(person)
            known = self._rows.get(person.id)
            rows[person.id] = known if known is not None and known[0] == look else (look, self._row(person))
        if list(rows.values()) != list(self._rows.values()):
            self._rows = rows
            self._column.controls = [row for _, row in rows.values()]

    def paint(self, around: ScreenContext) -> None:
        """Has all rows made again the next time, in another appearance or language; the scroll position stays."""
        self._around = around
        self._rows, self._column.controls = {}, []

    def _row(self, person: Person) -> ft.Control:
        around, palette = self._around, self._around.palette
        tags: list[ft.Control] = []
        if person.is_me:
            tags.append(parts.tag(around.say("people.you"), palette, is_signal=True))
        if person.role is Role.HOST:
            tags.append(parts.tag(around.say("people.host"), palette))
        if person.role is Role.VIEWER:
            tags.append(parts.tag(around.say("people.viewer"), palette))
        if person.up:
            tags.append(parts.tag(person.up, palette, is_signal=True))
        face: list[ft.Control] = [parts.disc(person, palette, size=46, edge=palette.card)]
        if person.is_present:
            face.append(
                ft.Container(width=14, height=14, border_radius=7, bgcolor=palette.good,
                             border=ft.Border.all(2.5, palette.card), right=0, bottom=0)
            )  # fmt: skip
        row: list[ft.Control] = [
            ft.Stack(face, width=48, height=48),
            ft.Column(
                [
                    ft.Row(
                        [
                            ft.Container(
                                parts.text(person.name, palette, size=17, weight=ft.FontWeight.W_600, lines=1),
                                expand=True, expand_loose=True,
                            ),
                            *tags,
                        ],
                        spacing=7,
                    ),
                    parts.text(person.status, palette, size=14, color=palette.ink_soft, lines=1),
                ],
                spacing=0,
                tight=True,
                expand=True,
            ),
        ]  # fmt: skip
        if person.away and not person.is_me:
            row.append(_whereabouts(person, around))
        tap = around.guard(self._on_select, person.id)
        shown = ft.Semantics(
            label=", ".join(part for part in (person.name, person.up, person.status, person.away) if part),
            button=True,
            exclude_semantics=True,
            expand=person.is_me,
            on_tap=tap,
            content=ft.Container(
                ft.Row(row, spacing=12),
                padding=ft.Padding.symmetric(horizontal=4, vertical=7),
                border_radius=14,
                ink=True,
                on_click=tap,
            ),
        )
        if not person.is_me:
            return shown
        # Beside it: inside, it would not be found by those who hear the screen.
        rename = parts.round_button(
            ft.Icons.EDIT_OUTLINED,
            around.say("app.people.rename"),
            around.guard(around.device.open_sheet, rename_sheet),
            palette,
            is_flat=True,
        )
        return ft.Row([shown, rename], spacing=0)


def rename_sheet(around: ScreenContext) -> Sheet:
    """Lets somebody change the name that the others see."""
    name = field(around.controller.preferences.name, around.say("people.nameLabel"), around)

    async def save() -> None:
        around.device.close_sheet()
        await around.controller.rename(name.value or "")

    return Sheet(
        ft.Column(
            [
                parts.title(around.say("app.people.rename"), around.palette),
                name,
                parts.button(around.say("people.save"), around.guard(save), around.palette, is_primary=True),
            ],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        (name,),
    )


def _whereabouts(person: Person, around: ScreenContext) -> ft.Control:
    palette = around.palette
    column: list[ft.Control] = [parts.text(person.away, palette, size=15, weight=ft.FontWeight.W_600)]
    if person.direction is not None:
        column.append(
            ft.Row(
                [
                    ft.Icon(ft.Icons.ARROW_UPWARD, size=14, color=palette.ink_soft,
                            rotate=ft.Rotate(math.radians(round(person.direction / 15) * 15))),
                    parts.text(around.controller.form.compass(person.direction), palette, size=13,
                               color=palette.ink_soft),
                ],
                spacing=4,
                tight=True,
            )
        )  # fmt: skip
    return ft.Column(column, spacing=0, tight=True, horizontal_alignment=ft.CrossAxisAlignment.END)


def _look(person: Person) -> tuple[object, ...]:
    """What a row's drawing depends on."""
    return (
        person.name,
        person.initials,
        person.color,
        person.role,
        person.is_me,
        person.is_present,
        person.is_stale,
        person.status,
        person.up,
        person.away,
        None if person.direction is None else round(person.direction / 15),
    )
