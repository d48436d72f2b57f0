"""What the SOS screens are put together from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.sos_words import Place, answers, coordinates, place_note
from cavalcade.app.ui import parts
from cavalcade.client import SosKind, SosReason
from cavalcade.domain.features.sos import CALL, Sos

APART = 16


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a screen that is made again only where it would look different.

    What can be tapped stands in sections apart from what changes: a control that is replaced under a finger loses the
    tap.

    Attributes:
        key: Which part it is.
        look: All that its drawing depends on.
        make: Draws it.
        adjust: Changes what cannot be seen in it, such as where a link leads.
    """

    key: object
    look: object
    make: Callable[[], ft.Control]
    adjust: Callable[[ft.Control], None] | None = None


def words_of(key: object, lines: Sequence[str], around: ScreenContext, *, urgent: Sequence[str] = ()) -> Section:
    """Lines that are read out as they appear; the urgent ones are first, and in the colour of danger."""
    palette = around.palette

    def make() -> ft.Control:
        shown: list[ft.Control] = [
            ft.Row(
                [
                    ft.Icon(ft.Icons.WARNING_AMBER, color=palette.danger, size=26),
                    ft.Container(
                        parts.text(line, palette, size=20, weight=ft.FontWeight.W_600, color=palette.danger),
                        expand=True,
                    ),
                ]
            )
            for line in urgent
        ]
        shown += [parts.text(line, palette, size=18) for line in lines]
        return ft.Semantics(live_region=True, container=True, content=ft.Column(shown, spacing=8, tight=True))

    return Section(key, (tuple(urgent), tuple(lines)), make)


def heading(words: str, around: ScreenContext) -> Section:
    """What the screen is about."""
    return Section("heading", words, lambda: parts.title(words, around.palette, size=32))


def place_section(key: object, place: Place | None, unknown: str, around: ScreenContext) -> Section:
    """Where, in digits that can be read out on a telephone."""
    taking_part, form, palette = around.controller.participation, around.controller.form, around.palette
    if place is None or taking_part is None:
        return words_of(key, [unknown], around)
    digits, note = coordinates(place), place_note(place, taking_part.now, form)
    lines: list[ft.Control] = [
        parts.title(digits, palette, size=34),
        parts.text(note, palette, size=15, color=palette.ink_soft),
    ]
    return Section(key, (digits, note), lambda: ft.Column(lines, spacing=2, tight=True))


def answer_section(key: object, sos: Sos, taking_part: Participation, around: ScreenContext) -> Section:
    """Who does what about one, and that nobody has answered."""
    known, number = taking_part.known, around.controller.emergency_number
    lines = [] if known is None else answers(sos, known, around.controller.form)
    urgent = [around.say("sos.nobody", number=number)] if sos.stage >= CALL else []
    return words_of(key, lines, around, urgent=urgent)


def ending_section(sos: Sos, taking_part: Participation, around: ScreenContext) -> Section:
    """An SOS ends with a reason."""

    def end(reason: SosReason, words: str) -> ft.Control:
        tap = around.guard(taking_part.sos.clear, sos.sos, reason)
        return parts.button(words, tap, around.palette, expand=True)

    return Section(
        ("end", sos.sos),
        None,
        lambda: ft.Row(
            [
                end(SosReason.SOLVED, around.say("sos.solved")),
                end(SosReason.FALSE_ALARM, around.say("sos.falseAlarm")),
            ],
            spacing=APART,
        ),
    )


def kind_buttons(
    on_choose: Callable[[SosKind], parts.OnTap], around: ScreenContext, *, chosen: SosKind | None = None
) -> ft.Control:
    """What is wrong."""

    def one(kind: SosKind) -> ft.Control:
        words = around.say(f"sos.kind.{kind}")
        return parts.button(
            words, on_choose(kind), around.palette, is_large=True, is_primary=kind is chosen, expand=True
        )

    first, second, third, fourth = SosKind
    return ft.Column(
        [ft.Row([one(first), one(second)], spacing=APART), ft.Row([one(third), one(fourth)], spacing=APART)],
        spacing=APART,
        tight=True,
    )
