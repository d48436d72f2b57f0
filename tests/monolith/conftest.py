"""A whole node in the tests' own process, on real PostgreSQL and Valkey, with real clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from redis.asyncio import Redis

from cavalcade.client import Membership, create_session, join_session
from cavalcade.domain.errors import Rejected
from cavalcade.monolith.application import Listeners, Node
from cavalcade.monolith.registry import Entry
from cavalcade.settings import Settings
from testbed.installations.installation import free_ports
from tests.quotas import AMPLE
from tests.services.peer import eventually


@dataclass
class RunningNode:
    """One node, its doors, and what a test may reach into."""

    node: Node
    http: str
    sockets: str
    internal: str
    running: asyncio.Task[None]

    async def create(self, host_name: str = "Host") -> Membership:
        """Makes a session and returns its host's membership."""
        return self.through(await create_session(self.http, host_name=host_name))

    async def join(self, host: Membership, name: str) -> Membership:
        """Lets somebody into a host's session."""
        assert host.code is not None
        return self.through(await join_session(f"{self.http}/j#{host.code}", name=name))

    async def group(self, size: int) -> list[Membership]:
        """A session with some people in it, the first its host."""
        host = await self.create(host_name="Member 1")
        return [host, *[await self.join(host, f"Member {number}") for number in range(2, size + 1)]]

    def entry(self, membership: Membership) -> Entry:
        """Where the process of a membership's session lives."""
        return self.node.registry.entries[membership.session_id]

    def through(self, membership: Membership) -> Membership:
        """A membership whose socket leads to this node, whichever node serves its session."""
        return replace(membership, socket=self.sockets)

    @property
    def holds(self) -> set[str]:
        """The sessions that it owns."""
        return set(self.node.ownership.held)


@asynccontextmanager
async def running_node(
    database_url: str, redis_url: str, name: str = "alone", secret: str = "x" * 32
) -> AsyncIterator[RunningNode]:
    """Runs a node with a short window."""
    http, sockets, internal = (f"127.0.0.1:{port}" for port in free_ports(3))
    settings = Settings(
        database_url=database_url,
        redis_url=redis_url,
        secrets=(secret,),
        public_url=f"http://{http}",
        backend="monolith",
        window_ms=20,
        min_lifetime_s=1,
        host_away_s=1,
        quotas=AMPLE,
    )
    node = Node(settings, Listeners(http, sockets, internal, name=name))
    running = asyncio.create_task(node.supervisor.run())
    await node.sockets.listen(sockets)
    yield RunningNode(node, f"http://{http}", f"ws://{sockets}/socket", internal, running)
    await node.sockets.drain(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await node.close()


@pytest.fixture
async def nodes(migrated_url: str, redis_url: str) -> AsyncIterator[list[RunningNode]]:
    """Three nodes on one database, which know each other."""
    async with AsyncExitStack() as stack:
        running = [
            await stack.enter_async_context(running_node(migrated_url, redis_url, name))
            for name in ("first", "second", "third")
        ]
        await until_all_see_each_other(running)
        yield running


async def until_all_see_each_other(running: list[RunningNode]) -> None:
    """Waits until each node knows all others."""
    await eventually(lambda: all(len(one.node.leases.others) == len(running) - 1 for one in running))


@pytest.fixture
async def node(migrated_url: str, redis_url: str) -> AsyncIterator[RunningNode]:
    """A running node on a database of its own."""
    async with running_node(migrated_url, redis_url) as running:
        yield running


async def redis_is_emptied(redis_url: str) -> None:
    """Redis has lost everything, as after a restart without persistence."""
    client = Redis.from_url(redis_url)
    await client.flushall()
    await client.script_flush()
    await client.aclose()


async def positions_in_redis(node: RunningNode, session_id: str, lats: dict[int, int]) -> None:
    """Waits until Redis holds these."""
    async with asyncio.timeout(5):
        while True:
            try:
                found = await node.node.backend.positions(session_id)
            except Rejected:
                found = {}
            if {who: where.lat for who, where in found.items()} == lats:
                return
            await asyncio.sleep(0.02)
