"""What covers the session while there is an SOS to raise, to follow or to answer."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import flet as ft

from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.sos_incoming import incoming_sections
from cavalcade.app.screens.sos_own import own_sections
from cavalcade.app.screens.sos_parts import APART, Section
from cavalcade.app.session.participation import Participation
from cavalcade.app.ui import parts

ALARM_S: Final = 10


class SosPanel:
    """Chooses and draws the SOS screen.

    Attributes:
        control: All of it; it is there only while there is something to show.
    """

    def __init__(self, around: ScreenContext) -> None:
        self._around = around
        self._slots: dict[object, parts.Slot] = {}
        self._alarms = 0
        self._column = ft.Column(
            spacing=APART,
            scroll=ft.ScrollMode.AUTO,
            expand=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
        self._frame = ft.Container(self._column, padding=ft.Padding.symmetric(horizontal=20, vertical=16), width=560)
        self.control = ft.Container(
            ft.SafeArea(
                ft.Row([self._frame], alignment=ft.MainAxisAlignment.CENTER,
                       vertical_alignment=ft.CrossAxisAlignment.STRETCH, expand=True),
                expand=True,
            ),
            left=0, top=0, right=0, bottom=0,
            visible=False,
        )  # fmt: skip
        self.paint(around)

    @property
    def is_shown(self) -> bool:
        """Whether it covers the screen."""
        return bool(self.control.visible)

    def paint(self, around: ScreenContext) -> None:
        """Has it made again in another appearance or language."""
        self._around = around
        self.control.bgcolor = around.palette.card
        self.forget()

    def forget(self) -> None:
        """Has all parts made again the next time."""
        for slot in self._slots.values():
            slot.forget()

    def resize(self, width: float) -> None:
        """Not wider than can be read."""
        self._frame.width = min(width, 560)

    def show(self, taking_part: Participation) -> None:
        """Shows one's own, or those of others that are to be answered; a countdown is never covered."""
        flow = taking_part.sos
        sections: Sequence[Section] = ()
        leave: Callable[[], object] | None = None
        if flow.is_open or flow.draft is not None:
            sections, leave = own_sections(taking_part, self._around), flow.close
        elif flow.incoming:
            sections, leave = incoming_sections(taking_part, self._around), flow.put_aside
        if sections and leave is not None and flow.draft is None:
            sections = [*sections, self._leave(leave, is_own=flow.is_open)]
        self._alarm(flow.alarms)
        if sections and not self.is_shown:
            # A sheet would lie over it.
            self._around.device.close_sheet()
        self.control.visible = bool(sections)
        self._fill(sections)

    def _leave(self, leave: Callable[[], object], *, is_own: bool) -> Section:
        around = self._around
        return Section(
            ("leave", is_own),
            None,
            lambda: parts.button(
                around.say("sos.map"), around.guard(leave), around.palette, icon=ft.Icons.MAP_OUTLINED
            ),
        )

    def _fill(self, sections: Sequence[Section]) -> None:
        keys = [section.key for section in sections]
        if keys != list(self._slots):
            self._slots = {key: self._slots.get(key) or parts.Slot() for key in keys}
            self._column.controls = [slot.control for slot in self._slots.values()]
        for section in sections:
            slot = self._slots[section.key]
            slot.fill(section.look if section.look is not None else section.key, section.make)
            if section.adjust is not None and slot.control.content is not None:
                section.adjust(slot.control.content)

    def _alarm(self, alarms: int) -> None:
        if alarms > self._alarms:
            self._around.guard.begin(self._shake)
        self._alarms = alarms

    async def _shake(self) -> None:
        """Shakes the device for ten seconds, or until it was answered or put aside."""
        for _ in range(ALARM_S):
            if not self.is_shown:
                return
            await self._around.device.vibrate()
            await asyncio.sleep(1)
