"""What is up with oneself: one tap says it, another takes it back. Its targets are for gloves."""

from typing import Final

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet
from cavalcade.app.ui import parts
from cavalcade.client import Status
from cavalcade.domain.features.statuses import PersonStatus

ICONS: Final = {
    Status.BREAK: ft.Icons.LOCAL_CAFE_OUTLINED,
    Status.FUEL: ft.Icons.LOCAL_GAS_STATION_OUTLINED,
    Status.PROBLEM: ft.Icons.WARNING_AMBER,
    Status.LATE: ft.Icons.SCHEDULE,
    Status.READY: ft.Icons.CHECK,
    Status.GOING_HOME: ft.Icons.HOME_OUTLINED,
}
APART: Final = 16


def status_sheet(around: ScreenContext) -> Sheet | None:
    """Makes the sheet."""
    taking_part = around.controller.participation
    me = None if taking_part is None else taking_part.me
    if me is None:
        return None
    current = me.features.of(PersonStatus).status
    rows: list[ft.Control] = [parts.title(around.say("status.mine"), around.palette)]
    statuses = list(Status)
    for left, right in zip(statuses[::2], statuses[1::2], strict=True):
        rows.append(ft.Row([_choice(around, one, is_on=one is current) for one in (left, right)], spacing=APART))
    return Sheet(ft.Column(rows, spacing=APART, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def question_card(around: ScreenContext) -> ft.Control:
    """Asks somebody who stopped whether all is well, with what is up as answers."""
    say, palette = around.say, around.palette

    def answer(status: Status | None, words: str) -> ft.Control:
        icon = None if status is None else ICONS[status]
        tap = around.guard(_answer, around, status)
        return parts.button(words, tap, palette, icon=icon, is_primary=status is not None, is_large=True, expand=True)

    asked = ft.Semantics(
        live_region=True, container=True, content=parts.title(say("stopped.question"), palette, size=22)
    )
    answers = [answer(one, say(f"stopped.{one}")) for one in (Status.BREAK, Status.FUEL, Status.PROBLEM)]
    fine = ft.Row([answer(None, say("stopped.fine"))])
    # One below the other: a third of a narrow screen is too little for a word in large letters.
    lines = [ft.Row([one]) for one in answers]
    return parts.card(ft.Column([asked, *lines, fine], spacing=APART, tight=True), palette)


def _choice(around: ScreenContext, status: Status, *, is_on: bool) -> ft.Control:
    words = around.say(f"status.{status}")
    tap = around.guard(_say, around, None if is_on else status)
    return parts.button(
        words, tap, around.palette, icon=ICONS[status], is_primary=is_on, is_large=True, expand=True
    )  # fmt: skip


async def _say(around: ScreenContext, status: Status | None) -> None:
    around.device.close_sheet()
    if (taking_part := around.controller.participation) is not None:
        await taking_part.set_status(status)


async def _answer(around: ScreenContext, status: Status | None) -> None:
    if (taking_part := around.controller.participation) is not None:
        await taking_part.answer_stop(status)
