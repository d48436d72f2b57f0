"""One's own SOS: what is wrong, the countdown, what became of it, and how to call for help without any network."""

from collections.abc import Sequence
from dataclasses import replace

import flet as ft

from cavalcade.app.screens.base import ScreenContext, Sheet, field
from cavalcade.app.screens.sos_parts import (
    APART,
    Section,
    answer_section,
    ending_section,
    heading,
    kind_buttons,
    place_section,
    words_of,
)
from cavalcade.app.session.emergency import call_link, dialled, message_link
from cavalcade.app.session.participation import Participation
from cavalcade.app.session.sos_flow import Draft
from cavalcade.app.session.sos_words import coordinates, name_of, phones, place_of_fix
from cavalcade.app.ui import parts
from cavalcade.domain.features.sos import Sos
from cavalcade.domain.model import Role


def own_sections(taking_part: Participation, around: ScreenContext) -> Sequence[Section]:
    """The screen from top to bottom."""
    flow, say = taking_part.sos, around.say
    if flow.draft is not None:
        return _countdown(flow.draft, taking_part, around)
    waits = bool(flow.pending) or flow.is_arriving
    sections = [heading(say("sos.raised" if waits or flow.own else "sos.title"), around)]
    if flow.is_refused:
        sections.append(words_of("refused", [], around, urgent=[say("sos.refused")]))
    if waits:
        sections += _waiting(taking_part, around)
    for sos in flow.own:
        sections += _standing(sos, taking_part, around)
    if not waits and not flow.own:
        sections += _question(taking_part, around)
    return [*sections, *_help(taking_part, around)]


def _question(taking_part: Participation, around: ScreenContext) -> list[Section]:
    flow = taking_part.sos
    return [
        words_of("lead", [around.say("sos.lead")], around),
        Section("kinds", None, lambda: kind_buttons(lambda kind: around.guard(flow.begin, kind), around)),
        *_whom(taking_part, around),
    ]


def _whom(taking_part: Participation, around: ScreenContext) -> list[Section]:
    """For whom: oneself, or one of the others."""
    flow, known, palette, say = taking_part.sos, taking_part.known, around.palette, around.say
    others = [] if known is None else [
        one for one in known.state.participants.values() if one.id != known.me and one.role is not Role.VIEWER
    ]  # fmt: skip
    if not others:
        return []
    choices = [(None, say("sos.forMe")), *((one.id, one.name) for one in others)]
    chosen = next((name for whom, name in choices if whom == flow.whom), say("sos.forMe"))

    def question() -> ft.Control:
        return parts.button(f"{say('sos.forWhom')}: {chosen}", around.guard(flow.ask_whom), palette)

    def answers() -> ft.Control:
        buttons: list[ft.Control] = [
            parts.button(name, around.guard(flow.choose_whom, whom), palette, is_primary=whom == flow.whom)
            for whom, name in choices
        ]
        label = parts.text(say("sos.forWhom"), palette, size=15, color=palette.ink_soft)
        return ft.Column([label, *buttons], spacing=8, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)

    if not flow.asks_whom:
        return [Section("whom", chosen, question)]
    return [Section("whom", (flow.whom, tuple(choices)), answers)]


def _countdown(draft: Draft, taking_part: Participation, around: ScreenContext) -> list[Section]:
    flow, known, say, palette = taking_part.sos, taking_part.known, around.say, around.palette
    form = around.controller.form
    what = [say(f"sos.kind.{draft.kind}")]
    if draft.whom is not None and known is not None:
        what.append(say("sos.forSomebody", name=name_of(draft.whom, known, form)))
    cancel = around.guard(flow.cancel_draft)
    return [
        heading(say("sos.countdown", count=draft.seconds_left), around),
        words_of("what", [" · ".join(what)], around),
        Section(
            "cancel",
            None,
            lambda: ft.Row(
                [parts.button(say("sos.cancel"), cancel, palette, is_large=True, is_danger=True, expand=True)]
            ),
        ),
        Section(
            "kinds",
            draft.kind,
            lambda: kind_buttons(lambda kind: around.guard(flow.choose, kind), around, chosen=draft.kind),
        ),
    ]  # fmt: skip


