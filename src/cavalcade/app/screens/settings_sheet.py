"""Settings: the server, the appearance, the language, and where positions come from."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet, field
from cavalcade.app.session.advice import of_error
from cavalcade.app.session.kept import Preferences
from cavalcade.app.ui import parts
from cavalcade.client import ClientError, Rejected
from cavalcade.strings import LANGUAGES, words


def settings_sheet(around: ScreenContext) -> Sheet:
    """Makes the sheet."""
    controller, palette, say, guard = around.controller, around.palette, around.say, around.guard
    now = controller.preferences
    server = field(controller.server, say("app.server.label"), around)
    answer = parts.text(_identity(around), palette, size=14, color=palette.ink_soft)

    async def change_server() -> None:
        # Whatever comes of it is said here: the sheet covers the screen.
        try:
            await controller.change_server(server.value or "")
        except (ClientError, Rejected, ValueError) as error:
            answer.value, answer.color = of_error(error, controller.form).text, palette.danger
        else:
            answer.value, answer.color = _identity(around), palette.ink_soft
        answer.update()

    async def prefer(preferences: Preferences) -> None:
        around.device.close_sheet()
        await controller.change_preferences(preferences)
        around.redraw()

    content: list[ft.Control] = [
        parts.title(say("app.settings.title"), palette),
        _heading(say("app.server.title"), around),
        server,
        answer,
        parts.button(say("app.server.use"), guard(change_server), palette, icon=ft.Icons.DNS_OUTLINED),
        _heading(say("menu.appearance"), around),
        _choices(
            [("system", say("menu.system")), ("light", say("menu.light")), ("dark", say("menu.dark"))],
            now.appearance,
            lambda value: guard(prefer, replace(now, appearance=value)),
            around,
        ),
        _heading(say("app.settings.language"), around),
        _choices(
            [(code, words(code).say("language.name")) for code in LANGUAGES],
            controller.form.words.language,
            lambda value: guard(prefer, replace(now, language=value)),
            around,
        ),
        _heading(say("app.settings.positions"), around),
        _choices(
            [("no", say("app.settings.receiver")), ("yes", say("app.settings.ride"))],
            "yes" if now.rides else "no",
            lambda value: guard(prefer, replace(now, rides=value == "yes")),
            around,
        ),
        parts.text(say("app.settings.rideHint"), palette, size=14, color=palette.ink_soft),
    ]
    return Sheet(
        ft.Column(content, spacing=12, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        (server,),
        is_tall=True,
    )


def _identity(around: ScreenContext) -> str:
    identity = around.controller.identity
    if identity is None:
        return around.say("app.server.silent")
    return around.say("app.server.answers", backend=identity.backend, version=identity.version)


def _heading(label: str, around: ScreenContext) -> ft.Control:
    return ft.Container(
        parts.text(label, around.palette, size=14, weight=ft.FontWeight.W_600, color=around.palette.ink_soft),
        padding=ft.Padding.only(top=8),
    )


def _choices(
    options: Sequence[tuple[str, str]], chosen: str, on_choose: Callable[[str], parts.OnTap], around: ScreenContext
) -> ft.Control:
    """One of a few."""
    palette = around.palette
    return ft.Row(
        [
            ft.Semantics(
                label=label,
                button=True,
                selected=value == chosen,
                exclude_semantics=True,
                on_tap=on_choose(value),
                content=ft.Container(
                    ft.Row(
                        [parts.text(label, palette, size=15.5, weight=ft.FontWeight.W_600,
                                    color=palette.on_signal if value == chosen else palette.ink)],
                        tight=True,
                    ),
                    bgcolor=palette.signal if value == chosen else palette.well,
                    border_radius=14,
                    height=46,
                    padding=ft.Padding.symmetric(horizontal=16),
                    ink=True,
                    on_click=on_choose(value),
                ),
            )
            for value, label in options
        ],
        wrap=True,
        spacing=8,
        run_spacing=8,
    )  # fmt: skip
