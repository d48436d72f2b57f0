"""Links that changed on their way, in a browser; the rule itself is tested in `tests/wire/test_links.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.async_api import expect

from cavalcade.client import create_session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]


async def test_a_link_that_changed_opens_its_invitation(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    made = await create_session(cavalcade_url, name="Pass Tour")
    assert made.link is not None
    assert made.code is not None
    changed = (
        made.link + ".",
        made.link + "%20",
        made.link + "\u3002",
        made.link + "&utm_source=mail",
        made.link.replace("/j#", "/j?fbclid=IwAR0_x#"),
        made.link.replace("/j#", "/#"),
        made.link[:-3] + "\u00ad" + made.link[-3:],
        made.link.replace("/j#", "/j/#"),
        made.link.replace("/j#", "//j#"),
        made.link.replace("/j#", "/J#"),
        made.link.replace("/j#", "/j%23"),
        made.link.replace("/j#", "/j/"),
        made.link.replace("/j#", "/j%23") + ")",
    )
    for link in changed:
        await phone.page.goto("about:blank")
        await phone.page.goto(link)
        await expect(phone.page.get_by_role("heading", name="Pass Tour")).to_be_visible()
        assert phone.page.url == made.link
    # What comes of it is the same place as by the link itself.
    await phone.button("Join the map").click()
    await expect(phone.page.locator(".dock")).to_be_visible()
    await phone.page.goto("about:blank")
    await phone.page.goto(changed[0])
    await expect(phone.page.locator(".dock")).to_be_visible()


async def test_a_link_without_a_code_leads_on(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone()
    made = await create_session(cavalcade_url)
    assert made.link is not None
    for link in (made.link[:-1], f"{cavalcade_url}/j", made.link.replace("/j#", "/#")[:-4]):
        await phone.page.goto("about:blank")
        await phone.page.goto(link)
        await expect(phone.page.get_by_role("heading", name="This link is incomplete")).to_be_visible()
    await phone.page.goto(f"{cavalcade_url}/somewhere/else")
    await expect(phone.page.get_by_role("heading", name="This page does not exist")).to_be_visible()
    await phone.button("Start a new session").click()
    await expect(phone.button("Start a session")).to_be_visible()
