"""Firefox and WebKitGTK: a link is opened, its session joined and left, and everybody is on the list and the map."""

from __future__ import annotations

import pytest

from cavalcade.client import Fix, connect, create_session
from cavalcade.client.clock import epoch_ms
from tests.browser.other_browsers import opened, until

pytestmark = pytest.mark.parametrize(
    "browser",
    [pytest.param("firefox", marks=pytest.mark.other_browser), pytest.param("webkit", marks=pytest.mark.other_browser)],
)

JOIN = """(() => {
  const name = document.querySelector("#name");
  name.value = "Ben";
  name.dispatchEvent(new Event("input"));
  document.querySelector(".join-form .button.is-primary").click();
})()"""
OPEN_MENU = "document.querySelector('[data-opens=menu]').click()"
LEAVE_BUTTON = (
    "[...document.querySelectorAll('[data-panel=menu] button')].find((one) => one.innerText.includes('Leave'))"
)


async def test_joins_sees_and_leaves(browser: str, cavalcade_url: str) -> None:
    membership = await create_session(cavalcade_url, name="Smoke", host_name="Anna")
    assert membership.link
    async with connect(membership) as anna, opened(browser) as page:
        anna.report(Fix(60.18, 24.94, epoch_ms(), accuracy=5))
        await page.open(membership.link)
        await until(page, "document.querySelector('h1').innerText === 'Smoke'")
        await page.value(JOIN)
        await anna.wait_for(lambda session: session.present == {1, 2}, 60)
        await until(page, "document.querySelector('li.person[data-participant=\"1\"]')?.innerText.includes('Anna')")
        # On streets, or on the sketch where a machine gives its browser nothing to draw them with.
        await until(page, "document.querySelector('.avatar[data-participant=\"1\"]')")
        if browser == "firefox":
            # WebKit's driver cannot be told where it is.
            await anna.wait_for(lambda session: 2 in session.positions, 60)
            await until(page, "document.querySelector('.whereabouts')?.innerText.includes('km')")
        await page.value(OPEN_MENU)
        await until(page, LEAVE_BUTTON)
        await page.value(f"{LEAVE_BUTTON}.click()")
        await anna.wait_for(lambda session: set(session.state.participants) == {1}, 60)
        await until(page, "document.querySelector('[data-ending=left]')")
