"""People who ride along the streets of Helsinki while the page is measured."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cavalcade.client import LiveSession, create_session, join_session
from cavalcade.domain.fix import Fix
from cavalcade.simulate.ride import rider_name
from cavalcade.simulate.tours import helsinki_tour

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SPEED = 11.0
"""Metres a second."""


class Convoy:
    """People who ride along the streets of Helsinki, as real clients."""

    def __init__(self, sessions: list[LiveSession]) -> None:
        self._sessions = sessions
        self._tour = helsinki_tour()
        self._start = time.monotonic()

    def set_out(self) -> None:
        """Everybody starts the ride again, so that each start of the page sees the same streets."""
        self._start = time.monotonic()
        self.report()

    def report(self) -> None:
        """Everybody says where they are now."""
        for number in range(len(self._sessions)):
            self._report(number)

    async def ride(self) -> None:
        """Each says so once a second, one after another as with telephones of their own, until cancelled."""
        begun, number = time.monotonic(), 0
        while True:
            self._report(number % len(self._sessions))
            number += 1
            due = begun + number / len(self._sessions)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def until_time_left_stands(self, seconds: float) -> None:
        """Waits until the page has so long to say nothing new of the time left, which it tells in minutes."""
        left = self._sessions[0].state.session.expires_at / 1000 - time.time()
        if left % 60 < seconds + 1:
            await asyncio.sleep(left % 60 + 1)

    def _report(self, number: int) -> None:
        ridden = (time.monotonic() - self._start) * SPEED
        place = self._tour.at(ridden + number * 24)
        now = int(time.time() * 1000)
        fix = Fix(lat=place.lat, lon=place.lon, heading=place.heading, speed=SPEED, fix_time=now)
        self._sessions[number].report(fix)


@asynccontextmanager
async def convoy_of(server: str, size: int) -> AsyncIterator[tuple[Convoy, str]]:
    """A session of so many, who have joined, and its link."""
    host = await create_session(server, host_name=rider_name(0))
    assert host.code is not None
    members = [host]
    members += [await join_session((host.server, host.code), name=rider_name(n)) for n in range(1, size)]
    sessions = [LiveSession(member) for member in members]
    for session in sessions:
        session.start()
        await session.joined(30)
    try:
        yield Convoy(sessions), str(host.link)
    finally:
        for session in sessions:
            await session.close()
