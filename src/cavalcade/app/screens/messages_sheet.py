"""The messages of the group, to be read: the newest first. They are written on the page, with a keyboard."""

from collections.abc import Callable, Sequence

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet
from cavalcade.app.screens.signals_sheet import signal_words
from cavalcade.app.session.chat import Message, is_addressed
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.talk import Loading
from cavalcade.app.ui import parts
from cavalcade.client import Signal

ANSWERS = (Signal.SEEN, Signal.THANKS)


def messages_sheet(around: ScreenContext) -> Sheet | None:
    """Makes the sheet."""
    taking_part = around.controller.participation
    if taking_part is None:
        return None
    pages = _Messages(taking_part, around)
    return Sheet(pages.control, is_tall=True, refresh=pages.refresh)


def said_in(message: Message, around: ScreenContext) -> str:
    """What a message says: its signal, its text, or that it was removed."""
    if message.said is None:
        return around.say("talk.removed")
    signal = "" if message.said.signal is None else signal_words(message.said.signal, around)
    return ". ".join(part for part in (signal, message.said.text or "") if part)


class _Messages:
    """The sheet while it is open. What arrives meanwhile is counted, and moves nothing until that is tapped."""

    def __init__(self, taking_part: Participation, around: ScreenContext) -> None:
        self._taking_part = taking_part
        self._around = around
        self._shown_to = 0
        self._rows: dict[int, parts.Slot] = {}
        self._answering: int | None = None
        self._new, self._unsent, self._end = parts.Slot(), parts.Slot(), parts.Slot()
        self._list = ft.Column(spacing=14, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
        self.control = ft.Column(
            [
                ft.Row(
                    [
                        ft.Container(parts.title(around.say("talk.messages"), around.palette), expand=True),
                        # It may be as high as the screen: there is nothing beside it to tap.
                        parts.round_button(
                            ft.Icons.CLOSE,
                            around.say("session.close"),
                            around.guard(around.device.close_sheet),
                            around.palette,
                            is_flat=True,
                        ),
                    ]
                ),
                self._new.control,
                self._unsent.control,
                self._list,
                self._end.control,
            ],
            spacing=14,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
        talk = taking_part.talk
        if not talk.chat.messages and talk.has_older:
            around.guard.begin(talk.load_older)
        self._show_new()

    def refresh(self) -> None:
        """Shows what has changed."""
        around, talk = self._around, self._taking_part.talk
        if not self._rows:
            # Nothing stands there that could move.
            self._shown_to = max((one.id for one in talk.chat.messages), default=0)
            talk.mark_read()
        shown = [one for one in reversed(talk.chat.messages) if one.id <= self._shown_to]
        new = len(talk.chat.messages) - len(shown)
        self._new.fill(
            new,
            lambda: (
                parts.button(
                    around.say("talk.new", count=new), around.guard(self._show_new), around.palette, is_primary=True
                )
                if new
                else None
            ),
        )
        waiting = [
            (one.signal, around.say("talk.sending") if self._taking_part.is_connected else around.say(
                "talk.waiting", time=around.controller.form.time_of_day(one.written_at)
            ))
            for one in talk.unsent
        ]  # fmt: skip
        self._unsent.fill(tuple(waiting), lambda: self._make_unsent(waiting) if waiting else None)
        self._show_rows(shown)
        state = (talk.may_read, talk.loading, talk.has_older, bool(talk.chat.messages))
        self._end.fill(state, self._make_end)

    def _show_new(self) -> None:
        talk = self._taking_part.talk
        self._shown_to = max((one.id for one in talk.chat.messages), default=0)
        talk.mark_read()
        self.refresh()

    def _show_rows(self, shown: Sequence[Message]) -> None:
        if [one.id for one in shown] != list(self._rows):
            self._rows = {one.id: self._rows.get(one.id) or parts.Slot() for one in shown}
            self._list.controls = [slot.control for slot in self._rows.values()]
        for one in shown:
            self._rows[one.id].fill((one, one.id == self._answering), self._maker(one))

    def _times(self, message: Message) -> str:
        """When it was sent, and when it was written where it waited for long."""
        time_of_day = self._around.controller.form.time_of_day
        sent, written_at = time_of_day(message.at), None if message.said is None else message.said.written_at
        if written_at is None:
            return sent
        return self._around.say("talk.writtenAndSent", written=time_of_day(written_at), sent=sent)

    def _maker(self, message: Message) -> Callable[[], ft.Control]:
        return lambda: self._make_row(message)

    def _make_row(self, message: Message) -> ft.Control:
        around, talk, palette = self._around, self._taking_part.talk, self._around.palette
        is_mine = message.participant == self._taking_part.live.membership.participant
        name = around.say("map.you") if is_mine else self._name(message)
        head: list[ft.Control] = [
            parts.text(name, palette, size=15, weight=ft.FontWeight.W_600, color=palette.ink_soft, lines=1),
            parts.text(self._times(message), palette, size=14, color=palette.ink_soft),
        ]
        if message.said is not None and is_addressed(message):
            head.append(parts.tag(around.say(f"talk.to.{message.said.to}"), palette, is_signal=True))
        lines: list[ft.Control] = [ft.Row(head, spacing=8, wrap=True)]
        reply_to = None if message.said is None else message.said.reply_to
        if reply_to is not None:
            answered = talk.chat.find(reply_to)
            words = (
                around.say("talk.earlier")
                if answered is None
                else f"{self._name(answered)}: {said_in(answered, around)}"
            )
            lines.append(parts.text(f"↳ {words}", palette, size=14, color=palette.ink_soft, lines=1))
        color = palette.ink_soft if message.said is None else palette.ink
        is_signal = message.said is not None and message.said.signal is not None
        weight = ft.FontWeight.W_600 if is_signal else ft.FontWeight.W_500
        lines.append(parts.text(said_in(message, around), palette, size=18, weight=weight, color=color))
        if is_mine or message.said is None or self._taking_part.is_viewer:
            return ft.Semantics(container=True, content=ft.Column(lines, spacing=2, tight=True))
        is_open, tap = message.id == self._answering, around.guard(self._open_answers, message.id)
        row: ft.Control = ft.Semantics(
            container=True,
            button=True,
            expanded=is_open,
            on_tap=tap,
            content=ft.Container(ft.Column(lines, spacing=2, tight=True), on_click=tap),
        )
        if not is_open:
            return row
        answers = [
            parts.button(signal_words(one, around), around.guard(self._answer, one, message.id), palette, expand=True)
            for one in ANSWERS
        ]
        return ft.Column([row, ft.Row(answers, spacing=10)], spacing=8, tight=True)

    def _open_answers(self, message: int) -> None:
        """Shows the answers that one tap gives, beneath the message."""
        self._answering = None if message == self._answering else message
        self.refresh()

    async def _answer(self, signal: Signal, message: int) -> None:
        self._answering = None
        await self._taking_part.give_signal(signal, message)
        self.refresh()

    def _name(self, message: Message) -> str:
        return self._taking_part.talk.name_of(message.participant) or self._around.say("session.someone")

    def _make_unsent(self, waiting: Sequence[tuple[str, str]]) -> ft.Control:
        around, palette = self._around, self._around.palette
        return ft.Column(
            [
                parts.text(f"{signal_words(signal, around)}. {state}", palette, size=16, color=palette.ink_soft)
                for signal, state in waiting
            ],
            spacing=8,
            tight=True,
        )

    def _make_end(self) -> ft.Control | None:
        around, talk, palette = self._around, self._taking_part.talk, self._around.palette
        if not talk.may_read:
            return parts.text(around.say("talk.viewer"), palette, color=palette.ink_soft)
        if talk.loading is Loading.COMING:
            return parts.text(around.say("talk.olderComing"), palette, color=palette.ink_soft)
        lines: list[ft.Control] = []
        if talk.loading is Loading.FAILED:
            lines.append(parts.text(around.say("talk.olderFailed"), palette, color=palette.danger))
        elif not talk.chat.messages and not talk.has_older:
            lines.append(parts.text(around.say("talk.empty"), palette, color=palette.ink_soft))
        if talk.has_older:
            lines.append(parts.button(around.say("talk.older"), around.guard(talk.load_older), palette))
        if not lines:
            return None
        return ft.Column(lines, spacing=10, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)
