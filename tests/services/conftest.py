"""A gateway in the tests' own process, on real PostgreSQL and Valkey."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from prometheus_client import CollectorRegistry

from cavalcade.domain.features.membership import Join
from cavalcade.domain.model import Limits, Role
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, found, replay
from cavalcade.server.access.rate_limits import RateLimits
from cavalcade.server.access.tokens import TokenSigner
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.processes.clock import AdaptiveClock, now_ms
from cavalcade.server.sockets.socket_metrics import SocketMetrics
from cavalcade.server.sockets.socket_server import SocketServer
from cavalcade.services.backend import ServicesBackend
from cavalcade.services.hub import Hub
from cavalcade.settings import Quotas
from cavalcade.stack import postgres
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.codes import hash_secret, new_secret, new_session_id
from testbed.installations.installation import free_port
from tests.quotas import AMPLE

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
    writer: LivePositionWriter
    transports: list[asyncio.Transport] = field(default_factory=list)
    """The test's own ends of its connections, cut off afterwards."""

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


@asynccontextmanager
async def running_gateway(
    database_url: str, redis_url: str, port: int | None = None, quotas: Quotas = AMPLE, secret: str = "x" * 32
) -> AsyncIterator[Gateway]:
    """A running gateway with short limits and a short window, over a database that is migrated."""
    store = SessionStore.open(database_url)
    client = redis.asyncio.Redis.from_url(redis_url)
    live = LiveState(client)
    clock = AdaptiveClock(20)
    limits = Limits(min_lifetime_s=1, host_away_s=1, sos_again_s=1, silent_s=1)

    def connected() -> None:
        writer.connected()
        hub.heal()

    link = RedisLink(redis_url, connected=connected)
    writer = LivePositionWriter(link, may_write=lambda: hub.pauses.check())  # noqa: PLW0108 - made below
    hub = Hub(store, live, writer, clock, link=link, redis_url=redis_url)
    backend = ServicesBackend(store, live, writer, limits, hub)
    signer = TokenSigner([secret])
    sockets = SocketServer(
        backend,
        signer,
        ORIGIN,
        SocketMetrics(CollectorRegistry()),
        limits=RateLimits(link, "x" * 32, quotas),
        sockets_per_address=quotas.sockets_per_address,
        window_s=clock.window_s(),
    )
    work = [link.run(), hub.broker.run(), hub.run(), hub.pauses.run(), hub.presence.lease.run()]
    work += [writer.run(), clock.run(), sockets.run()]
    port = port or free_port()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task) for task in work]
        await sockets.listen(f"127.0.0.1:{port}")
        running = Gateway(store, live, backend, hub, sockets, signer, port, limits, writer)
        yield running
        await sockets.drain(0)
        for transport in running.transports:
            transport.abort()
        await asyncio.sleep(0)
        writer.flush()
        hub.stop()
        for task in tasks:
            task.cancel()
    await store.close()
    await client.aclose()


@pytest.fixture(scope="session")
async def services_database(postgres_url: str, server_directory: Path, database_template: str) -> str:
    """The address of a migrated database that the tests of the services share; see ``migrated_url``."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE test_services TEMPLATE {database_template} STRATEGY wal_log")
    await connection.close()
    return postgres.url(server_directory, "test_services")


@pytest.fixture
async def migrated_url(services_database: str) -> str:
    """The address of a database whose tables are empty when the test begins."""
    connection = await asyncpg.connect(services_database)
    await connection.execute("DELETE FROM sessions")  # the rest follows by cascade; faster than TRUNCATE
    await connection.close()
    return services_database


@pytest.fixture
async def gateway(migrated_url: str, redis_url: str) -> AsyncIterator[Gateway]:
    """A running gateway with short limits."""
    async with running_gateway(migrated_url, redis_url) as running:
        yield running


@pytest.fixture
async def other_gateway(migrated_url: str, redis_url: str) -> AsyncIterator[Gateway]:
    """Another gateway on the same stores."""
    async with running_gateway(migrated_url, redis_url) as running:
        yield running
