"""The API as an ASGI application."""

from collections.abc import Awaitable, Callable
from typing import Final

from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp
from prometheus_client import CollectorRegistry

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.server.access.origins import allowed_origins, is_of_another_site
from cavalcade.server.api.context import Api
from cavalcade.server.api.handlers import HANDLERS
from cavalcade.server.api.health import healthz, readyz
from cavalcade.server.api.openapi import document
from cavalcade.server.api.pages import documentation_handlers
from cavalcade.server.api.requests import MAX_BODY, AnyRequest
from cavalcade.server.http.access_log import observed
from cavalcade.server.http.http_metrics import HttpMetrics
from cavalcade.server.http.problems import EXCEPTION_HANDLERS

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


def create_app(api: Api, registry: CollectorRegistry) -> ASGIApp:
    """Makes the application of an API server, or of a node that answers HTTP as well.

    Args:
        api: What the calls work with.
        registry: Where answers are counted.
    """
    calls = [*HANDLERS, healthz, readyz]
    litestar = Litestar(
        [*calls, *documentation_handlers(document(calls, api.settings.public_url))],
        dependencies={
            "api": Provide(lambda: api, sync_to_thread=False),
            "backend": Provide(lambda: api.backend, sync_to_thread=False),
        },
        before_request=_refuse_other_sites(allowed_origins(api.settings.public_url)),
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY,
        openapi_config=None,  # `openapi.document` says more: every problem, and bodies that Litestar does not validate
        logging_config=None,
        debug=False,
    )
    return observed(litestar, HttpMetrics(registry))


def _refuse_other_sites(origins: frozenset[str]) -> Callable[[AnyRequest], Awaitable[None]]:
    """What no other site's page may do is change something: its form, or a call without a body, is sent unasked."""

    async def refuse(request: AnyRequest) -> None:
        if request.method not in _SAFE and is_of_another_site(request.headers, origins):
            raise Rejected(ErrorCode.FORBIDDEN, "A page of another site may not do this.")

    return refuse
