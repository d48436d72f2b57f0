"""`cavalcade api`: the process that answers HTTP in route 1. It keeps nothing; any number of them may run."""

import asyncio

import redis.asyncio
import structlog
import uvloop

from cavalcade.server.api.application import create_app
from cavalcade.server.api.context import Api
from cavalcade.server.api.internal import create_internal_app
from cavalcade.server.http.http_metrics import new_registry
from cavalcade.server.http.serving import serve_http
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.server.live_storage.refusals import Refusals
from cavalcade.server.processes.clock import TIME_OF_DAY
from cavalcade.server.processes.logs import configure_logging
from cavalcade.server.processes.open_file_metrics import OpenFileMetrics
from cavalcade.server.processes.stopping import told_to_stop
from cavalcade.services.backend import ServicesBackend
from cavalcade.settings import Settings
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore

_log = structlog.get_logger(__name__)


def run(settings: Settings, listen: str, internal: str) -> None:
    """Runs an API server until it is told to stop.

    Args:
        settings: What the environment says.
        listen: `unix:/path` or `HOST:PORT` for the API; behind the load balancer.
        internal: `unix:/path` or `HOST:PORT` for health and metrics.
    """
    configure_logging(settings)
    uvloop.run(serve(settings, listen, internal))


async def serve(settings: Settings, listen: str, internal: str) -> None:
    """Runs an API server within the current loop until SIGTERM or SIGINT."""
    stopped = told_to_stop()
    await migrate(settings.database_url)
    registry = new_registry()
    store = SessionStore.open(settings.database_url)
    client = redis.asyncio.Redis.from_url(settings.redis_url)
    refusals = Refusals(registry)
    link = RedisLink(
        settings.redis_url,
        connected=lambda: writer.connected(),  # noqa: PLW0108 - made below
        refusals=refusals,
    )
    writer = LivePositionWriter(link)
    backend = ServicesBackend(store, LiveState(client, refusals), writer, settings.limits)
    api = Api.over(settings, store, backend, link)
    async with asyncio.TaskGroup() as group:
        work = (link.run(), writer.run(), TIME_OF_DAY.watch(), OpenFileMetrics(registry).run())
        background = [group.create_task(task) for task in work]
        listeners = [
            group.create_task(serve_http(create_app(api, registry), listen)),
            group.create_task(serve_http(create_internal_app(backend, registry), internal)),
        ]
        _log.info("api_server_started", listen=listen)
        await stopped.wait()
        for task in listeners:
            task.cancel()
        # The last requests still have something to publish.
        await asyncio.wait(listeners)
        writer.flush()
        for task in background:
            task.cancel()
    await store.close()
    await client.aclose()
    _log.info("api_server_stopped")
