"""The internal listener of each process: health for the program that starts it, metrics for Prometheus."""

from collections.abc import Sequence

from litestar import Litestar, Response, get
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from cavalcade.server.api.health import healthz, readyz, what_is_missing
from cavalcade.server.http.access_log import observed
from cavalcade.server.http.problems import EXCEPTION_HANDLERS
from cavalcade.server.sessions.backend import Backend


def create_internal_app(
    backend: Backend, registry: CollectorRegistry, more: Sequence[HTTPRouteHandler] = ()
) -> ASGIApp:
    """Answers `/healthz`, `/readyz` and `/metrics`, for an address that is not open to the outside.

    Args:
        backend: Says what is missing.
        registry: What is measured.
        more: What else the process shows.
    """
    ready = Gauge("cavalcade_ready", "Whether PostgreSQL and Redis answer.", registry=registry)

    @get("/metrics")
    async def metrics() -> Response[bytes]:
        ready.set(await what_is_missing(backend) is None)
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return observed(
        Litestar(
            [healthz, readyz, metrics, *more],
            dependencies={"backend": Provide(lambda: backend, sync_to_thread=False)},
            exception_handlers=EXCEPTION_HANDLERS,
            openapi_config=None,
            logging_config=None,
            debug=False,
        )
    )
