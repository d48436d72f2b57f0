"""What a link leads to, before one joins: the session's name, who is there, and one's own name."""

import flet as ft

from cavalcade.app.camera.framing import Size
from cavalcade.app.screens.base import ScreenContext, field, problem_card
from cavalcade.app.screens.settings_sheet import settings_sheet
from cavalcade.app.session.advice import WayOn
from cavalcade.app.ui import parts
from cavalcade.app.ui.road_picture import ROOMY, road_picture
from cavalcade.client.clock import epoch_ms


class JoinScreen:
    """One invitation."""

    def __init__(self, around: ScreenContext) -> None:
        self._around = around
        palette, say, guard = around.palette, around.say, around.guard
        self._name = field(
            around.controller.preferences.name, say("join.nameLabel"), around, on_submit=guard(self._join)
        )
        self._details, self._way_in = parts.Slot(), parts.Slot()
        self._picture = ft.Container(road_picture(palette))
        details = parts.scroll(
                [
                    ft.Row(
                        [
                            parts.round_button(ft.Icons.ARROW_BACK, say("app.back"),
                                               guard(around.controller.go_home), palette, is_flat=True),
                            parts.title(say("product"), palette, size=22),
                        ]
                    ),
                    self._picture,
                    self._details.control,
                ]
            )  # fmt: skip
        # The way in stays in sight, whatever stands above it: a long name, large letters, a low screen.
        self._body = ft.Container(
            ft.Column(
                [details, self._way_in.control],
                spacing=10,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            padding=ft.Padding.symmetric(horizontal=24, vertical=16),
            width=560,
        )
        self.fields: tuple[ft.TextField, ...] = (self._name,)
        self.control: ft.Control = ft.Container(
            ft.SafeArea(
                ft.Row([self._body], alignment=ft.MainAxisAlignment.CENTER,
                       vertical_alignment=ft.CrossAxisAlignment.STRETCH, expand=True),
                expand=True,
            ),
            bgcolor=palette.ground,
            expand=True,
        )  # fmt: skip
        self.refresh()

    def refresh(self) -> None:
        """Shows what has changed."""
        controller = self._around.controller
        self._details.fill((controller.preview, controller.problem, controller.is_busy), self._make_details)
        self._way_in.fill((controller.preview is None, controller.is_busy), self._make_way_in)

    def _make_details(self) -> ft.Control:
        return ft.Column(self._make_lines(), spacing=14, horizontal_alignment=ft.CrossAxisAlignment.STRETCH, tight=True)

    def _make_lines(self) -> list[ft.Control]:
        around, controller = self._around, self._around.controller
        palette, say, guard = around.palette, around.say, around.guard
        problem = None
        if controller.problem is not None:
            ways = {
                WayOn.TRY_AGAIN: self._again,
                WayOn.START_NEW: controller.go_home,
                WayOn.CHANGE_SERVER: lambda: around.device.open_sheet(settings_sheet),
            }
            problem = problem_card(controller.problem, around, controller.dismiss, ways)
        preview = controller.preview
        if preview is None:
            waiting: ft.Control = ft.Row(
                [ft.ProgressRing(width=22, height=22, stroke_width=3, color=palette.ink),
                 parts.text(say("join.looking"), palette)],
                spacing=12,
            )  # fmt: skip
            return [problem or waiting]
        watches = self._watches
        here = "join.nobody" if preview.participants == 0 else "join.here"
        left = controller.form.duration(preview.expires_at - epoch_ms())
        lines: list[ft.Control] = [
            parts.text(say("join.watching" if watches else "join.invited"), palette, color=palette.ink_soft),
            parts.title(preview.name, palette, size=32, lines=5),
            parts.text(
                f"{say(here, count=preview.participants)} · {say('join.endsIn', length=left)}",
                palette,
                color=palette.ink_soft,
            ),
            *([problem] if problem else []),
            self._name,
        ]
        if not watches:
            lines.append(parts.button(say("join.quiet"), guard(self._join_quietly), palette))
        lines.append(
            parts.text(
                say("join.watchReason" if watches else "app.join.locationReason"),
                palette,
                size=14,
                color=palette.ink_soft,
            )
        )
        return lines

    @property
    def _watches(self) -> bool:
        invitation = self._around.controller.invitation
        return invitation is not None and invitation.is_for_watching

    def _make_way_in(self) -> ft.Control | None:
        around, controller, watches = self._around, self._around.controller, self._watches
        if controller.preview is None:
            return None
        return parts.button(
            around.say("join.working" if controller.is_busy else "join.watchAction" if watches else "join.action"),
            around.guard(self._join),
            around.palette,
            icon=ft.Icons.VISIBILITY if watches else ft.Icons.NEAR_ME,
            is_primary=True,
            is_busy=controller.is_busy,
        )

    def resize(self, size: Size, safe: ft.Padding) -> None:
        """Not wider than can be read, and without the picture where there is no room for it."""
        del safe
        self._body.width = min(size.width, 560)
        self._picture.visible = size.height >= ROOMY

    async def run(self) -> None:
        """Nothing moves here."""

    async def _join(self) -> None:
        await self._around.controller.join(self._name.value or "")

    async def _join_quietly(self) -> None:
        await self._around.controller.join(self._name.value or "", share=False)

    async def _again(self) -> None:
        controller = self._around.controller
        if controller.preview is None and controller.invitation is not None:
            await controller.show_invitation(controller.invitation)
        else:
            await self._join()
