"""The beginning: one tap to start, or a link to join; and which server all of it is about."""

from collections.abc import Callable

import flet as ft

from cavalcade.app.camera.framing import Size
from cavalcade.app.screens.base import ScreenContext, field, problem_card
from cavalcade.app.screens.settings_sheet import settings_sheet
from cavalcade.app.session.advice import WayOn
from cavalcade.app.ui import parts
from cavalcade.app.ui.road_picture import ROOMY, road_picture
from cavalcade.client import ServerIdentity


class StartScreen:
    """Made again for each visit; what was written stays while it is shown."""

    def __init__(self, around: ScreenContext) -> None:
        self._around = around
        self._again: Callable[[], object] = self._begin
        palette, say, guard = around.palette, around.say, around.guard
        self._link = field("", say("app.start.linkLabel"), around, on_submit=guard(self._join))
        self._start, self._problem = parts.Slot(), parts.Slot()
        self._server = parts.text("", palette, size=13.5, color=palette.ink_soft, lines=1)
        self._dot = ft.Container(width=9, height=9, border_radius=5)
        self._picture = ft.Container(road_picture(palette))
        words = parts.scroll(
                [
                    ft.Row(
                        [
                            ft.Image(src="mark.png", width=44, height=44, exclude_from_semantics=True),
                            ft.Container(parts.title(say("product"), palette, size=24), expand=True),
                            parts.round_button(
                                ft.Icons.SETTINGS_OUTLINED, say("app.settings.title"),
                                guard(self._open_settings), palette, is_flat=True,
                            ),
                        ],
                        spacing=12,
                    ),
                    self._picture,
                    parts.title(say("start.title"), palette, size=36),
                    parts.text(say("start.lead"), palette, size=17, color=palette.ink_soft),
                    parts.text(say("app.start.locationReason"), palette, size=14, color=palette.ink_soft),
                    ft.Divider(height=10, color=palette.line),
                    parts.text(say("app.start.haveLink"), palette, weight=ft.FontWeight.W_600),
                    self._link,
                    ft.Row(
                        [
                            parts.button(say("app.start.paste"), guard(self._paste), palette,
                                         icon=ft.Icons.CONTENT_PASTE, expand=True),
                            parts.button(say("app.start.join"), guard(self._join), palette,
                                         icon=ft.Icons.ARROW_FORWARD, expand=True),
                        ],
                        spacing=10,
                    ),
                    ft.Container(
                        ft.Row([self._dot, self._server], spacing=9, alignment=ft.MainAxisAlignment.CENTER),
                        on_click=guard(self._open_settings),
                        padding=10,
                        border_radius=12,
                    ),
                ],
            )  # fmt: skip
        # The one tap stays in sight, whatever stands above it.
        self._body = ft.Container(
            ft.Column([words, self._start.control], spacing=10, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
            padding=ft.Padding.symmetric(horizontal=24, vertical=16),
            width=560,
        )
        # In front of everything: inside what scrolls, people who write into the lowest field would not see it.
        self._problem.control.left = self._problem.control.right = self._problem.control.top = 12
        content = ft.Row(
            [self._body],
            alignment=ft.MainAxisAlignment.CENTER,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
            expand=True,
        )
        self.fields: tuple[ft.TextField, ...] = (self._link,)
        self.control: ft.Control = ft.Container(
            ft.SafeArea(ft.Stack([content, self._problem.control], expand=True), expand=True),
            bgcolor=palette.ground,
            expand=True,
        )
        self.refresh()

    def refresh(self) -> None:
        """Shows what has changed."""
        around, controller = self._around, self._around.controller
        busy, problem = controller.is_busy, controller.problem
        self._start.fill(
            busy,
            lambda: parts.button(
                around.say("start.working" if busy else "start.action"),
                around.guard(self._begin),
                around.palette,
                icon=ft.Icons.NEAR_ME,
                is_primary=True,
                is_busy=busy,
            ),
        )
        ways: dict[WayOn, Callable[[], object]] = {
            WayOn.TRY_AGAIN: self._again,
            WayOn.CHANGE_SERVER: self._open_settings,
        }
        self._problem.fill(
            problem, lambda: None if problem is None else problem_card(problem, around, controller.dismiss, ways)
        )
        self._server.value = server_line(around, controller.identity)
        self._dot.bgcolor = around.palette.good if controller.identity else around.palette.line

    def resize(self, size: Size, safe: ft.Padding) -> None:
        """Not wider than can be read, and without the picture where there is no room for it."""
        del safe
        self._body.width = min(size.width, 560)
        self._picture.visible = size.height >= ROOMY

    async def run(self) -> None:
        """Nothing moves here."""

    async def _begin(self) -> None:
        self._again = self._begin
        await self._around.controller.start_session()

    async def _join(self) -> None:
        self._again = self._join
        await self._around.controller.open_invitation(self._link.value or "")

    async def _paste(self) -> None:
        text = await self._around.device.paste()
        self._link.value = text.strip()[:500]
        await self._around.controller.open_invitation(text)

    def _open_settings(self) -> None:
        self._around.device.open_sheet(settings_sheet)


def server_line(around: ScreenContext, identity: ServerIdentity | None) -> str:
    """Which server it is, and which backend answers there."""
    host = around.controller.server.partition("://")[2]
    if identity is None:
        return around.say("app.server.unknown", host=host)
    return around.say("app.server.identified", host=host, backend=identity.backend, version=identity.version)
