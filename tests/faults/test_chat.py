"""A conversation while the process that has its sockets is killed: each message once, in one order, for everybody."""

import asyncio

import pytest

from cavalcade.client import LiveSession
from cavalcade.client.changes import EventReceived
from cavalcade.domain.features.chat import MessageSent
from cavalcade.stack.programs import BACKENDS
from testbed.faults import breaking
from testbed.faults.table import OWN
from testbed.installations.installation import Installation
from tests.scenarios.people import Group

IN_TIME = 60.0
EACH = 10
"""So many of one person go at once."""


@pytest.mark.parametrize(
    ("running", "part"),
    [pytest.param((backend, 1), OWN[backend][0], id=backend) for backend in BACKENDS],
    indirect=["running"],
    scope="session",
)
async def test_twenty_messages_arrive_once_and_in_order_while_sockets_are_killed(
    running: Installation, part: str
) -> None:
    async with Group(running.public_url) as group:
        anna, ben = await group.pair()
        cleo = await group.connect(await group.join("Cleo"))
        progress = Progress()
        hears = [asyncio.ensure_future(progress.hear(session)) for session in (anna, ben, cleo)]
        wanted = {name: [f"{name} {number}" for number in range(EACH)] for name in ("Ben", "Cleo")}
        sending = [
            asyncio.ensure_future(session.send_message(text))
            for session, name in ((ben, "Ben"), (cleo, "Cleo"))
            for text in wanted[name]
        ]
        for count in (3, EACH):
            await asyncio.wait_for(progress.until(count), IN_TIME)
            await breaking.until_it_serves(running, part)
            breaking.kill(running, part)
        await asyncio.wait_for(asyncio.gather(*sending), IN_TIME)
        await asyncio.wait_for(anna.send_message("end"), IN_TIME)
        first, *others = await asyncio.wait_for(asyncio.gather(*hears), IN_TIME)
    assert others == [first, first]
    assert sorted(first) == sorted([*wanted["Ben"], *wanted["Cleo"]])
    for name, texts in wanted.items():
        assert [text for text in first if text.startswith(name)] == texts


class Progress:
    """What three clients have heard."""

    def __init__(self) -> None:
        self._heard = 0
        self._changed = asyncio.Condition()

    async def hear(self, session: LiveSession) -> list[str]:
        """The messages that a client is told, up to the last one."""
        found: list[str] = []
        async for change in session.changes():
            if not isinstance(change, EventReceived) or not isinstance(change.event.change, MessageSent):
                continue
            text = change.event.change.text or ""
            if text == "end":
                break
            found.append(text)
            async with self._changed:
                self._heard = max(self._heard, len(found))
                self._changed.notify_all()
        return found

    async def until(self, count: int) -> None:
        """Waits until one of them has heard so many."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._heard >= count)
