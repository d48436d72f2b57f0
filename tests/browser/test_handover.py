"""The page opened by the app: it goes on as who one is there, after a question, and sends no position."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from cavalcade.client import Fix, connect, create_session, join_session
from cavalcade.wire.links import handing_over
from tests.browser.conftest import HELSINKI

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

KEPT = "Object.keys(localStorage).filter((key) => key.startsWith('cavalcade.session.')).length"


async def test_the_page_goes_on_as_who_one_is_in_the_app(cavalcade_url: str, new_phone: NewPhone) -> None:
    host = await create_session(cavalcade_url, name="Pass Tour", host_name="Anna")
    assert host.link is not None
    zoe = await join_session(host.link, name="Zoé")
    phone = await new_phone()
    asked: list[str] = []
    phone.page.on("request", lambda request: asked.append(request.url))
    async with connect(host) as anna, connect(zoe) as app:
        app.report(Fix(HELSINKI[0] + 0.01, HELSINKI[1], accuracy=5.0))
        await anna.wait_for(lambda session: 2 in session.positions, 20)
        shared = anna.positions[2]
        await phone.page.goto(handing_over(host.link, zoe.token))
        await expect(phone.page.get_by_role("heading", name="Go on as Zoé?")).to_be_visible()
        # Before the answer nothing is taken over, and the token is gone from the address already.
        assert phone.page.url == host.link
        assert await phone.page.evaluate(KEPT) == 0
        await phone.screenshot("handover")
        await phone.button("Go on as Zoé").click()
        await expect(phone.page.locator(".sharing")).to_contain_text("By the app")
        # The browser is elsewhere and may be asked, but nobody asked it.
        await phone.open_panel("people")
        await expect(phone.row("Zoé")).to_be_visible()
        assert (set(anna.state.participants), anna.positions[2]) == ({1, 2}, shared)
        # A pause here holds in the app as well.
        await phone.page.locator(".sharing").click()
        await app.wait_for(lambda session: not session.is_sharing, 20)
        await phone.page.locator(".sharing").click()
        await app.wait_for(lambda session: session.is_sharing, 20)
        # Opened again, it stays so, until it is asked for.
        await phone.page.goto("about:blank")
        await phone.page.goto(handing_over(host.link, host.token))
        await expect(phone.page.locator(".sharing")).to_contain_text("By the app")
        await phone.open_panel("menu")
        await phone.button("Send my position from here").click()
        await anna.wait_for(
            lambda session: 2 in session.positions and session.positions[2].to_fix().lat < HELSINKI[0] + 0.005, 20
        )
    assert not [url for url in asked if zoe.token in url or host.token in url]


async def test_no_other_token_is_taken(cavalcade_url: str, new_phone: NewPhone) -> None:
    host = await create_session(cavalcade_url, name="Pass Tour", host_name="Anna")
    other = await create_session(cavalcade_url, name="Elsewhere", host_name="Mallory")
    assert host.link is not None
    left = await join_session(host.link, name="Ben")
    async with connect(left) as ben:
        await ben.leave()
    phone = await new_phone(may_locate=False)
    for token in (other.token, left.token, host.token[:-4] + "AAAA", "A" * len(host.token)):
        await phone.page.goto("about:blank")
        await phone.page.goto(handing_over(host.link, token))
        await expect(phone.page.get_by_label("Your name")).to_be_visible()
        await expect(phone.page.get_by_text(re.compile("^Go on as"))).to_have_count(0)
        assert phone.page.url == host.link
        assert await phone.page.evaluate(KEPT) == 0
    # Who did not open it says so, and is somebody of their own.
    await phone.page.goto("about:blank")
    await phone.page.goto(handing_over(host.link, host.token))
    await phone.button("I am somebody else").click()
    await phone.page.get_by_label("Your name").fill("Carla")
    await phone.button("Join the map").click()
    await phone.open_panel("people")
    await expect(phone.row("Carla")).to_contain_text("you")
    await expect(phone.row("Anna")).to_be_visible()
