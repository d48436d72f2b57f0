"""A gateway in the tests' own process, on real PostgreSQL and Valkey."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import redis.asyncio
from prometheus_client import CollectorRegistry

from cavalcade.domain.model import Limits, Role
from cavalcade.domain.operations import Join, Operation
from cavalcade.domain.session import decide, found, replay
from cavalcade.server.clock import AdaptiveClock, now_ms
from cavalcade.server.live_state import LivePositionWriter, LiveState
from cavalcade.server.redis_link import RedisLink
from cavalcade.server.socket import SocketServer
from cavalcade.server.socket_metrics import SocketMetrics
from cavalcade.server.tokens import TokenSigner
from cavalcade.services.backend import ServicesBackend
from cavalcade.services.hub import Hub
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.codes import hash_secret, new_secret, new_session_id

ORIGIN = "http://localhost:8080"


@dataclass
class Gateway:
    """One gateway and what a test may reach into."""

    store: SessionStore
    live: LiveState
    backend: ServicesBackend
    hub: Hub
    sockets: SocketServer
    signer: TokenSigner
    port: int
    limits: Limits

    async def session(self, members: int = 1, *, lifetime_s: int | None = None) -> str:
        """Makes a session with some members, the first of them its host."""
        now = now_ms()
        empty = found(new_session_id(), None, lifetime_s, now, self.limits)
        state, events = empty, []
        for _ in range(members):
            decided = decide(state, Operation(None, Join(Role.MEMBER)), now, self.limits)
            events += decided
            state = replay(state, decided)
        stored = Stored(state, 1, hash_secret(new_secret()), hash_secret(new_secret()))
        await self.store.insert(stored, events)
        return state.session.id

    def token(self, session_id: str, participant: int, valid_s: int = 3600) -> str:
        """A token as the API would issue it."""
        return self.signer.issue(session_id, participant, now_ms() + valid_s * 1000)

    def address(self, session_id: str, query: str = "vsn=2.0.0") -> str:
        """Where a session's socket is."""
        return f"ws://127.0.0.1:{self.port}/socket/websocket?{query}&session={session_id}"


@pytest.fixture
async def gateway(database_url: str, redis_url: str) -> AsyncIterator[Gateway]:
    """A running gateway with short limits."""
    await migrate(database_url)
    store = SessionStore.open(database_url)
    client = redis.asyncio.Redis.from_url(redis_url)
    live = LiveState(client)
    clock = AdaptiveClock(20)
    limits = Limits(min_lifetime_s=1, host_away_s=1)

    def connected() -> None:
        writer.connected()
        hub.rewrite()

    link = RedisLink(redis_url, connected=connected)
    writer = LivePositionWriter(link)
    hub = Hub(store, live, writer, clock, redis_url)
    backend = ServicesBackend(store, live, writer, limits, hub)
    signer = TokenSigner(["x" * 32])
    sockets = SocketServer(backend, signer, ORIGIN, SocketMetrics(CollectorRegistry()))
    work = [link.run(), hub.broker.run(), hub.run(), writer.run(), clock.run(), sockets.run()]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task) for task in work]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        await sockets.listen(f"127.0.0.1:{port}")
        yield Gateway(store, live, backend, hub, sockets, signer, port, limits)
        await sockets.drain(0)
        for task in tasks:
            task.cancel()
    await store.close()
    await client.aclose()
