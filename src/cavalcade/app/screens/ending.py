"""After a session: why it is over, and what next."""

import flet as ft

from cavalcade.app.camera.framing import Size
from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.ui import parts


class EndingScreen:
    """One ending."""

    def __init__(self, around: ScreenContext) -> None:
        palette, say, guard, controller = around.palette, around.say, around.guard, around.controller
        ending = controller.ending
        self._body = ft.Container(
            ft.Column(
                [
                    ft.Container(
                        ft.Icon(ft.Icons.FLAG_OUTLINED, size=40, color=palette.on_signal),
                        width=84, height=84, border_radius=42, bgcolor=palette.signal,
                        alignment=ft.Alignment.CENTER,
                    ),
                    parts.title(ending.title if ending else "", palette, size=34, center=True),
                    parts.text(ending.text if ending else "", palette, size=17, color=palette.ink_soft, center=True),
                    ft.Container(height=8),
                    parts.button(say("ending.startNew"), guard(controller.go_home), palette,
                                 icon=ft.Icons.NEAR_ME, is_primary=True),
                ],
                spacing=14,
                alignment=ft.MainAxisAlignment.CENTER,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            ),
            padding=28,
            width=520,
        )  # fmt: skip
        self.fields: tuple[ft.TextField, ...] = ()
        self.control: ft.Control = ft.Container(
            ft.SafeArea(ft.Row([self._body], alignment=ft.MainAxisAlignment.CENTER, expand=True), expand=True),
            bgcolor=palette.ground,
            expand=True,
        )

    def refresh(self) -> None:
        """Nothing changes here."""

    def resize(self, size: Size, safe: ft.Padding) -> None:
        """Not wider than can be read."""
        del safe
        self._body.width = min(size.width, 520)

    async def run(self) -> None:
        """Nothing moves here."""
