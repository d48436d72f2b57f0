"""An SOS, and what falls due for it, while processes are killed: there once, and again once each time."""

import asyncio
from collections.abc import Callable
from itertools import product
from time import monotonic

import pytest

from cavalcade.client import LiveSession, SosKind
from cavalcade.domain.features.sos import SosEscalated, SosRaised, standing
from cavalcade.stack import postgres
from cavalcade.stack.programs import BACKENDS
from cavalcade.storage.sessions import SessionStore
from testbed.faults import breaking
from testbed.faults.table import OWN
from testbed.installations.installation import Installation
from tests.scenarios.people import Group

IN_TIME = 60.0
LATE_MS = 1_000
"""How late a timed effect may be where processes answer at once."""


def cases() -> list[object]:
    """No process, and each of its own, of both backends; with several of each in the long run."""
    found: list[object] = []
    for backend, nodes in product(BACKENDS, (1, 2)):
        for part in (None, *OWN[backend]):
            number = "-1" if nodes == 2 else ""
            marks = [] if nodes == 1 else [pytest.mark.long]
            name = f"{backend} x{nodes}: {part or 'nothing'} killed".replace(" ", "_")
            found.append(pytest.param((backend, nodes), part and part + number, marks=marks, id=name))
    return found


@pytest.mark.parametrize(("running", "part"), cases(), indirect=["running"], scope="session")
async def test_an_sos_is_there_once_and_comes_again_once(
    running: Installation, part: str | None, record_property: Callable[[str, object], None]
) -> None:
    store = SessionStore.open(postgres.url(running.data / "run" / "postgres"))
    async with Group(running.public_url) as group:
        anna, ben = await group.pair()
        slowest = Slowest(anna)
        raising = asyncio.ensure_future(ben.raise_sos(SosKind.INJURED, place=(47.66, 9.18)))
        await asyncio.sleep(0)  # it is on its way
        await kill(running, part)
        sos = await asyncio.wait_for(raising, IN_TIME)
        measuring = asyncio.ensure_future(slowest.measure())
        await kill(running, part)
        await anna.wait_for(lambda s: [one.stage for one in standing(s.state)] == [2], IN_TIME)
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)
        events = await store.events_after(group.host.session_id, 0)
        await store.close()
    (raised,) = [event for event in events if isinstance(event.change, SosRaised)]
    assert raised.offset == sos
    assert isinstance(raised.change, SosRaised)
    due = {1: raised.change.again_at, 2: raised.change.call_at}
    late = {event.change.stage: event.at for event in events if isinstance(event.change, SosEscalated)}
    assert len([event for event in events if isinstance(event.change, SosEscalated)]) == len(late)
    late = {stage: at - due[stage] for stage, at in late.items()}
    record_property("late_ms", late)
    assert 2 in late
    for ms in late.values():
        assert 0 <= ms <= LATE_MS + slowest.ms


async def kill(running: Installation, part: str | None) -> None:
    """Kills a part, and waits until it serves again where it is the only one of its kind."""
    if part is not None:
        await breaking.until_it_serves(running, part)
        breaking.kill(running, part)
        if running.nodes == 1:
            await breaking.until_it_serves(running, part)


class Slowest:
    """How long an ordinary operation took at most meanwhile: what is due cannot be done sooner than that.

    So the machine's speed, and the time that a killed process is away, count alike on both sides.
    """

    def __init__(self, session: LiveSession) -> None:
        self._session = session
        self.ms = 0.0

    async def measure(self) -> None:
        """Asks again and again until it is cancelled."""
        while True:
            begun = monotonic()
            try:
                await self._session.set_sharing(on=True)
            finally:
                self.ms = max(self.ms, (monotonic() - begun) * 1000)
            await asyncio.sleep(0.02)
