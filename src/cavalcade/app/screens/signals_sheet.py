"""Signals: what a group says most, with one tap. Its targets are for gloves."""

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet
from cavalcade.app.session.talk import GIVEN
from cavalcade.app.ui import parts
from cavalcade.client import Signal

APART = 16


def signals_sheet(around: ScreenContext) -> Sheet | None:
    """Makes the sheet."""
    if around.controller.participation is None:
        return None
    rows: list[ft.Control] = [parts.title(around.say("talk.signals"), around.palette)]
    for left, right in zip(GIVEN[::2], GIVEN[1::2], strict=True):
        rows.append(ft.Row([_choice(around, left), _choice(around, right)], spacing=APART))
    return Sheet(ft.Column(rows, spacing=APART, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH))


def signal_words(signal: str, around: ScreenContext) -> str:
    """A signal in the reader's language; one that only a later version knows is at least said to be one."""
    known = {str(one) for one in Signal}
    return around.say(f"signal.{signal}") if signal in known else around.say("signal.unknown")


def _choice(around: ScreenContext, signal: Signal) -> ft.Control:
    palette, words, tap = around.palette, signal_words(signal, around), around.guard(_give, around, signal)
    return ft.Semantics(
        label=words,
        button=True,
        exclude_semantics=True,
        expand=True,
        on_tap=tap,
        content=ft.Container(
            parts.at_least(
                parts.RIDING,
                [
                    ft.Container(
                        parts.text(words, palette, size=17, weight=ft.FontWeight.W_600, lines=3, center=True),
                        expand=True,
                    )
                ],
            ),
            bgcolor=palette.well,
            border_radius=18,
            padding=ft.Padding.symmetric(horizontal=10),
            ink=True,
            on_click=tap,
        ),
    )


async def _give(around: ScreenContext, signal: Signal) -> None:
    around.device.close_sheet()
    taking_part, words = around.controller.participation, signal_words(signal, around)
    if taking_part is None:
        return
    await taking_part.give_signal(signal)
    if taking_part.is_connected:
        around.device.say(around.say("talk.signalGiven", signal=words))
    else:
        time = around.controller.form.time_of_day(taking_part.now)
        around.device.say(f"{words}. {around.say('talk.waiting', time=time)}")
