"""The session's menu: its time, how the app looks, and the ways out."""

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet, close_and_ask
from cavalcade.app.screens.settings_sheet import settings_sheet
from cavalcade.app.session.own_links import full_map_of
from cavalcade.app.ui import parts
from cavalcade.client import LiveSession
from cavalcade.domain.model import Role

HOUR_S, DAY_S = 3_600, 86_400


def menu_sheet(around: ScreenContext) -> Sheet | None:
    """Makes the sheet."""
    controller, palette, say, guard = around.controller, around.palette, around.say, around.guard
    taking_part = controller.participation
    if taking_part is None:
        return None
    known, me = taking_part.known, taking_part.me
    content: list[ft.Control] = [parts.title(known.state.session.name if known else say("menu.title"), palette)]
    if known is not None:
        left = controller.form.duration(known.state.session.expires_at - taking_part.now)
        content.append(parts.text(f"{say('menu.timeLeft')}: {left}", palette, color=palette.ink_soft))
    if (address := full_map_of(taking_part.live.membership, is_viewer=taking_part.is_viewer)) is not None:
        content += [
            parts.link_button(say("app.menu.fullMap"), address, palette, icon=ft.Icons.MAP_OUTLINED,
                              is_primary=True, target=ft.UrlTarget.BLANK),
            parts.text(say("app.menu.fullMapHint"), palette, size=14, color=palette.ink_soft),
        ]  # fmt: skip
    if me is not None and me.role is Role.HOST:
        content.append(
            ft.Row(
                [
                    parts.button(say("menu.extendHour"), guard(_extend, around, HOUR_S), palette, expand=True),
                    parts.button(say("menu.extendDay"), guard(_extend, around, DAY_S), palette, expand=True),
                ],
                spacing=10,
            )
        )
    elif me is not None and me.role is Role.MEMBER:
        is_asked = known is not None and known.state.session.time_asked_by is not None
        content += [
            parts.text(say("session.timeIsAsked"), palette, color=palette.ink_soft)
            if is_asked
            else parts.button(say("session.askTime"), guard(_ask_time, around), palette, icon=ft.Icons.MORE_TIME),
            parts.button(say("menu.takeOver"), guard(_claim, around), palette, icon=ft.Icons.STAR_OUTLINE),
            parts.text(say("menu.takeOverHint"), palette, size=14, color=palette.ink_soft),
        ]
    content += [
        parts.button(say("app.settings.title"), guard(around.device.open_sheet, settings_sheet), palette,
                     icon=ft.Icons.SETTINGS_OUTLINED),
        ft.Divider(height=6, color=palette.line),
        parts.button(say("menu.leave"), guard(around.device.open_sheet, _leaving_sheet), palette, icon=ft.Icons.LOGOUT),
        parts.text(say("menu.leaveHint"), palette, size=14, color=palette.ink_soft),
    ]  # fmt: skip
    if me is not None and me.role is Role.HOST:
        content += [
            parts.button(say("menu.end"), guard(around.device.open_sheet, _ending_sheet), palette,
                         icon=ft.Icons.STOP_CIRCLE_OUTLINED, is_danger=True),
            parts.text(say("menu.endHint"), palette, size=14, color=palette.ink_soft),
        ]  # fmt: skip
    return Sheet(ft.Column(content, spacing=12, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


async def _ask_time(around: ScreenContext) -> None:
    await close_and_ask(around, LiveSession.ask_time)
    around.device.say(around.say("session.timeIsAsked"))


async def _extend(around: ScreenContext, seconds: int) -> None:
    await close_and_ask(around, lambda live: live.extend(seconds))


async def _claim(around: ScreenContext) -> None:
    around.device.close_sheet()
    if (taking_part := around.controller.participation) is not None:
        await taking_part.claim_host()


def _leaving_sheet(around: ScreenContext) -> Sheet:
    async def leave() -> None:
        around.device.close_sheet()
        await around.controller.leave()

    taking_part = around.controller.participation
    is_host = taking_part is not None and taking_part.me is not None and taking_part.me.role is Role.HOST
    hint = around.say("menu.confirmLeaveHost") if is_host else around.say("menu.leaveHint")
    return _question(
        around, around.say("menu.confirmLeave"), hint, around.say("menu.confirmLeaveAction"), around.guard(leave)
    )


def _ending_sheet(around: ScreenContext) -> Sheet:
    async def end() -> None:
        await close_and_ask(around, LiveSession.end)

    return _question(
        around, around.say("menu.confirmEnd"), around.say("menu.endHint"), around.say("menu.confirmEndAction"),
        around.guard(end),
    )  # fmt: skip


def _question(around: ScreenContext, question: str, hint: str, action: str, on_yes: parts.OnTap) -> Sheet:
    palette = around.palette
    return Sheet(
        ft.Column(
            [
                parts.title(question, palette),
                parts.text(hint, palette, color=palette.ink_soft),
                parts.button(action, on_yes, palette, is_danger=True),
                parts.button(around.say("menu.cancel"), around.guard(around.device.close_sheet), palette),
            ],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    )
