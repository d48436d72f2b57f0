"""Moves sessions between nodes: to the one that the load balancer leads to by now, or away from one that stops."""

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog

from cavalcade.monolith.node_leases import NodeLeases
from cavalcade.monolith.ownership import Ownership
from cavalcade.monolith.peers import NodeSilent, Peers
from cavalcade.monolith.placement import gives
from cavalcade.monolith.registry import Registry
from cavalcade.monolith.relay import Relays
from cavalcade.monolith.self_fence import SelfFence
from cavalcade.server.live_storage.live_state import LivePositionWriter
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import moment
from cavalcade.storage.errors import Unavailable

ASK_EVERY_S: Final = 1.0
"""How often a node asks for the sessions whose sockets it passes on."""

WRITTEN_S: Final = 1.0
"""How long Redis has to take the positions of a session that is given away."""

ALONE_S: Final = 0.5
"""The longest drain of a node that has no others: there is nowhere to go until it is back."""

_log = structlog.get_logger(__name__)


class Handover:
    """Gives sessions away and asks for them."""

    def __init__(
        self,
        *,
        registry: Registry,
        ownership: Ownership,
        leases: NodeLeases,
        peers: Peers,
        relays: Relays,
        fence: SelfFence,
        writer: LivePositionWriter,
        link: RedisLink,
    ) -> None:
        """Uses these parts of a node."""
        self._registry, self._ownership, self._leases, self._peers = registry, ownership, leases, peers
        self._relays, self._fence, self._writer, self._link = relays, fence, writer, link

    async def give(self, session_id: str) -> bool:
        """Gives a session away, so that another node can take it over; whether nothing of it is left here.

        Its newest positions are in Redis by then, and its members come back, to whatever node they are led to.
        """
        await self._fence.settled()
        if session_id not in self._ownership.held:
            return True
        is_draining = self._leases.me.is_draining
        claimed_at = self._ownership.claimed_at[session_id]
        if not gives(moment(), claimed_at=claimed_at, is_draining=is_draining):
            return False
        if (not self._link.is_up or self._link.is_refused) and not is_draining:
            return False  # the next owner would know no positions
        entry = self._registry.entries.get(session_id)
        if entry is not None and entry.process is not None:
            entry.process.settle()
        settled = self._writer.settle(session_id)
        self._ownership.let_go(session_id)
        self._registry.leave(session_id)
        self._ownership.counts.handed_over += 1
        try:
            async with asyncio.timeout(WRITTEN_S):
                is_written = await settled
        except TimeoutError:
            is_written = False
        if not is_written:
            _log.warning("given_away_without_positions")
        return True

    async def run(self) -> None:
        """Asks for the sessions whose sockets are passed on from here, until cancelled."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            if not self._leases.me.is_draining:
                await self._ask_for(self._relays.sessions)

    async def drain(self, seconds: float) -> None:
        """Gives all sessions away, spread over some seconds."""
        await self._leases.drain()
        sessions = list(self._ownership.held)
        if not self._leases.others:
            seconds = min(seconds, ALONE_S)
        for session_id in sessions:
            await self.give(session_id)
            await asyncio.sleep(seconds / len(sessions))
        self._relays.close()

    async def _ask_for(self, session_ids: Iterable[str]) -> None:
        for session_id in session_ids:
            try:
                lease = await self._ownership.locate(session_id)
                if lease is not None:
                    await self._peers.ask_for(lease, session_id)
            except (NodeSilent, Unavailable):
                continue
