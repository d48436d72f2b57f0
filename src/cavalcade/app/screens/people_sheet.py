"""The sheet from below: who is here, one's own sharing, inviting; drawn up, everybody in a list."""

from collections.abc import Callable
from typing import Any, Final

import flet as ft

from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.people_list import PeopleList
from cavalcade.app.screens.share_sheet import share_sheet
from cavalcade.app.ui import parts

LOW: Final = 172.0
"""The sheet's height when it is down, until what it shows was measured."""

_ABOVE: Final = 10.0
_BELOW: Final = 20.0


class PeopleSheet:
    """What lies over the lower part of the map, or beside it where the screen is wide.

    Attributes:
        control: All of it; the screen says where it lies.
        is_up: The list is shown.
        low: Its height when it is down: as much as what it then shows takes in the reader's letters.
    """

    def __init__(
        self,
        around: ScreenContext,
        on_select: Callable[[int], None],
        on_toggle_sharing: Callable[[], object],
        on_change: Callable[[], None],
    ) -> None:
        """A sheet that is down.

        Args:
            around: What screens are made with.
            on_select: Called with whom somebody tapped.
            on_toggle_sharing: Called when the switch for one's own position was tapped.
            on_change: Called when it has another height.
        """
        self._around = around
        self._on_toggle_sharing = on_toggle_sharing
        self._on_change = on_change
        self.is_up = False
        self.low = LOW
        self._summary = parts.Slot()
        self._sharing = parts.Slot(ft.Container(expand=True))
        self._actions = ft.Row(spacing=10)
        self._handle = ft.Container(width=44, height=5, border_radius=3)
        self._list = PeopleList(around, on_select)
        always = ft.Column(
            [
                ft.Row([self._handle], alignment=ft.MainAxisAlignment.CENTER),
                self._summary.control,
                self._actions,
            ],
            spacing=12,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            on_size_change=around.guard(self._measured),
        )
        self.control = ft.Container(
            ft.GestureDetector(
                ft.Column(
                    [always, ft.Container(self._list.control, expand=True)],
                    spacing=12,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
                on_vertical_drag_end=around.guard(self._dragged),
                drag_interval=50,
            ),
            border_radius=ft.BorderRadius.only(top_left=28, top_right=28),
            padding=ft.Padding.only(left=16, right=16, top=_ABOVE),
            animate=ft.Animation(260, ft.AnimationCurve.EASE_OUT_CUBIC),
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
            left=0,
            right=0,
            bottom=0,
            height=LOW,
        )
        self._dress()

    def paint(self, around: ScreenContext) -> None:
        """Shows the same in another appearance or language; the list stays where it was scrolled to."""
        self._around = around
        self._list.paint(around)
        self._summary.forget()
        self._sharing.forget()
        self._dress()

    def refresh(self) -> None:
        """Shows what has changed."""
        people = self._around.controller.people
        faces = tuple((one.id, one.initials, one.color, one.is_stale) for one in people[:5])
        self._summary.fill((faces, len(people), self.is_up), self._make_summary)
        state = self._sharing_state()
        self._sharing.fill(state, lambda: self._make_sharing(*state))
        self._list.show(people)

    def put_down(self) -> None:
        """Hides the list."""
        if self.is_up:
            self._toggle()

    def _dress(self) -> None:
        palette = self._around.palette
        invite = parts.button(
            self._around.say("share.open"),
            self._around.guard(self._around.device.open_sheet, share_sheet),
            palette,
            icon=ft.Icons.PERSON_ADD_ALT_1,
            is_primary=True,
            expand=True,
        )
        self._actions.controls = [self._sharing.control, invite]
        self._handle.bgcolor = palette.line
        self.control.bgcolor, self.control.shadow = palette.card, parts.shadow(palette, 26)
        self.control.border = ft.Border.only(top=ft.BorderSide(1, palette.line)) if palette.is_dark else None

    def _make_summary(self) -> ft.Control:
        around = self._around
        people = around.controller.people
        discs: list[ft.Control] = [
            ft.Container(parts.disc(person, around.palette, size=34, edge=around.palette.card), left=22.0 * place)
            for place, person in enumerate(people[:5])
        ]
        here = around.say("join.here", count=len(people)) if people else around.say("connection.connecting")
        icon = ft.Icons.KEYBOARD_ARROW_DOWN if self.is_up else ft.Icons.KEYBOARD_ARROW_UP
        return ft.Semantics(
            label=f"{around.say('people.open')}. {here}",
            button=True,
            expanded=self.is_up,
            exclude_semantics=True,
            on_tap=around.guard(self._toggle),
            content=ft.Container(
                parts.at_least(
                    44,
                    [
                        ft.Stack(discs, width=max(34.0, 22.0 * min(len(people), 5) + 12), height=34),
                        ft.Container(
                            parts.text(here, around.palette, weight=ft.FontWeight.W_600, lines=2), expand=True
                        ),
                        ft.Icon(icon, color=around.palette.ink_soft, size=28),
                    ],
                ),
                on_click=around.guard(self._toggle),
            ),
        )

    def _sharing_state(self) -> tuple[str, str, ft.IconData]:
        """What becomes of one's own position: the words' key, a colour and a sign."""
        taking_part, palette = self._around.controller.participation, self._around.palette
        assert taking_part is not None
        if taking_part.is_viewer:
            return "viewer", palette.ink_soft, ft.Icons.VISIBILITY
        if not taking_part.is_sharing:
            return "off", palette.ink_soft, ft.Icons.LOCATION_OFF
        if taking_part.obstacle is not None:
            return "cannot", palette.danger, ft.Icons.LOCATION_DISABLED
        if not taking_part.is_connected:
            return "lost", palette.ink_soft, ft.Icons.CLOUD_OFF
        if taking_part.live.membership.participant not in taking_part.live.positions:
            return "asking", palette.ink_soft, ft.Icons.LOCATION_SEARCHING
        return "on", palette.good, ft.Icons.SENSORS

    def _make_sharing(self, state: str, color: str, icon: ft.IconData) -> ft.Control:
        """The switch for one's own position, and what it is doing."""
        around, palette = self._around, self._around.palette
        words, hint = around.say(f"sharing.{state}"), around.say(f"sharing.{state}Hint")
        tap = around.guard(self._on_toggle_sharing)
        said = ft.Column(
            [
                parts.text(words, palette, size=15.5, weight=ft.FontWeight.W_600, lines=3),
                parts.text(hint, palette, size=12.5, color=palette.ink_soft, lines=3),
            ],
            spacing=0,
            tight=True,
            expand=True,
        )
        return ft.Semantics(
            label=f"{words}. {hint}",
            button=True,
            toggled=state != "off",
            exclude_semantics=True,
            on_tap=tap,
            content=ft.Container(
                parts.at_least(parts.PRIMARY, [ft.Icon(icon, color=color, size=26), said]),
                bgcolor=palette.well,
                border_radius=18,
                padding=ft.Padding.symmetric(horizontal=12),
                ink=True,
                on_click=tap,
            ),
        )

    def _toggle(self) -> None:
        self.is_up = not self.is_up
        self._on_change()

    def _dragged(self, event: ft.DragEndEvent[ft.GestureDetector]) -> None:
        speed = event.primary_velocity or 0.0
        if abs(speed) > 50 and (speed < 0) is not self.is_up:
            self._toggle()

    def _measured(self, event: ft.LayoutSizeChangeEvent[Any]) -> None:
        low = _ABOVE + round(event.height) + _BELOW
        if low != self.low:
            self.low = low
            self._on_change()
