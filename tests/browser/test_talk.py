"""Talk and SOS in the page, on two phones and a viewer's: cuts, reloads, and who may read."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from playwright.async_api import expect

from cavalcade.client import connect, create_session, join_session
from cavalcade.domain.features.chat import SendMessage
from tests.browser.conftest import EITHER_BACKEND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.browser.conftest import Phone

    NewPhone = Callable[..., Awaitable[Phone]]

pytestmark = EITHER_BACKEND

WRITERS, EACH = 5, 10
"""So many write so much at once: none of them more than the server lets anyone."""

FIRST_SEEN = """() => {
  const list = document.querySelector('.log');
  const top = list.getBoundingClientRect().top;
  const seen = [...list.querySelectorAll('[data-message]')].find((one) => one.getBoundingClientRect().bottom > top + 1);
  return [seen.dataset.message, Math.round(seen.getBoundingClientRect().top - top)];
}"""


async def _write(phone: Phone, text: str) -> None:
    await phone.page.get_by_label("Write a message").fill(text)
    await phone.button("Send").click()


async def test_messages_written_in_a_dead_zone_arrive_once_and_in_order(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    made = await create_session(cavalcade_url, name="Pass Tour", host_name="Olga")
    assert made.link
    assert made.viewer_link
    anna, jorg, mum = await new_phone(), await new_phone(), await new_phone(may_locate=False)
    await anna.join(made.link, "Anna")
    await jorg.join(made.link, "Jörg Ott")
    await mum.join(made.viewer_link, "Mum")
    for phone in (anna, jorg):
        await phone.open_panel("talk")
    await _write(jorg, "Fuel in 20 km? https://bank.example@evil.example/x")
    message = anna.page.locator(".message").filter(has_text="Fuel in 20 km?")
    await expect(message).to_be_visible()
    await expect(jorg.page.locator(".message-state")).to_contain_text("On 1 of 2 phones. Not yet: Olga")

    # An address leads nowhere before its host was said.
    await message.get_by_role("link").click()
    await expect(message.get_by_role("group")).to_contain_text("Open evil.example?")
    await anna.button("Cancel").click()
    assert len(anna.context.pages) == 1

    # In a dead zone: what is written stands below, with its truth, also over a reload.
    await jorg.context.set_offline(offline=True)
    await expect(jorg.page.locator("[data-notice=lost]")).to_be_visible()
    for text in ("one", "two", "\u05e9\u05dc\u05d5\u05dd three"):
        await _write(jorg, text)
    await jorg.page.locator(".signals [data-signal=fuel]").click()
    waiting = jorg.page.locator(".is-unsent")
    await expect(waiting).to_have_count(4)
    await expect(waiting.first).to_contain_text("Waiting for a network, written")
    await jorg.page.close()
    await jorg.context.set_offline(offline=False)
    jorg.page = await jorg.context.new_page()
    await jorg.page.goto(made.link)
    said = [" ".join(text.split()) for text in ("one", "two", "\u05e9\u05dc\u05d5\u05dd three", "Need fuel")]
    for phone in (anna, jorg):
        await phone.open_panel("talk")
        await expect(phone.page.locator(".message:not(.is-unsent)")).to_have_count(5)
        bodies = phone.page.locator(".message :is(.message-text, .message-signal)")
        assert [" ".join(text.split()) for text in await bodies.all_inner_texts()][1:] == said
        await expect(phone.page.locator(".is-unsent, .is-failed")).to_have_count(0)

    # Taken back: nobody reads it any more.
    await jorg.page.locator(".message-head").nth(1).click()
    await jorg.page.locator(".message-actions").get_by_role("button", name="Remove").click()
    await expect(anna.page.locator(".message").nth(1)).to_contain_text("Message removed")

    # Who watches reads nothing, and is told why.
    await mum.open_panel("talk")
    await expect(mum.page.locator("[data-panel=talk]")).to_contain_text("The messages are for the group alone")
    assert "Fuel" not in await mum.page.content()


async def test_what_one_reads_stays_in_its_place_while_fifty_messages_arrive(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    made = await create_session(cavalcade_url, host_name="Olga")
    assert made.link
    writers = [await join_session(made.link, name=f"Rider {number}") for number in range(WRITERS)]

    async def write(number: int, part: str) -> None:
        async with connect(writers[number]) as rider:
            for count in range(EACH // 2):
                await rider.ask(SendMessage(f"{part} {number}.{count}"))

    await asyncio.gather(*(write(number, "before") for number in range(WRITERS)))
    anna = await new_phone()
    await anna.join(made.link, "Anna")
    await anna.open_panel("talk")
    await expect(anna.page.locator(".log .message")).to_have_count(25)
    await anna.page.evaluate("document.querySelector('.log').scrollTop = 300")
    before = await anna.page.evaluate(FIRST_SEEN)
    for part in ("during", "later"):
        await asyncio.gather(*(write(number, part) for number in range(WRITERS)))
    await expect(anna.page.locator(".log-below")).to_have_text("50 new messages")
    assert await anna.page.evaluate(FIRST_SEEN) == before
    await anna.page.locator(".log-below").click()
    await expect(anna.page.locator(".log-below")).to_have_count(0)
    await expect(anna.page.locator(".message").last).to_be_in_viewport()


async def test_an_alarm_raised_without_a_network_reaches_the_group_once(
    cavalcade_url: str, new_phone: NewPhone
) -> None:
    made = await create_session(cavalcade_url, host_name="Olga")
    assert made.link
    hugo, ada = await new_phone(), await new_phone(east=2_000)
    await hugo.join(made.link, "Hugo")
    await ada.join(made.link, "Ada")
    for phone in (hugo, ada):
        await expect(phone.page.locator(".avatar")).to_have_count(2)
    # Cancelled in time, on the page that a reload made: nobody hears of it.
    await hugo.page.locator(".sos-button").click()
    await hugo.button("Injured").click()
    counting = hugo.page.get_by_role("heading", name="Alarm to the group in")
    await expect(counting).to_be_visible()
    await hugo.page.reload()
    await expect(counting).to_be_visible()
    await hugo.page.locator(".sos-cancel").dispatch_event("click")  # at once, however busy the machine is
    await expect(counting).to_have_count(0)
    await hugo.button("Show the map").click()

    await hugo.context.set_offline(offline=True)
    await hugo.page.locator(".sos-button").click()
    await expect(hugo.page.get_by_role("dialog")).to_contain_text("60.17000, 24.94000")
    await expect(hugo.page.get_by_role("link", name="Call 112")).to_have_attribute("href", "tel:112")
    await hugo.button("Injured").click()
    await expect(hugo.page.get_by_role("dialog")).to_contain_text("Not sent: no network, trying")
    await expect(ada.page.get_by_role("dialog")).to_have_count(0)
    await hugo.page.close()
    await hugo.context.set_offline(offline=False)
    hugo.page = await hugo.context.new_page()
    await hugo.page.goto(made.link)

    # Reopened: it goes out by itself, and both sides say what is known.
    alarm = ada.page.get_by_role("dialog")
    await expect(alarm).to_contain_text("Hugo needs help")
    await expect(alarm).to_contain_text("Injured")
    await expect(alarm).to_contain_text("Everyone is asked")
    await expect(alarm.locator(".sos-alarm")).to_have_count(1)
    await hugo.page.locator(".sos-button").click()
    mine = hugo.page.get_by_role("dialog")
    await expect(mine).to_contain_text("Server has it")
    await expect(mine).to_contain_text("On 1 phone")
    await ada.page.get_by_role("button", name=re.compile("going")).click()
    await expect(alarm).to_have_count(0)
    await expect(mine).to_contain_text("Ada comes")
    await expect(ada.page.locator("[data-notice=sos]")).to_contain_text("SOS: Hugo, Injured")
    await mine.get_by_role("button", name="It is solved").click()
    await expect(ada.page.locator("[data-notice=sos]")).to_have_count(0)
    await expect(mine.locator(".sos-alarm")).to_have_count(0)
