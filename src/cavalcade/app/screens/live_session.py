"""The session: the map from edge to edge, who is here in a sheet from below, and everything under the thumb."""

import flet as ft

from cavalcade.app.camera.framing import Padding, Size
from cavalcade.app.map.map_view import MapView, Mode
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.menu_sheet import menu_sheet
from cavalcade.app.screens.messages_sheet import messages_sheet
from cavalcade.app.screens.notices import ENDS_SOON_MS, Notices
from cavalcade.app.screens.people_list import PeopleList
from cavalcade.app.screens.share_sheet import share_sheet
from cavalcade.app.screens.signals_sheet import signals_sheet
from cavalcade.app.screens.sos_panel import SosPanel
from cavalcade.app.screens.status_sheet import ICONS, status_sheet
from cavalcade.app.session.participation import Participation
from cavalcade.app.ui import parts
from cavalcade.domain.features.statuses import PersonStatus

LOW = 172.0
"""The sheet's height when it is down: a handle, who is here, and the two large buttons."""

_WIDEST = 520.0
_BAR = 64.0


class SessionScreen:
    """One session, from joining to leaving."""

    def __init__(self, around: ScreenContext) -> None:
        self._around = around
        guard = around.guard
        self._size, self._safe = Size(390, 844), ft.Padding.all(0)
        self._is_up = False
        self._of: Participation | None = None
        self.map = MapView(around.palette, around.words, around.tiles, guard, self._select, self.refresh)
        self._notices = Notices(around, self.refresh)
        self._top = ft.Container(left=12, top=12, right=12)
        self._everyone, self._me, self._status = parts.Slot(), parts.Slot(), parts.Slot()
        self._signals, self._messages, self._sos = parts.Slot(), parts.Slot(), parts.Slot()
        self._attribution = ft.Container(
            border_radius=7,
            padding=ft.Padding.symmetric(horizontal=7, vertical=2),
            left=12,
        )
        self._buttons = ft.Container(
            ft.Column([self._everyone.control, self._me.control, self._status.control], spacing=12, tight=True),
            right=14,
        )
        self._talk = ft.Container(
            ft.Column([self._messages.control, self._signals.control], spacing=12, tight=True), left=14
        )
        self._summary = parts.Slot()
        self._sharing = parts.Slot(ft.Container(expand=True))
        self._actions = ft.Row(spacing=10)
        self._handle = ft.Container(width=44, height=5, border_radius=3)
        self._list = PeopleList(around, self._select)
        self._sheet = ft.Container(
            ft.GestureDetector(
                ft.Column(
                    [
                        ft.Row([self._handle], alignment=ft.MainAxisAlignment.CENTER),
                        self._summary.control,
                        self._actions,
                        ft.Container(self._list.control, expand=True),
                    ],
                    spacing=12,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
                on_vertical_drag_end=guard(self._dragged),
                drag_interval=50,
            ),
            border_radius=ft.BorderRadius.only(top_left=28, top_right=28),
            padding=ft.Padding.only(left=16, right=16, top=10),
            animate=ft.Animation(260, ft.AnimationCurve.EASE_OUT_CUBIC),
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
            left=0,
            right=0,
            bottom=0,
            height=LOW,
        )
        self.fields: tuple[ft.TextField, ...] = ()
        self._alarm = SosPanel(around)
        self._over_map = (self._attribution, self._buttons, self._talk, self._top, self._sheet)
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
        self._list.paint(around)
        self._notices.paint(around)
        self._alarm.paint(around)
        for slot in (
            self._everyone,
            self._me,
            self._status,
            self._signals,
            self._messages,
            self._sos,
            self._summary,
            self._sharing,
        ):
            slot.forget()
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
                    self._sos.control,
                    parts.round_button(ft.Icons.MORE_HORIZ, say("session.menu"), guard(self._open_menu), palette,
                                       is_flat=True),
                ],
                spacing=6,
            ),
            palette,
            radius=22,
            padding=ft.Padding.only(left=18, right=6, top=6, bottom=6),
        )  # fmt: skip
        self._top.content = ft.Column([bar, self._notices.slot.control], spacing=10, tight=True)
        self._made_by = parts.text("", palette, size=11, color=palette.ink_soft, lines=1)
        self._attribution.content, self._attribution.bgcolor = self._made_by, f"#b3{palette.card[1:]}"
        invite = parts.button(
            say("share.open"), guard(self._open_share), palette,
            icon=ft.Icons.PERSON_ADD_ALT_1, is_primary=True, expand=True,
        )  # fmt: skip
        self._actions.controls = [self._sharing.control, invite]
        self._handle.bgcolor = palette.line
        self._sheet.bgcolor, self._sheet.shadow = palette.card, parts.shadow(palette, 26)
        self._sheet.border = ft.Border.only(top=ft.BorderSide(1, palette.line)) if palette.is_dark else None

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
        people = controller.people
        faces = tuple((one.id, one.initials, one.color, one.is_stale) for one in people[:5])
        self._summary.fill((faces, len(people), self._is_up), self._make_summary)
        state = self._sharing_state()
        self._sharing.fill(state, lambda: self._make_sharing(*state))
        self._list.show(people)
        self._made_by.value = self.map.attribution
        self._notices.show(taking_part)
        self._show_buttons()
        self.map.show(people, taking_part.now)

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
        is_wide = width >= 900
        low = LOW + self._safe.bottom
        tall = low if not self._is_up else min(height - 150, max(low, 0.62 * height))
        aside = max(0.0, (width - _WIDEST) / 2)
        if is_wide:
            # Beside the map rather than over it: there is room.
            self._sheet.left, self._sheet.right = 20, width - 20 - 400
            self._sheet.bottom, self._sheet.border_radius = 20, ft.BorderRadius.all(28)
            self._top.left, self._top.right = 20, width - 20 - 400
            tall = min(height - 150, max(low, 0.7 * height))
        else:
            self._sheet.left = self._sheet.right = aside
            self._sheet.bottom, self._sheet.border_radius = 0, ft.BorderRadius.only(top_left=28, top_right=28)
            self._top.left = self._top.right = max(12.0, aside)
        self._sheet.height = tall
        self._top.top = 12 + self._safe.top
        self._buttons.bottom = 24 if is_wide else low + 16
        self._attribution.bottom = 8 if is_wide else low + 8
        self._attribution.left = 440 if is_wide else 12
        self._talk.left, self._talk.bottom = (440 if is_wide else 14), (32 if is_wide else low + 32)
        left = 516.0 if is_wide else 76.0
        self.map.resize(
            self._size,
            Padding(96 + self._safe.top if not is_wide else 40, 76, 40 if is_wide else low + 24, left),
        )

    def _make_summary(self) -> ft.Control:
        around = self._around
        people = around.controller.people
        discs: list[ft.Control] = [
            ft.Container(parts.disc(person, around.palette, size=34, edge=around.palette.card), left=22.0 * place)
            for place, person in enumerate(people[:5])
        ]
        here = around.say("join.here", count=len(people)) if people else around.say("connection.connecting")
        icon = ft.Icons.KEYBOARD_ARROW_DOWN if self._is_up else ft.Icons.KEYBOARD_ARROW_UP
        return ft.Semantics(
            label=f"{around.say('people.open')}. {here}",
            button=True,
            expanded=self._is_up,
            exclude_semantics=True,
            on_tap=around.guard(self._toggle),
            content=ft.Container(
                ft.Row(
                    [
                        ft.Stack(discs, width=max(34.0, 22.0 * min(len(people), 5) + 12), height=34),
                        ft.Container(
                            parts.text(here, around.palette, weight=ft.FontWeight.W_600, lines=1), expand=True
                        ),
                        ft.Icon(icon, color=around.palette.ink_soft, size=28),
                    ],
                    spacing=10,
                ),
                on_click=around.guard(self._toggle),
                height=44,
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
        tap = around.guard(self._toggle_sharing)
        return ft.Semantics(
            label=f"{words}. {hint}",
            button=True,
            toggled=state != "off",
            exclude_semantics=True,
            on_tap=tap,
            content=ft.Container(
                ft.Row(
                    [
                        ft.Icon(icon, color=color, size=26),
                        ft.Column(
                            [
                                parts.text(words, palette, size=15.5, weight=ft.FontWeight.W_600, lines=1),
                                parts.text(hint, palette, size=12.5, color=palette.ink_soft, lines=1),
                            ],
                            spacing=0,
                            tight=True,
                            expand=True,
                        ),
                    ],
                    spacing=10,
                ),
                bgcolor=palette.well,
                border_radius=18,
                height=58,
                padding=ft.Padding.symmetric(horizontal=14),
                ink=True,
                on_click=tap,
            ),
        )

    def _show_buttons(self) -> None:
        around, palette = self._around, self._around.palette
        everyone = self.map.mode is Mode.EVERYONE
        me = self.map.mode is Mode.FOLLOWING and self.map.followed == self._my_id()
        self._everyone.fill(
            everyone,
            lambda: parts.round_button(
                ft.Icons.GROUPS,
                around.say("map.showEveryone"),
                around.guard(self._show_everyone),
                palette,
                is_on=everyone,
            ),
        )
        self._me.fill(
            me,
            lambda: parts.round_button(
                ft.Icons.MY_LOCATION, around.say("map.centerOnMe"), around.guard(self._center_on_me), palette,
                is_on=me,
            ),
        )  # fmt: skip

        taking_part = around.controller.participation
        mine = None if taking_part is None or taking_part.is_viewer else taking_part.me
        status = None if mine is None else mine.features.of(PersonStatus).status
        icon = ft.Icons.FLAG_OUTLINED if status is None else ICONS[status]
        words = around.say("status.mine")
        self._status.fill(
            (mine is None, status),
            lambda: None if mine is None else parts.round_button(
                icon,
                words if status is None else f"{words}: {around.say(f'status.{status}')}",
                around.guard(around.device.open_sheet, status_sheet),
                palette,
                is_on=status is not None,
            ),
        )  # fmt: skip

        self._show_talk()

    def _show_talk(self) -> None:
        """Shows the ways to the others: signals, messages, and SOS in its place in the bar."""
        around, palette = self._around, self._around.palette
        taking_part = around.controller.participation
        if taking_part is None:
            return
        is_viewer, unread = taking_part.is_viewer, taking_part.talk.unread
        words = around.say("talk.messages")
        self._messages.fill(
            unread,
            lambda: parts.round_button(
                ft.Icons.CHAT_BUBBLE_OUTLINE,
                f"{words}, {around.say('talk.unread', count=unread)}" if unread else words,
                around.guard(around.device.open_sheet, messages_sheet),
                palette,
                count=unread,
            ),
        )
        self._signals.fill(
            is_viewer,
            lambda: None if is_viewer else parts.round_button(
                ft.Icons.CAMPAIGN_OUTLINED,
                around.say("talk.signals"),
                around.guard(around.device.open_sheet, signals_sheet),
                palette,
            ),
        )  # fmt: skip
        self._sos.fill(
            is_viewer,
            lambda: None if is_viewer else parts.sos_button(
                around.say("sos.button"), around.guard(self._call_for_help), palette
            ),
        )  # fmt: skip

    def _my_id(self) -> int | None:
        taking_part = self._around.controller.participation
        return None if taking_part is None else taking_part.live.membership.participant

    def _show_everyone(self) -> None:
        self.map.show_everyone()
        self.refresh()

    def _center_on_me(self) -> None:
        me = self._my_id()
        if me is None or not self.map.follow(me):
            self._around.device.say(self._around.say("people.noPosition"))
        self.refresh()

    def _select(self, one: int) -> None:
        if self.map.follow(one):
            self._is_up = False
            self._lay_out()
        else:
            self._around.device.say(self._around.say("people.noPosition"))
        self.refresh()

    def _toggle(self) -> None:
        self._is_up = not self._is_up
        self._lay_out()
        self.refresh()

    def _dragged(self, event: ft.DragEndEvent[ft.GestureDetector]) -> None:
        speed = event.primary_velocity or 0.0
        if abs(speed) > 50 and (speed < 0) is not self._is_up:
            self._toggle()

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

    def _call_for_help(self) -> None:
        if (taking_part := self._around.controller.participation) is not None:
            taking_part.sos.press()

    def _open_share(self) -> None:
        self._around.device.open_sheet(share_sheet)

    def _open_menu(self) -> None:
        self._around.device.open_sheet(menu_sheet)
