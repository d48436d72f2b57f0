"""What floats over the map: the camera, one's own status, messages and signals, and SOS in the bar."""

import flet as ft

from cavalcade.app.map.map_view import MapView, Mode
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.messages_sheet import messages_sheet
from cavalcade.app.screens.places_sheet import places_sheet
from cavalcade.app.screens.signals_sheet import signals_sheet
from cavalcade.app.screens.status_sheet import ICONS, status_sheet
from cavalcade.app.session.participation import Participation
from cavalcade.app.ui import parts
from cavalcade.domain.features.statuses import PersonStatus


class MapButtons:
    """The round buttons; each is made again only where it would look different.

    Attributes:
        camera: Those at the right edge.
        talk: Those at the left edge.
        sos: The one that the bar holds.
    """

    def __init__(self, around: ScreenContext, map_view: MapView) -> None:
        """Shows nothing before the first `refresh`.

        Args:
            around: What screens are made with.
            map_view: Whose camera they move.
        """
        self._around = around
        self._map = map_view
        self._everyone, self._me, self._status = parts.Slot(), parts.Slot(), parts.Slot()
        self._signals, self._messages, self._sos = parts.Slot(), parts.Slot(), parts.Slot()
        self._places = parts.Slot()
        self.sos = self._sos.control
        self.camera = ft.Container(
            ft.Column([self._everyone.control, self._me.control, self._status.control], spacing=12, tight=True),
            right=14,
        )
        self.talk = ft.Container(
            ft.Column([self._places.control, self._messages.control, self._signals.control], spacing=12, tight=True),
            left=14,
        )

    def paint(self, around: ScreenContext) -> None:
        """Has all of them made again the next time, in another appearance or language."""
        self._around = around
        slots = self._everyone, self._me, self._status, self._signals, self._messages, self._sos, self._places
        for slot in slots:
            slot.forget()

    def refresh(self) -> None:
        """Shows what has changed."""
        taking_part = self._around.controller.participation
        self._show_camera(taking_part)
        if taking_part is not None:
            self._show_status(taking_part)
            self._show_talk(taking_part)

    def _show_camera(self, taking_part: Participation | None) -> None:
        around, palette = self._around, self._around.palette
        everyone = self._map.mode is Mode.EVERYONE
        me = self._map.mode is Mode.FOLLOWING and taking_part is not None
        me = me and self._map.followed == self._my_id()
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

    def _show_status(self, taking_part: Participation) -> None:
        around, palette = self._around, self._around.palette
        mine = None if taking_part.is_viewer else taking_part.me
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

    def _show_talk(self, taking_part: Participation) -> None:
        """Shows the ways to the others: signals, messages, and SOS in its place in the bar."""
        around, palette = self._around, self._around.palette
        is_viewer, unread = taking_part.is_viewer, taking_part.talk.unread
        words = around.say("talk.messages")
        self._places.fill(
            "places",
            lambda: parts.round_button(
                ft.Icons.ADD_LOCATION_ALT_OUTLINED,
                around.say("places.title"),
                around.guard(around.device.open_sheet, places_sheet),
                palette,
            ),
        )
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
                around.say("sos.button"), around.guard(self._call_for_help), self._held_for_help, palette
            ),
        )  # fmt: skip

    def _my_id(self) -> int | None:
        taking_part = self._around.controller.participation
        return None if taking_part is None else taking_part.live.membership.participant

    def _show_everyone(self) -> None:
        self._map.show_everyone()
        self.refresh()

    def _center_on_me(self) -> None:
        me = self._my_id()
        if me is None or not self._map.follow(me):
            self._around.device.say(self._around.say("people.noPosition"))
        self.refresh()

    def _held_for_help(self) -> None:
        self._around.guard.begin(self._begin_countdown)

    def _begin_countdown(self) -> None:
        if (taking_part := self._around.controller.participation) is not None:
            taking_part.sos.hold()

    def _call_for_help(self) -> None:
        if (taking_part := self._around.controller.participation) is not None:
            taking_part.sos.press()
