"""SOS of others, over everything, until they are answered or put aside."""

from collections.abc import Sequence

import flet as ft

from cavalcade.app.screens.base import ScreenContext
from cavalcade.app.screens.sos_parts import (
    APART,
    Section,
    answer_section,
    ending_section,
    heading,
    place_section,
    words_of,
)
from cavalcade.app.session.emergency import call_link
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.people import Known
from cavalcade.app.session.sos import Side, may_wait
from cavalcade.app.session.sos_words import name_of, place_of, whereabouts
from cavalcade.app.ui import parts
from cavalcade.client import SosAnswer
from cavalcade.domain.features.sos import Sos
from cavalcade.domain.model import Role


def incoming_sections(taking_part: Participation, around: ScreenContext) -> Sequence[Section]:
    """The screen from top to bottom; the oldest first."""
    known, alarms = taking_part.known, taking_part.sos.incoming
    if known is None or not alarms:
        return ()
    if len(alarms) == 1:
        title = around.say("sos.of", name=name_of(alarms[0].participant, known, around.controller.form))
    else:
        title = around.say("sos.several", count=len(alarms))
    sections = [heading(title, around)]
    for sos in alarms:
        sections += _alarm(sos, known, taking_part, around, is_named=len(alarms) > 1)
    return sections


def _alarm(
    sos: Sos, known: Known, taking_part: Participation, around: ScreenContext, *, is_named: bool
) -> list[Section]:
    form, say, me = around.controller.form, around.say, taking_part.me
    side = taking_part.sos.side_of(sos)
    what = [say(f"sos.kind.{sos.kind}")]
    if is_named:
        what.insert(0, name_of(sos.participant, known, form))
    if where := whereabouts(sos, known, side, form):
        what.append(where)
    since = say("sos.raisedAt", time=form.time_of_day(sos.at))
    if sos.by != sos.participant:
        since = f"{since} {say('sos.raisedBy', name=name_of(sos.by, known, form))}"
    hints = []
    if side is Side.UNKNOWN:
        hints = [say("sos.allAsked")]
    elif may_wait(sos, side):
        hints = [say("sos.behindFirst")]
    sections = [
        words_of(("what", sos.sos), [" · ".join(what), since, *hints], around),
        answer_section(("answers", sos.sos), sos, taking_part, around),
        Section(
            ("answer", sos.sos, sos.stage),
            (may_wait(sos, side), sos.answers.get(str(known.me)), around.controller.emergency_number),
            lambda: _answers(sos, taking_part, around, is_first=not may_wait(sos, side)),
        ),
        place_section(("place", sos.sos), place_of(sos, known), say("sos.noPlaceOf"), around),
    ]
    if me is not None and me.role is Role.HOST:
        sections.append(ending_section(sos, taking_part, around))
    return sections


def _answers(sos: Sos, taking_part: Participation, around: ScreenContext, *, is_first: bool) -> ft.Control:
    """The three answers; who calls has the telephone at once."""
    say, palette, number = around.say, around.palette, around.controller.emergency_number

    def answer(which: SosAnswer) -> parts.OnTap:
        return around.guard(taking_part.sos.answer, sos.sos, which)

    def row(words: str, which: SosAnswer, *, is_primary: bool) -> ft.Control:
        return ft.Row([parts.button(words, answer(which), palette, is_large=True, is_primary=is_primary, expand=True)])

    return ft.Column(
        [
            row(say("sos.going"), SosAnswer.GOING, is_primary=is_first),
            row(say("sos.staying"), SosAnswer.STAYING, is_primary=False),
            parts.link_button(
                say("sos.calling", number=number), call_link(number), palette,
                icon=ft.Icons.CALL_OUTLINED, on_tap=answer(SosAnswer.CALLING),
            ),
        ],
        spacing=APART,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )  # fmt: skip
