"""Inviting: the link to send, to copy or to scan, and the one for those who only watch."""

import io

import flet as ft
import segno

from cavalcade.app.screens.base import ScreenContext, Sheet
from cavalcade.app.session.own_links import link_of
from cavalcade.app.ui import parts
from cavalcade.wire.links import for_watching


def share_sheet(around: ScreenContext) -> Sheet | None:
    """Makes the sheet."""
    taking_part = around.controller.participation
    if taking_part is None:
        return None
    membership, palette, say = taking_part.live.membership, around.palette, around.say
    link = link_of(membership)
    if link is None or taking_part.is_viewer:
        return Sheet(
            ft.Column(
                [parts.title(say("share.title"), palette), parts.text(say("share.watcher"), palette)],
                spacing=12, tight=True,
            )
        )  # fmt: skip
    known = taking_part.known
    name = known.state.session.name if known else say("product")
    content: list[ft.Control] = [
        parts.title(say("share.title"), palette),
        parts.text(say("share.lead"), palette, color=palette.ink_soft),
        ft.Row(
            [
                ft.Container(
                    ft.Image(src=qr_code(link), width=212, height=212, semantics_label=say("share.qrLabel"),
                             filter_quality=ft.FilterQuality.NONE),
                    bgcolor="#ffffff", padding=14, border_radius=22,
                )
            ],
            alignment=ft.MainAxisAlignment.CENTER,
        ),
        ft.Container(
            parts.text(link.partition("://")[2], palette, size=13, color=palette.ink_soft, lines=1, center=True),
            bgcolor=palette.well, border_radius=12, padding=ft.Padding.symmetric(horizontal=12, vertical=9),
        ),
        parts.button(say("share.send"), around.guard(_send, around, link, say("share.message", name=name)), palette,
                     icon=ft.Icons.IOS_SHARE, is_primary=True),
        _copy_button(around, link, say("share.copy")),
    ]  # fmt: skip
    if membership.viewer_link is not None:
        watching = for_watching(membership.viewer_link)
        content += [
            ft.Divider(height=8, color=palette.line),
            parts.text(say("share.viewerTitle"), palette, size=17, weight=ft.FontWeight.W_600),
            parts.text(say("share.viewerLead"), palette, size=15, color=palette.ink_soft),
            ft.Row(
                [
                    parts.button(say("app.share.send"), around.guard(_send, around, watching, name), palette,
                                 icon=ft.Icons.IOS_SHARE, expand=True, label=say("share.sendViewer")),
                    _copy_button(around, watching, say("app.share.copy"), say("share.copyViewer")),
                ],
                spacing=10,
            ),
        ]  # fmt: skip
    return Sheet(
        ft.Column(content, spacing=13, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH), is_tall=True
    )


def qr_code(link: str) -> bytes:
    """A PNG that cameras read."""
    picture = io.BytesIO()
    segno.make(link, error="m", micro=False).save(picture, kind="png", scale=8, border=1)
    return picture.getvalue()


def _copy_button(around: ScreenContext, link: str, words: str, label: str | None = None) -> ft.Container:
    """A button that says itself what came of it: a hint at the bottom is easily missed behind a sheet."""
    place = ft.Container(expand=label is not None)

    async def copy() -> None:
        if await _copy(around, link):
            place.content = parts.button(around.say("share.copied"), tap, around.palette, icon=ft.Icons.CHECK)
            place.update()

    tap = around.guard(copy)
    place.content = parts.button(words, tap, around.palette, icon=ft.Icons.CONTENT_COPY, label=label)
    return place


async def _send(around: ScreenContext, link: str, message: str) -> None:
    if not await around.device.share(f"{message}\n{link}", message):
        await _copy(around, link)


async def _copy(around: ScreenContext, link: str) -> bool:
    is_copied = await around.device.copy(link)
    if is_copied:
        around.device.say(around.say("share.copied"))
    else:
        around.device.say(f"{around.say('share.notCopied')}. {around.say('share.copyByHand')}")
    return is_copied
