"""Short ways to say who is where in a scenario."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Self

from cavalcade.client import (
    Fix,
    LiveSession,
    Membership,
    Position,
    connect,
    create_session,
    fetch_session,
    join_session,
)
from cavalcade.client.clock import epoch_ms
from cavalcade.wire.messages import Mode
from testbed.installations.proxy import Proxy

SOON = 5.0


class Group(AsyncExitStack):
    """A session and the people in it, all connected until the block ends."""

    def __init__(self, server: str, lifetime_s: int | None = None) -> None:
        super().__init__()
        self._server = server
        self._lifetime_s = lifetime_s
        self.host: Membership

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.host = await create_session(self._server, name="Trip", host_name="Anna", lifetime_s=self._lifetime_s)
        return self

    async def join(self, name: str | None = None) -> Membership:
        """Somebody else with the link."""
        assert self.host.link is not None
        return await join_session(self.host.link, name=name)

    async def connect(self, membership: Membership, mode: Mode = "binary") -> LiveSession:
        """Connects somebody."""
        return await self.enter_async_context(connect(membership, mode=mode))

    async def pair(self) -> tuple[LiveSession, LiveSession]:
        """The host and one more, both connected."""
        return await self.connect(self.host), await self.connect(await self.join("Ben"))


def through(wire: Proxy, membership: Membership) -> Membership:
    """The same membership, whose socket goes over a wire that can be cut."""
    return replace(membership, socket=f"ws://localhost:{wire.port}/socket")


def fix(lat: float = 47.66, lon: float = 9.18, *, seconds_ago: int = 0) -> Fix:
    """A whole reading."""
    return Fix(
        lat, lon, epoch_ms() - seconds_ago * 1000, accuracy=8.5, heading=90.0, speed=12.5, altitude=400, battery=80
    )


async def fetched_positions(membership: Membership, wanted: Mapping[int, Position]) -> None:
    """Waits until HTTP gives these positions too: what it reads is written a moment after sockets have it."""
    async with asyncio.timeout(SOON):
        while dict((await fetch_session(membership)).positions) != wanted:  # noqa: ASYNC110 - HTTP tells of no changes
            await asyncio.sleep(0.02)