def _waiting(taking_part: Participation, around: ScreenContext) -> list[Section]:
    """Not with the server yet: no more is said than is known."""
    flow, say = taking_part.sos, around.say
    state = say("sos.sending" if taking_part.is_connected else "sos.trying")
    sections = [words_of("waiting", [state], around)]
    if flow.pending:
        cancel = around.guard(flow.cancel_pending)
        sections.append(
            Section(
                "take back",
                None,
                lambda: ft.Row([parts.button(say("sos.cancel"), cancel, around.palette, is_large=True, expand=True)]),
            )
        )
    return sections


def _standing(sos: Sos, taking_part: Participation, around: ScreenContext) -> list[Section]:
    known, say, form = taking_part.known, around.say, around.controller.form
    if known is None:
        return []
    what = [say(f"sos.kind.{sos.kind}")]
    if sos.participant != known.me:
        what.append(say("sos.forSomebody", name=name_of(sos.participant, known, form)))
    elif sos.by != known.me:
        what.append(say("sos.raisedBy", name=name_of(sos.by, known, form)))
    lines = [" · ".join(what), say("sos.serverHasIt", time=form.time_of_day(sos.at, seconds=True))]
    if (count := phones(sos, known, taking_part.live.reached_by)) > 0:
        lines.append(say("sos.onPhones", count=count))
    return [
        words_of(("state", sos.sos), lines, around),
        answer_section(("answers", sos.sos), sos, taking_part, around),
        ending_section(sos, taking_part, around),
    ]


def _help(taking_part: Participation, around: ScreenContext) -> list[Section]:
    """What needs no data: where one is, in digits that can be read out, a call, and a text message."""
    controller, say = around.controller, around.say
    number = controller.emergency_number
    place = place_of_fix(taking_part.newest_fix, taking_part.now)
    me = taking_part.me
    message = say(
        "sos.messageText",
        name=controller.preferences.name if me is None else me.name,
        where=say("sos.noPlace") if place is None else coordinates(place),
        time=controller.form.time_of_day(taking_part.now if place is None else place.at),
    )
    text_link = message_link(controller.preferences.emergency_contact, message)
    return [
        place_section("my place", place, say("sos.noPlace"), around),
        words_of("calls nobody", [say("sos.callsNobody", number=number)], around),
        Section(
            "call",
            number,
            lambda: parts.link_button(
                say("sos.call", number=number), call_link(number), around.palette,
                icon=ft.Icons.CALL_OUTLINED, is_primary=True,
            ),
        ),
        Section(
            "message",
            None,
            lambda: parts.link_button(say("sos.message"), text_link, around.palette, icon=ft.Icons.SMS_OUTLINED),
            lambda shown: parts.lead_to(text_link, shown),
        ),
        Section(
            "settings",
            None,
            lambda: parts.button(
                say("sos.settings"), around.guard(around.device.open_sheet, emergency_sheet), around.palette
            ),
        ),
    ]  # fmt: skip


def emergency_sheet(around: ScreenContext) -> Sheet:
    """Whom to call, and whom to write to; it stays on this device."""
    controller, palette, say = around.controller, around.palette, around.say
    number = field(controller.emergency_number, say("sos.number"), around)
    contact = field(controller.preferences.emergency_contact, say("sos.contact"), around)
    number.keyboard_type = contact.keyboard_type = ft.KeyboardType.PHONE

    async def save() -> None:
        around.device.close_sheet()
        now, chosen = controller.preferences, dialled(number.value or "")
        # The one of the region, which nobody chose, goes on following the device's settings.
        is_chosen = bool(now.emergency_number) or chosen != controller.emergency_number
        await controller.change_preferences(
            replace(
                now,
                emergency_number=chosen if is_chosen else "",
                emergency_contact=dialled(contact.value or ""),
            )
        )

    return Sheet(
        ft.Column(
            [
                parts.title(say("sos.settings"), palette),
                number,
                contact,
                parts.text(say("sos.contactHint"), palette, size=14, color=palette.ink_soft),
                parts.button(say("people.save"), around.guard(save), palette, is_primary=True),
            ],
            spacing=APART,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        (number, contact),
    )
