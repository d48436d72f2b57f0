"""The one notice over the map: what needs attention, the most pressing alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import flet as ft

from cavalcade.app.device.location import Obstacle
from cavalcade.app.screens.base import ScreenContext, problem_card
from cavalcade.app.screens.messages_sheet import messages_sheet
from cavalcade.app.screens.roll_call_sheet import roll_call_sheet
from cavalcade.app.screens.signals_sheet import signal_words
from cavalcade.app.screens.status_sheet import question_card
from cavalcade.app.session.advice import WayOn, of_notification, of_obstacle
from cavalcade.app.session.alerts import words_of
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.places import call_words, count_words, hazard_words
from cavalcade.app.session.sos_words import headline, name_of
from cavalcade.app.ui import parts
from cavalcade.client.clock import steady_ms
from cavalcade.domain.features.alerts import Alert, AlertAnswer, AlertKind, recent
from cavalcade.domain.features.places import find
from cavalcade.domain.features.sos import SosEnd
from cavalcade.domain.model import Role

LOST_AFTER_MS: Final = 1_500
"""A connection that is back by then was not missed."""

MISSED_MS: Final = 30_000
HAZARD_MS: Final = 30_000
ENDS_SOON_MS: Final = 10 * 60_000
HOUR_S: Final = 3_600


class Notices:
    """Chooses and draws the notice of a session.

    Attributes:
        slot: Where it is shown.
    """

    def __init__(self, around: ScreenContext, on_change: Callable[[], None]) -> None:
        """Nothing is shown yet.

        Args:
            around: What screens are made with.
            on_change: Called when somebody put a notice aside, or opened one.
        """
        self.slot = parts.Slot()
        self._around = around
        self._on_change = on_change
        self._read: Obstacle | None = None
        self._later: set[object] = set()
        self._misses_notification = False
        self._felt: object = None

    def paint(self, around: ScreenContext) -> None:
        """Has it made again in another appearance or language."""
        self._around = around
        self.slot.forget()

    def tell_again(self) -> None:
        """What stands in the way of positions is told again, though it was read."""
        self._read = None

    async def look_at_permissions(self) -> None:
        """Finds out whether there is a permission to ask for."""
        if not self._around.controller.preferences.knows_notification:
            self._misses_notification = await self._around.device.misses_notification()

    def show(self, taking_part: Participation) -> None:
        """Shows the most pressing: SOS, whether all is well, failures, alerts, the network, obstacles, time, more."""
        around, controller = self._around, self._around.controller
        lost_ms = 0 if taking_part.lost_since is None else steady_ms() - taking_part.lost_since
        problem, obstacle = controller.problem, taking_part.obstacle if taking_part.is_sharing else None
        if self._show_sos(taking_part):
            pass
        elif taking_part.watch.is_asking:
            self.slot.fill("stopped", lambda: question_card(around))
        elif problem is not None:
            self.slot.fill(problem, lambda: problem_card(problem, around, controller.dismiss, {}))
        elif (
            self._show_hazard(taking_part)
            or self._show_dropped(taking_part)
            or self._show_alert(taking_part)
            or self._show_missed(taking_part)
        ):
            pass
        elif lost_ms > LOST_AFTER_MS:
            words = around.say("connection.lost")
            hint = around.say("connection.lostHint", length=controller.form.duration(lost_ms))
            if taking_part.waiting:
                hint = around.say("app.connection.waiting", count=taking_part.waiting)
            self.slot.fill((words, hint), lambda: self._banner(words, hint))
        elif obstacle is not None and obstacle is not self._read:
            ways: dict[WayOn, Callable[[], object]] = {
                WayOn.TRY_AGAIN: partial(taking_part.locate, restart=True),
                WayOn.OPEN_SETTINGS: around.device.open_settings,
            }
            told = of_obstacle(obstacle, controller.form)
            self.slot.fill(told, lambda: problem_card(told, around, partial(self._put_aside, obstacle), ways))
        elif self._show_time(taking_part):
            pass
        elif obstacle is not None:
            title = of_obstacle(obstacle, controller.form).title
            self.slot.fill((title, "aside"), lambda: self._aside(title))
        elif self._misses_notification and taking_part.is_sharing and not controller.preferences.knows_notification:
            asked = of_notification(controller.form)
            ways = {WayOn.ALLOW: self._allow}
            self.slot.fill(asked, lambda: problem_card(asked, around, self._know_notification, ways))
        elif self._show_call(taking_part):
            pass
        else:
            self.slot.fill(None, lambda: None)

    def _show_sos(self, taking_part: Participation) -> bool:
        """Shows an SOS that stands and is not on the screen, or that one is over; False where there is none."""
        known, flow, form = taking_part.known, taking_part.sos, self._around.controller.form
        if known is None:
            return False
        say, number = form.words.say, self._around.controller.emergency_number
        if aside := flow.aside:
            first, count = max(aside, key=lambda one: one.stage), len(aside)
            title = headline(first, known, form, number)
            hint = say("sos.several", count=count) if count > 1 else ""
            open_it = (say("sos.show"), partial(flow.show, first.sos))
            look = ("sos", first.sos, title, hint)
            self.slot.fill(look, lambda: self._card(title, hint, [(*open_it, True)]))
            return True
        if flow.ended:
            over = flow.ended[-1]
            title = headline(replace(over.sos, stage=0), known, form, number)
            if over.reason is SosEnd.LEFT:
                reason = say("news.left", name=name_of(over.sos.participant, known, form))
            else:
                reason = say("sos.solved" if over.reason is SosEnd.SOLVED else "sos.falseAlarm")
            close = (say("session.close"), flow.forget_ended, False)
            self.slot.fill(("sos over", over.sos.sos), lambda: self._card(title, reason, [close]))
            return True
        return False

    def _show_dropped(self, taking_part: Participation) -> bool:
        """Shows that a signal was dropped, and why; False where none was."""
        talk, around = taking_part.talk, self._around
        if not talk.dropped:
            return False
        title = ", ".join(signal_words(one, around) for one in talk.dropped)
        hint = around.say("talk.notSent", why=around.say("talk.tooOld"))
        close = (around.say("session.close"), talk.forget_dropped, False)
        self.slot.fill(("dropped", talk.dropped), lambda: self._card(title, hint, [close]))
        return True

    def _show_hazard(self, taking_part: Participation) -> bool:
        """Shows the hazard that one comes to; False where there is none."""
        hazard, known, around = taking_part.hazard, taking_part.known, self._around
        told = taking_part.hazard_told_at
        if (
            hazard is None
            or known is None
            or taking_part.now - told > HAZARD_MS
            or find(known.state, hazard.place) is None
        ):
            return False
        look = ("hazard", hazard.place, told)
        title = hazard_words(hazard, known, around.controller.form)
        if self._felt != look:
            self._felt = look
            around.guard.begin(around.device.vibrate)
        ways: list[tuple[str, Callable[[], object], bool]] = [
            (around.say("hazard.notThere"), taking_part.deny_hazard, True),
            (around.say("session.close"), taking_part.forget_hazard, False),
        ]
        # The distance stays as it was told: words that change under a finger cannot be tapped.
        self.slot.fill(look, lambda: self._card(title, "", ways))
        return True

    def _show_call(self, taking_part: Participation) -> bool:
        """Shows where the group meets, and how many are there; False where it is not called."""
        known, around = taking_part.known, self._around
        form, board = around.controller.form, taking_part.watch.board
        title = None if known is None else call_words(known, form)
        if title is None:
            return False
        count = "" if board is None else f" · {count_words(board, form)}"
        open_it = around.guard(around.device.open_sheet, roll_call_sheet)
        self.slot.fill(
            ("call", title, count),
            lambda: parts.button(f"{title}{count}", open_it, around.palette, icon=ft.Icons.GROUPS),
        )
        return True

    def _show_missed(self, taking_part: Participation) -> bool:
        """Shows how many messages came while one rode; False where none did, or that was told a while ago."""
        talk, around = taking_part.talk, self._around
        missed = talk.missed
        if missed is None or taking_part.now - missed.at > MISSED_MS:
            return False
        title = around.say("talk.digest", count=missed.count)
        if missed.for_me:
            title = around.say("talk.digestForMe", counted=title, mine=missed.for_me)
        ways: list[tuple[str, Callable[[], object], bool]] = [
            (around.say("talk.messages"), partial(around.device.open_sheet, messages_sheet), True),
            (around.say("session.close"), talk.forget_missed, False),
        ]
        self.slot.fill(("missed", missed), lambda: self._card(title, "", ways))
        return True

    def _show_alert(self, taking_part: Participation) -> bool:
        """Shows the newest alert that is for oneself; False where there is none."""
        known, watch, form = taking_part.known, taking_part.watch, self._around.controller.form
        for alert in () if known is None else reversed(recent(known.state, known.now)):
            subject = ("alert", alert.alert)
            who = alert.participant
            if known is None or who is None or subject in self._later:
                continue
            comes_to_me = who == known.me and bool(alert.going)
            if not (comes_to_me or watch.concerns_me(who)):
                continue
            told = words_of(alert, known, form, is_hole=watch.is_hole(who))
            if told is not None:
                way = None if comes_to_me else self._way_to(alert, taking_part, is_going=known.me in alert.going)
                self.slot.fill((subject, told), partial(self._question, *told, subject, way))
                return True
        return False

    def _way_to(
        self, alert: Alert, taking_part: Participation, *, is_going: bool
    ) -> tuple[str, Callable[[], object]] | None:
        """The way to say that one goes to somebody who stopped, or does not any more."""
        if alert.kind is not AlertKind.STOPPED:
            return None
        answer = None if is_going else AlertAnswer.GOING
        label = self._around.say("alert.notGoing" if is_going else "sos.going")
        return label, lambda: taking_part.operate(taking_part.live.answer_alert(alert.alert, answer))

    def _show_time(self, taking_part: Participation) -> bool:
        """Shows that somebody asks for more time, or that little is left; False where there is nothing to say."""
        known, me, around = taking_part.known, taking_part.me, self._around
        if known is None or me is None:
            return False
        session, say = known.state.session, around.say
        asker, left = session.time_asked_by, session.expires_at - taking_part.now
        extend = (say("session.moreHour"), lambda: taking_part.operate(taking_part.live.extend(HOUR_S)))
        ask = (say("session.askTime"), lambda: taking_part.operate(taking_part.live.ask_time()))
        if asker is not None and me.role is Role.HOST and (asked := ("asked", session.expires_at)) not in self._later:
            person = known.state.participants.get(asker)
            title = say("session.timeAsked", name=person.name if person else say("session.someone"))
            self.slot.fill((asked, title), lambda: self._question(title, "", asked, extend))
            return True
        low = ("low", session.expires_at)
        if left > ENDS_SOON_MS or low in self._later:
            return False
        title = say("session.timeLow", length=around.controller.form.duration(left // 60_000 * 60_000))
        hint = say("session.timeIsAsked") if asker is not None else ""
        action = extend if me.role is Role.HOST else ask if me.role is Role.MEMBER and asker is None else None
        self.slot.fill((low, title, hint, me.role), lambda: self._question(title, hint, low, action))
        return True

    def _question(
        self, title: str, hint: str, subject: object, action: tuple[str, Callable[[], object]] | None
    ) -> ft.Control:
        """A card with what can be done at once, and a way to put it off."""
        ways = [] if action is None else [(*action, True)]
        return self._card(
            title, hint, [*ways, (self._around.say("session.later"), partial(self._put_off, subject), False)]
        )

    def _card(self, title: str, hint: str, ways: Sequence[tuple[str, Callable[[], object], bool]]) -> ft.Control:
        """A card with words that are read out, and buttons: their words, what they do, whether one stands out."""
        around, palette = self._around, self._around.palette
        buttons: list[ft.Control] = [
            parts.button(words, around.guard(does), palette, is_primary=is_first, expand=True)
            for words, does, is_first in ways
        ]
        lines: list[ft.Control] = [parts.title(title, palette, size=20)]
        if hint:
            lines.append(parts.text(hint, palette, color=palette.ink_soft))
        said = ft.Semantics(live_region=True, container=True, content=ft.Column(lines, spacing=6, tight=True))
        return parts.card(ft.Column([said, ft.Row(buttons, spacing=10)], spacing=12, tight=True), palette)

    def _put_off(self, subject: object) -> None:
        self._later.add(subject)
        self._on_change()

    def _put_aside(self, obstacle: Obstacle) -> None:
        self._read = obstacle
        self._on_change()

    def _aside(self, title: str) -> ft.Control:
        """What is left of an obstacle that was put aside: a line that opens the card again."""
        return parts.button(title, self._around.guard(self._open), self._around.palette, icon=ft.Icons.ERROR_OUTLINE)

    def _open(self) -> None:
        self.tell_again()
        self._on_change()

    async def _know_notification(self) -> None:
        controller = self._around.controller
        await controller.change_preferences(replace(controller.preferences, knows_notification=True))

    async def _allow(self) -> None:
        await self._know_notification()
        await self._around.device.ask_for_notification()

    def _banner(self, words: str, hint: str) -> ft.Control:
        palette = self._around.palette
        ground, ink = palette.ink, palette.card
        return ft.Container(
            ft.Row(
                [
                    ft.ProgressRing(width=18, height=18, stroke_width=2.5, color=ink),
                    ft.Column(
                        [
                            parts.text(words, palette, size=15, weight=ft.FontWeight.W_600, color=ink, lines=1),
                            parts.text(hint, palette, size=13, color=ink, lines=2),
                        ],
                        spacing=0,
                        tight=True,
                        expand=True,
                    ),
                ],
                spacing=12,
            ),
            bgcolor=ground,
            border_radius=18,
            padding=ft.Padding.symmetric(horizontal=16, vertical=10),
            shadow=parts.shadow(palette, 14),
        )
