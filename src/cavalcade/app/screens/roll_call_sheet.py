"""The roll call: who is where the group meets, who comes, and why the others are missing."""

from functools import partial

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet, close_and_ask
from cavalcade.app.session.places import call_words, count_words, may_call, row_words
from cavalcade.app.ui import parts
from cavalcade.client import LiveSession
from cavalcade.client.place_rules.board import UNHEARD, Board, Row, Standing
from cavalcade.domain.features.places import find
from cavalcade.domain.model import Role


def roll_call_sheet(around: ScreenContext) -> Sheet | None:
    """Makes the sheet; None where the group is not called."""
    taking_part = around.controller.participation
    known = None if taking_part is None else taking_part.known
    title = None if known is None else call_words(known, around.controller.form)
    if taking_part is None or known is None or title is None:
        return None
    rows = _Rows(around)
    lines: list[ft.Control] = [parts.title(title, around.palette, lines=3), rows.control]
    if may_call(known):
        end = around.guard(close_and_ask, around, LiveSession.end_regroup)
        lines.append(parts.button(around.say("regroup.end"), end, around.palette))
    return Sheet(
        ft.Column(lines, spacing=14, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        is_tall=True,
        refresh=rows.refresh,
    )


class _Rows:
    """What changes while the sheet is open."""

    def __init__(self, around: ScreenContext) -> None:
        self._around = around
        self._slot = parts.Slot()
        self.control = self._slot.control
        self.refresh()

    def refresh(self) -> None:
        """Shows how it stands now."""
        around = self._around
        taking_part = around.controller.participation
        known = None if taking_part is None else taking_part.known
        board = None if taking_part is None else taking_part.watch.board
        if taking_part is None or known is None or board is None:
            self._slot.fill(None, lambda: None)
            return
        form, people = around.controller.form, known.state.participants
        said = [
            (row, people[row.participant].name, row_words(row, known, form))
            for row in board.rows
            if row.participant in people
        ]
        me = taking_part.me
        is_host = me is not None and me.role is Role.HOST
        place = find(known.state, board.place)
        ticked = () if place is None else place.ticked
        look = (board.here, board.awaited, tuple((row.participant, *words) for row, *words in said), is_host, ticked)
        self._slot.fill(look, lambda: self._make(board, said, ticked if is_host else None))

    def _make(self, board: Board, said: list[tuple[Row, str, str]], ticked: tuple[int, ...] | None) -> ft.Control:
        around, palette = self._around, self._around.palette
        lines: list[ft.Control] = [
            parts.text(
                around.say("rollCall.allHere") if board.is_complete else count_words(board, around.controller.form),
                palette,
                size=18,
                weight=ft.FontWeight.W_600,
            )
        ]
        for row, name, words in said:
            line: list[ft.Control] = [
                ft.Column(
                    [
                        parts.text(name, palette, size=17, weight=ft.FontWeight.W_600, lines=2),
                        parts.text(words, palette, size=15, color=palette.ink_soft),
                    ],
                    spacing=0,
                    tight=True,
                    expand=True,
                )
            ]
            is_ticked = ticked is not None and row.participant in ticked
            if ticked is not None and (row.standing in UNHEARD or (is_ticked and row.standing is Standing.HERE)):
                line.append(self._tick(board.place, row.participant, name, here=not is_ticked))
            lines.append(ft.Row(line, spacing=10))
        return ft.Column(lines, spacing=12, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    def _tick(self, place: int, who: int, name: str, *, here: bool) -> ft.Control:
        """Lets a host say of somebody whose phone does not that they are there, or take that back."""
        around = self._around
        short, whole = ("rollCall.tick", "rollCall.tickName") if here else ("rollCall.untick", "rollCall.untickName")
        tap = around.guard(partial(self._say_here, place, who, here=here))
        return ft.Container(
            parts.button(around.say(short), tap, around.palette, label=around.say(whole, name=name)), width=150
        )

    async def _say_here(self, place: int, who: int, *, here: bool) -> None:
        if (taking_part := self._around.controller.participation) is not None:
            await taking_part.operate(taking_part.live.tick_place(place, who, here=here))
