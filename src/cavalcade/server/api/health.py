"""Whether a process runs, and whether it can serve: for load balancers and for people."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from cavalcade import __version__
from cavalcade.domain.errors import Rejected
from cavalcade.server.api import schemas
from cavalcade.server.api.documentation import Documentation
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S, within
from cavalcade.server.sessions.backend import Backend

InjectedBackend = NamedDependency[SkipValidation[Backend]]

MISSING_IN_TIME = "answer in time"
"""What is missing where neither part said that it is away."""


async def what_is_missing(backend: Backend) -> str | None:
    """The part that keeps a process from serving, asked in bounded time; None where there is none."""
    try:
        return await within(REPLY_DEADLINE_S, backend.missing())
    except Rejected:
        return MISSING_IN_TIME


@get(
    "/healthz",
    opt=Documentation(
        "health", "Whether the server runs", "It asks no other server.", 200, response=schemas.Health
    ).opt(),
)
async def healthz(backend: InjectedBackend) -> dict[str, object]:
    """`GET /healthz`."""
    return {"status": "ok", "backend": backend.name, "version": __version__}


@get(
    "/readyz",
    opt=Documentation(
        "readiness",
        "Whether the server can serve",
        "Asks PostgreSQL and Redis.",
        200,
        response=schemas.Ready,
        unready=(503, schemas.NotReady),
    ).opt(),
)
async def readyz(backend: InjectedBackend) -> Response[dict[str, object]]:
    """`GET /readyz`."""
    missing = await what_is_missing(backend)
    if missing is None:
        return Response({"status": "ok"})
    return Response({"status": "unavailable", "missing": missing}, status_code=503, headers={"Retry-After": "1"})
