"""What every request goes through: it is counted, it leaves one line in the log, and its answer is not cached."""

import time
from typing import Final

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from cavalcade.server.http.http_metrics import UNMATCHED, HttpMetrics

_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked all day long by machines; logged for debugging alone."""

_log = structlog.get_logger(__name__)


def observed(app: ASGIApp, metrics: HttpMetrics | None = None) -> ASGIApp:
    """Wraps an application, outside of its own handling of errors.

    Args:
        app: A Litestar application.
        metrics: Where its answers are counted, if anywhere.
    """

    async def observe(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableScopeHeaders(message)
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("X-Content-Type-Options", "nosniff")
            await send(message)

        try:
            await app(scope, receive, note)
        finally:
            _note_answer(scope, status, time.perf_counter() - started, metrics)

    return observe


def _note_answer(scope: HTTPScope, status: int, seconds: float, metrics: HttpMetrics | None) -> None:
    # The template is set by Litestar's router; the path itself could hold anything.
    route = str(scope.get("path_template") or UNMATCHED)
    if metrics is not None:
        metrics.answered(scope["method"], route, status, seconds)
    note = _log.debug if route in _QUIET else _log.info
    note("request", method=scope["method"][:16], route=route, status=status, ms=round(seconds * 1000, 1))
