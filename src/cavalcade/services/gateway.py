"""`cavalcade gateway`: the process that holds the WebSocket connections of route 1."""

import asyncio

import redis.asyncio
import structlog
import uvloop

from cavalcade.server.access.rate_limits import RateLimits
from cavalcade.server.access.tokens import TokenSigner
from cavalcade.server.api.internal import create_internal_app
from cavalcade.server.http.http_metrics import new_registry
from cavalcade.server.http.serving import serve_http
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.live_storage.refusals import Refusals
from cavalcade.server.processes.clock import TIME_OF_DAY, AdaptiveClock
from cavalcade.server.processes.logs import configure_logging
from cavalcade.server.processes.open_file_metrics import OpenFileMetrics
from cavalcade.server.processes.stall_watchdog import StallWatchdog
from cavalcade.server.processes.stopping import told_to_stop
from cavalcade.server.sessions.housekeeping import run_housekeeping
from cavalcade.server.sockets.socket_metrics import SocketMetrics
from cavalcade.server.sockets.socket_server import SocketServer
from cavalcade.services.backend import ServicesBackend
from cavalcade.services.hub import Hub
from cavalcade.settings import Settings
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore

_log = structlog.get_logger(__name__)


def run(settings: Settings, listen: str, internal: str) -> None:
    """Runs a gateway until it is told to stop.

    Args:
        settings: What the environment says.
        listen: `unix:/path` or `HOST:PORT` for WebSockets; behind the load balancer.
        internal: `unix:/path` or `HOST:PORT` for health and metrics.
    """
    configure_logging(settings)
    uvloop.run(serve(settings, listen, internal))


async def serve(settings: Settings, listen: str, internal: str) -> None:
    """Runs a gateway within the current loop until SIGTERM or SIGINT."""
    stopped = told_to_stop()
    await migrate(settings.database_url)
    registry = new_registry()
    metrics = SocketMetrics(registry)
    store = SessionStore.open(settings.database_url)
    client = redis.asyncio.Redis.from_url(settings.redis_url)
    refusals = Refusals(registry)
    live = LiveState(client, refusals)
    clock = AdaptiveClock(settings.window_ms)
    watchdog = StallWatchdog()
    link = RedisLink(settings.redis_url, connected=lambda: _heal(writer, hub), refusals=refusals)
    writer = LivePositionWriter(link, may_write=lambda: hub.pauses.check())  # noqa: PLW0108 - made below
    hub = Hub(store, live, writer, clock, link=link, redis_url=settings.redis_url)
    backend = ServicesBackend(store, live, writer, settings.limits, hub)
    sockets = SocketServer(
        backend,
        TokenSigner(settings.secrets),
        settings.public_url,
        metrics,
        settings.trusted_proxies,
        limits=RateLimits(link, settings.secrets[0], settings.quotas),
        sockets_per_address=settings.quotas.sockets_per_address,
        window_s=settings.window_ms / 1000,
    )
    work = [
        link.run(),
        hub.broker.run(),
        hub.run(),
        hub.pauses.run(),
        hub.presence.lease.run(),
        writer.run(),
        clock.run(),
        TIME_OF_DAY.watch(hub.correct),
        watchdog.run(),
        OpenFileMetrics(registry).run(),
        sockets.run(),
        run_housekeeping(backend, settings.purge_after_s),
        _measure(metrics, hub, clock, watchdog),
        serve_http(create_internal_app(backend, registry), internal),
    ]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(task) for task in work]
        await sockets.listen(listen)
        _log.info("gateway_started", listen=listen, gateway=hub.presence.lease.gateway)
        await stopped.wait()
        await sockets.drain(settings.drain_s)
        writer.flush()
        hub.stop()
        for task in tasks:
            task.cancel()
    await store.close()
    await client.aclose()
    _log.info("gateway_stopped")


def _heal(writer: LivePositionWriter, hub: Hub) -> None:
    """Redis is there (again): it may know nothing of what this gateway has."""
    writer.connected()
    hub.heal()


async def _measure(metrics: SocketMetrics, hub: Hub, clock: AdaptiveClock, watchdog: StallWatchdog) -> None:
    while True:
        await asyncio.sleep(1.0)
        metrics.measure(len(hub.hosted), clock, watchdog)
