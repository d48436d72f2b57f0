"""The group is called together: the strip, the roll among the people, the host's ticks, and all here."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from playwright.async_api import expect

from cavalcade.client import Fix, PlaceKind, Post, Status, connect, join_session
from cavalcade.client.clock import epoch_ms
from cavalcade.domain.features.alerts import AlertKind, RecentAlerts
from cavalcade.domain.features.regroup import standing
from tests.browser.conftest import EITHER_BACKEND, HELSINKI, METRES_PER_DEGREE
from tests.browser.test_screens import check_by_axe, enlarge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cavalcade.client import LiveSession
    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

SOON = 20.0


def _north(metres: float) -> tuple[float, float]:
    return HELSINKI[0] + metres / METRES_PER_DEGREE, HELSINKI[1]


def _at(session: LiveSession, metres: float, speed: float = 0) -> None:
    session.report(Fix(*_north(metres), epoch_ms(), accuracy=5, heading=0, speed=speed))


@EITHER_BACKEND
async def test_the_host_calls_the_roll(cavalcade_url: str, new_phone: NewPhone) -> None:
    phone = await new_phone(reduced_motion="reduce")
    page = phone.page
    link = await phone.start(cavalcade_url)
    async with contextlib.AsyncExitStack() as group:
        members = [await join_session(link, name=name) for name in ("Hugo", "Ole", "Eva", "Noa")]
        hugo, ole, eva, noa = [await group.enter_async_context(connect(member)) for member in members]
        await eva.set_status(Status.GOING_HOME)
        await noa.set_sharing(on=False)
        await ole.set_post(Post.LEAD, ole.membership.participant)
        _at(hugo, -3_600, 10)
        _at(ole, 10)

        # To the next stop, from among the people; and that is ended by hand.
        await phone.open_panel("people")
        await phone.button("Meet at the next stop").click()
        roll = page.locator(".roll-call")
        await expect(roll).to_contain_text("Where Ole stands for a minute.")
        await hugo.wait_for(lambda s: standing(s.state) is not None, SOON)
        await phone.button("End the call").click()
        await hugo.wait_for(lambda s: standing(s.state) is None, SOON)
        await expect(roll).to_have_count(0)

        # To a place: who is there, who comes, and why others do not.
        place = await ole.add_place(PlaceKind.MEET, HELSINKI, name="Café Adler")
        await ole.call_regroup(place)
        await expect(roll.locator("h3")).to_have_text("Meet at Café Adler")
        await expect(roll.locator(".roll-call-count")).to_have_text("2 of 4 here")
        await expect(roll.locator("[data-standing=coming]")).to_have_text("Hugo about 6 min")
        await expect(roll).to_contain_text("Here: You, Ole")
        await expect(roll).to_contain_text("Going home: Eva")
        await check_by_axe(page, "roll-call")

        # The host sees Noa, and says so.
        await expect(roll.locator("[data-standing=not_sharing]")).to_contain_text("Noa does not share")
        await phone.button("Noa is here").click()
        await expect(roll.locator(".roll-call-count")).to_have_text("3 of 4 here")
        await expect(phone.button("Noa is not here")).to_be_visible()
        await page.set_viewport_size({"width": 320, "height": 568})
        await enlarge(page, "large-roll-call")

        # Hugo's device tells that he came: all are here, once, and nobody is called any more.
        await hugo.raise_alert(AlertKind.ARRIVAL, place=place)
        await expect(page.locator(".notice", has_text="All here")).to_be_visible()
        await hugo.wait_for(lambda s: standing(s.state) is None, SOON)
        assert sum(one.kind is AlertKind.ALL_HERE for one in hugo.state.features.of(RecentAlerts).recent) == 1
        await expect(roll).to_have_count(0)
