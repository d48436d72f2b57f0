"""Places: one tap puts one where one is; the list; and what can be done with each."""

from functools import partial

import flet as ft

from cavalcade.app.map.place_marks import SIGNS
from cavalcade.app.screens.base import Ask, ScreenContext, Sheet, close_and_ask
from cavalcade.app.session.places import (
    OFFERED,
    PlaceView,
    decimal_degrees,
    map_address,
    may_call,
    may_change,
    place_views,
    spot_for,
)
from cavalcade.app.ui import parts
from cavalcade.client import LiveSession, PlaceKind

APART = 12


def places_sheet(around: ScreenContext) -> Sheet | None:
    """Makes the sheet: what can be put here, and what there is."""
    taking_part = around.controller.participation
    if taking_part is None or taking_part.known is None:
        return None
    say, palette = around.say, around.palette
    lines: list[ft.Control] = []
    if not taking_part.is_viewer:
        lines.append(parts.title(f"{say('places.pin')}: {say('places.here')}", palette, lines=2))
        for left, right in zip(OFFERED[::2], OFFERED[1::2], strict=True):
            lines.append(ft.Row([_choice(around, left), _choice(around, right)], spacing=APART))
    lines.append(parts.title(say("places.title"), palette, size=21))
    found = place_views(taking_part.known, around.controller.form)
    lines += [_row(around, place) for place in found]
    if not found:
        lines.append(parts.text(say("places.empty"), palette, color=palette.ink_soft))
    return Sheet(_column(lines), is_tall=True)


def place_sheet(place: int, around: ScreenContext) -> Sheet | None:
    """Makes the sheet of one place; None where it is gone."""
    taking_part = around.controller.participation
    known = None if taking_part is None else taking_part.known
    if taking_part is None or known is None:
        return None
    view = next((one for one in place_views(known, around.controller.form) if one.id == place), None)
    if view is None:
        return None
    say, palette = around.say, around.palette
    about = " · ".join(part for part in (say(f"places.kind.{view.kind}"), view.away) if part)
    address = map_address(view.point, view.title, around.device.map_app)
    lines: list[ft.Control] = [
        parts.title(view.title, palette, lines=3),
        parts.text(about, palette, color=palette.ink_soft),
        *([parts.text(view.note, palette)] if view.note else []),
        parts.link_button(say("places.navigate"), address, palette, icon=ft.Icons.NAVIGATION_OUTLINED,
                          is_primary=True, target=ft.UrlTarget.BLANK),
    ]  # fmt: skip
    if view.kind is PlaceKind.HAZARD and not taking_part.is_viewer:
        lines.append(_button(around, "hazard.notThere", lambda live: live.deny_hazard(place), ft.Icons.CHECK))
    elif view.is_called and may_call(known):
        lines.append(_button(around, "regroup.end", LiveSession.end_regroup, ft.Icons.FLAG_OUTLINED))
    elif view.kind is not PlaceKind.HAZARD and may_call(known):
        lines.append(_button(around, "places.meetHere", lambda live: live.call_regroup(place), ft.Icons.GROUPS))
    copy = around.guard(_copy, around, view)
    lines.append(parts.button(say("places.copy"), copy, palette, icon=ft.Icons.CONTENT_COPY))
    if may_change(known, place):
        lines.append(
            _button(
                around, "talk.remove", lambda live: live.remove_place(place), ft.Icons.DELETE_OUTLINE, is_danger=True
            )
        )
    return Sheet(_column(lines), is_tall=True)


def _choice(around: ScreenContext, kind: PlaceKind) -> ft.Control:
    return parts.button(
        around.say(f"places.kind.{kind}"),
        around.guard(_put, around, kind),
        around.palette,
        icon=SIGNS[kind],
        is_large=True,
        expand=True,
    )


def _row(around: ScreenContext, place: PlaceView) -> ft.Control:
    palette = around.palette
    tap = around.guard(around.device.open_sheet, partial(place_sheet, place.id))
    words = ft.Column(
        [
            parts.text(place.title, palette, size=17, weight=ft.FontWeight.W_600, lines=2),
            *([parts.text(place.away, palette, size=14, color=palette.ink_soft, lines=2)] if place.away else []),
        ],
        spacing=0,
        tight=True,
        expand=True,
    )
    return ft.Semantics(
        label=", ".join(part for part in (place.said, place.away) if part),
        button=True,
        exclude_semantics=True,
        on_tap=tap,
        content=ft.Container(
            parts.at_least(parts.TOUCH, [ft.Icon(SIGNS[place.kind], size=26, color=palette.ink), words]),
            border_radius=14,
            ink=True,
            on_click=tap,
        ),
    )


def _button(around: ScreenContext, words: str, ask: Ask, icon: ft.IconData, *, is_danger: bool = False) -> ft.Control:
    tap = around.guard(close_and_ask, around, ask)
    return parts.button(around.say(words), tap, around.palette, icon=icon, is_danger=is_danger)


def _column(lines: list[ft.Control]) -> ft.Column:
    return ft.Column(lines, spacing=APART, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


async def _put(around: ScreenContext, kind: PlaceKind) -> None:
    taking_part = around.controller.participation
    if taking_part is None:
        return
    spot = spot_for(kind, taking_part.newest_fix, taking_part.watch.where_one_was, taking_part.now)
    around.device.close_sheet()
    if spot is None:
        around.device.say(around.say("places.noHere"))
        return
    await taking_part.operate(taking_part.live.add_place(kind, spot))
    words = around.say("places.added", place=around.say(f"places.kind.{kind}"))
    around.device.say(words if taking_part.is_connected else f"{words}. {around.say('places.waiting')}")


async def _copy(around: ScreenContext, place: PlaceView) -> None:
    done = await around.device.copy(decimal_degrees(place.point))
    around.device.say(around.say("share.copied" if done else "share.notCopied"))
