"""`cavalcade node`: the one application of route 2, HTTP and WebSockets in one process, as a tree of processes."""

import asyncio
import signal
from dataclasses import dataclass
from typing import Final

import redis.asyncio
import structlog
import uvloop
from prometheus_client import CollectorRegistry

from cavalcade.monolith.backend import MonolithBackend
from cavalcade.monolith.inspection import Inspector
from cavalcade.monolith.inspection_routes import inspection_routes
from cavalcade.monolith.node_metrics import NodeMetrics
from cavalcade.monolith.registry import Registry
from cavalcade.monolith.session_process import Surroundings
from cavalcade.monolith.supervisor import Child, IntensityReached, Supervisor
from cavalcade.monolith.watchdog import StallWatchdog
from cavalcade.server.api.application import create_app
from cavalcade.server.api.context import Api
from cavalcade.server.clock import AdaptiveClock
from cavalcade.server.cold_loads import ColdLoads
from cavalcade.server.http import serve_http
from cavalcade.server.internal import serve_internal
from cavalcade.server.limits import FailureLimiter
from cavalcade.server.live_state import LivePositionWriter, LiveState
from cavalcade.server.logs import configure_logging
from cavalcade.server.redis_link import RedisLink
from cavalcade.server.sessions import Sessions
from cavalcade.server.socket import SocketServer
from cavalcade.server.socket_metrics import SocketMetrics
from cavalcade.server.tokens import TokenSigner
from cavalcade.server.upkeep import keep_up
from cavalcade.settings import Settings
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore

DRAIN_S: Final = 0.5

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where a node listens: `unix:/path` or `HOST:PORT` each.

    Attributes:
        http: For the API; behind the load balancer.
        sockets: For WebSockets; behind the load balancer.
        internal: For health, metrics and inspection.
    """

    http: str
    sockets: str
    internal: str


def run(settings: Settings, listeners: Listeners) -> None:
    """Runs a node until it is told to stop."""
    configure_logging(settings)
    uvloop.run(serve(settings, listeners))


async def serve(settings: Settings, listeners: Listeners) -> None:
    """Runs a node within the current loop until SIGTERM or SIGINT.

    Raises:
        IntensityReached: Where a part of the application failed too often.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await migrate(settings.database_url)
    node = Node(settings, listeners)
    running = asyncio.create_task(node.supervisor.run())
    stopping = asyncio.create_task(stopped.wait())
    try:
        await node.sockets.listen(listeners.sockets)
        _log.info("node_started")
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await node.sockets.drain(DRAIN_S)
    finally:
        stopping.cancel()
        running.cancel()
        results = await asyncio.gather(running, return_exceptions=True)
        await node.close()
    _log.info("node_stopped")
    failures = [result for result in results if isinstance(result, IntensityReached)]
    if failures:
        raise failures[0]


class Node:
    """The parts of a node, and the tree that runs them."""

    def __init__(self, settings: Settings, listeners: Listeners) -> None:
        """Puts the parts together; `supervisor.run` starts them."""
        metrics = CollectorRegistry()
        self._store = SessionStore.open(settings.database_url)
        self._client = redis.asyncio.Redis.from_url(settings.redis_url)
        live = LiveState(self._client)
        self._link = RedisLink(settings.redis_url, connected=self._redis_is_back)
        self.writer = LivePositionWriter(self._link)
        clock = AdaptiveClock(settings.window_ms)
        loads = ColdLoads(self._store.take_over, live, without_positions=True)
        here = Surroundings(self._store, live, self.writer, clock, settings.limits, loads)
        self.registry = Registry(here)
        self.backend = MonolithBackend(here, self.registry)
        signer = TokenSigner(settings.secrets)
        self.sockets = SocketServer(
            self.backend, signer, settings.public_url, SocketMetrics(metrics), settings.trusted_proxies
        )
        api = Api(
            settings=settings,
            sessions=Sessions(self._store, self.backend, settings.limits, settings.secrets),
            backend=self.backend,
            signer=signer,
            limiter=FailureLimiter(self._client, settings.secrets[0]),
        )
        watchdog = StallWatchdog()
        node_metrics = NodeMetrics(metrics, self.registry, clock, watchdog)
        # The process tree. Children start in this order and stop in reverse; each fails and is started again alone.
        self.supervisor = Supervisor(
            "application",
            [
                Child("redis_link", self._link.run, about="one pipelined connection to Redis, for writes"),
                Child("position_writer", self.writer.run, about="writes gathered positions five times a second"),
                Child("clock", clock.run, about="watches the loop's lag, widens the flush window"),
                Child("stall_watchdog", watchdog.run, about="a thread that says where a blocked loop hangs"),
                Child("sessions", self.registry.run, about="the dynamic supervisor: one process for each session"),
                Child("sockets", self.sockets.run, about="closes connections that never joined or went silent"),
                Child(
                    "upkeep",
                    lambda: keep_up(self.backend, settings.purge_after_s),
                    about="ends sessions whose time is over, deletes what ended",
                ),
                Child("node_metrics", node_metrics.run, about="measures what nothing counts by itself"),
                Child(
                    "http", lambda: serve_http(create_app(api, metrics), listeners.http), about="the public HTTP API"
                ),
                Child(
                    "internal",
                    lambda: serve_internal(
                        listeners.internal, self.backend, metrics, inspection_routes(self.inspector)
                    ),
                    about="health, metrics, inspection",
                ),
            ],
        )
        self.inspector = Inspector(self.supervisor, self.registry, clock, watchdog)

    async def close(self) -> None:
        """Writes what waits, and closes the connections to the servers."""
        self.writer.flush()
        await self._store.close()
        await self._client.aclose()

    def _redis_is_back(self) -> None:
        """Redis is there (again): it may know nothing of the positions that are here."""
        self.writer.connected()
        self.registry.rewrite()
