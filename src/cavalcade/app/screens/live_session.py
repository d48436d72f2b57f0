"""The session: the map from edge to edge, who is here in a sheet from below, and everything under the thumb."""

from functools import partial
from typing import Any, Final

import flet as ft

from cavalcade.app.camera.framing import Padding, Size
from cavalcade.app.map.map_view import MapView
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.map_buttons import MapButtons
from cavalcade.app.screens.menu_sheet import menu_sheet
from cavalcade.app.screens.notices import ENDS_SOON_MS, Notices
from cavalcade.app.screens.people_sheet import PeopleSheet
from cavalcade.app.screens.places_sheet import place_sheet
from cavalcade.app.screens.sos_panel import SosPanel
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.places import place_views
from cavalcade.app.ui import parts

_WIDEST: Final = 520.0
_ASIDE: Final = 400.0
"""How wide bar and sheet are where they lie beside the map."""

_BAR: Final = 110.0
"""How high the bar is at most, with what is free around it."""

_LEAST_NOTICE: Final = 120.0
_FREE_MAP: Final = 150.0
"""So much of the height stays the map's while the sheet is drawn up."""


class SessionScreen:
    """One session, from joining to leaving."""

    def __init__(self, around: ScreenContext) -> None:
        self._around = around
        guard = around.guard
        self._size, self._safe = Size(390, 844), ft.Padding.all(0)
        self._of: Participation | None = None
        self.map = MapView(around.palette, around.words, around.tiles, guard, self._select, self._open_place,
                           self.refresh)  # fmt: skip
        self._notices = Notices(around, self.refresh)
        self._top = ft.Container(left=12, top=12, right=12)
        # What scrolls would take every touch in its place, so a notice does only where there is no room for all of it.
        self._notice = ft.Column(
            [self._notices.slot.control], tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )
        self._notices.slot.control.on_size_change = guard(self._notice_measured)
        self._notice_height = 0.0
        self._buttons = MapButtons(around, self.map)
        self._attribution = ft.Container(
            border_radius=7,
            padding=ft.Padding.symmetric(horizontal=7, vertical=2),
            left=12,
        )
        self._people = PeopleSheet(around, self._select, self._toggle_sharing, self._sheet_changed)
        self.fields: tuple[ft.TextField, ...] = ()
        self._alarm = SosPanel(around)
        self._over_map = (
            self._attribution,
            self._buttons.camera,
            self._buttons.talk,
            self._top,
            self._people.control,
        )
        self._ground = ft.Semantics(content=self.map.control)
        self.control: ft.Control = ft.Container(
            ft.Stack([self._ground, *self._over_map, self._alarm.control], fit=ft.StackFit.EXPAND, expand=True),
            expand=True,
        )
        self._dress()
        self._lay_out()
        self.refresh()

    def paint(self, around: ScreenContext) -> None:
        """Shows the same in another appearance or language.

        The map and the list stay the controls that they are, and with them the camera and what is scrolled to.
        """
        self._around = around
        self.map.paint(around.palette, around.words)
        for part in (self._people, self._notices, self._alarm, self._buttons):
            part.paint(around)
        self._dress()
        self.refresh()

    def _dress(self) -> None:
        """Makes whatever has a colour or words and keeps nothing."""
        palette, say, guard = self._around.palette, self._around.say, self._around.guard
        self._name = parts.title("", palette, size=19, lines=1)
        self._time = parts.text("", palette, size=13.5, color=palette.ink_soft, lines=1)
        bar = parts.card(
            ft.Row(
                [
                    ft.Container(ft.Column([self._name, self._time], spacing=0, tight=True), expand=True),
                    self._buttons.sos,
                    parts.round_button(ft.Icons.MORE_HORIZ, say("session.menu"), guard(self._open_menu), palette,
                                       is_flat=True),
                ],
                spacing=6,
            ),
            palette,
            radius=22,
            padding=ft.Padding.only(left=18, right=6, top=6, bottom=6),
        )  # fmt: skip
        self._top.content = ft.Column(
            [bar, self._notice], spacing=10, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )
        self._made_by = parts.text("", palette, size=11, color=palette.ink_soft, lines=1)
        self._attribution.content, self._attribution.bgcolor = self._made_by, f"#b3{palette.card[1:]}"

    def refresh(self) -> None:
        """Shows everything that may have changed but the map's markers."""
        around, controller = self._around, self._around.controller
        taking_part = controller.participation
        known = None if taking_part is None else taking_part.known
        if taking_part is None:
            return
        if taking_part is not self._of:
            # It began again, with positions from elsewhere: what can be tapped belongs to the one before.
            self._of = taking_part
            self._alarm.forget()
            self._notices.slot.forget()
        self._alarm.show(taking_part)
        # While an SOS covers it, those who hear the screen do not find it either. The map stays: it has the camera.
        self._ground.exclude_semantics = self._alarm.is_shown
        for control in self._over_map:
            control.visible = not self._alarm.is_shown
        if known is not None:
            session = known.state.session
            left = session.expires_at - taking_part.now
            self._name.value, self._name.rtl = session.name, parts.reads_from_right(session.name)
            self._time.value = " · ".join(
                [
                    around.say("time.left", length=controller.form.duration(left)),
                    controller.identity.backend if controller.identity else "",
                ]
            ).rstrip(" ·")
            self._time.color = around.palette.danger if left < ENDS_SOON_MS else around.palette.ink_soft
        else:
            self._name.value = around.say("connection.connecting")
        self._people.refresh()
        self._made_by.value = self.map.attribution
        self._notices.show(taking_part)
        self._buttons.refresh()
        self.map.show_places(() if known is None else place_views(known, controller.form))
        self.map.show(controller.people, taking_part.now)

    def show_positions(self) -> None:
        """Shows where everybody is now, and nothing else."""
        controller = self._around.controller
        if controller.participation is not None:
            self.map.show(controller.people, controller.participation.now)

    def resize(self, size: Size, safe: ft.Padding) -> None:
        """The picture has another size, or the device covers other edges of it."""
        self._size, self._safe = size, safe
        self._alarm.resize(size.width)
        self._lay_out()

    async def run(self) -> None:
        """Moves the markers."""
        await self._notices.look_at_permissions()
        await self.map.animate(self._around.device.seen)

    def _lay_out(self) -> None:
        width, height = self._size
        # Beside the map rather than over it, where there is room: also on a phone that is held sideways.
        is_wide = width >= 900 or (width >= 560 and height <= 520)
        edge = 20.0 if height > 520 else 12.0
        aside = min(_ASIDE, 0.46 * width)
        sheet, low = self._people.control, self._people.low + self._safe.bottom
        most = height - _FREE_MAP if not is_wide else height - 96 - self._safe.top - edge
        tall = min(most, max(low, (0.7 if is_wide else 0.62) * height)) if self._people.is_up else low
        if is_wide:
            sheet.left, sheet.right = edge, width - edge - aside
            sheet.bottom, sheet.border_radius = edge, ft.BorderRadius.all(28)
            self._top.left, self._top.right = edge, width - edge - aside
        else:
            margin = max(0.0, (width - _WIDEST) / 2)
            sheet.left = sheet.right = margin
            sheet.bottom, sheet.border_radius = 0, ft.BorderRadius.only(top_left=28, top_right=28)
            self._top.left = self._top.right = max(12.0, margin)
        sheet.height = tall
        self._top.top = 12 + self._safe.top
        room = height - self._top.top - _BAR - tall - (edge if is_wide else 0.0)
        is_tight = self._notice_height > max(room, _LEAST_NOTICE)
        self._notice.height = max(room, _LEAST_NOTICE) if is_tight else None
        self._notice.scroll = ft.ScrollMode.AUTO if is_tight else None
        beside = edge + aside
        self._buttons.camera.bottom = 24 if is_wide else low + 16
        self._attribution.bottom = 8 if is_wide else low + 8
        self._attribution.left = beside + 20 if is_wide else 12
        self._buttons.talk.left, self._buttons.talk.bottom = (beside + 20, 32) if is_wide else (14, low + 32)
        self.map.resize(
            self._size,
            Padding(40, 76, 40, beside + 96) if is_wide else Padding(96 + self._safe.top, 76, tall + 24, 76),
        )

    def _notice_measured(self, event: ft.LayoutSizeChangeEvent[Any]) -> None:
        self._notice_height = event.height
        self._lay_out()

    def _sheet_changed(self) -> None:
        self._lay_out()
        self.refresh()

    def _select(self, one: int) -> None:
        if self.map.follow(one):
            self._people.put_down()
        else:
            self._around.device.say(self._around.say("people.noPosition"))
        self.refresh()

    async def _toggle_sharing(self) -> None:
        taking_part = self._around.controller.participation
        if taking_part is None:
            return
        if taking_part.is_viewer:
            self._around.device.say(self._around.say("sharing.viewerHint"))
            return
        # It pauses whatever stands in the way of positions. Resumed, what stands there is said again.
        self._notices.tell_again()
        await taking_part.set_sharing(on=not taking_part.is_sharing)

    def _open_place(self, place: int) -> None:
        self._around.device.open_sheet(partial(place_sheet, place))

    def _open_menu(self) -> None:
        self._around.device.open_sheet(menu_sheet)
