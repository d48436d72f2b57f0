"""The documentation for people: one page with its script and style, all from this server."""

from importlib.resources import files
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from cavalcade.server.http import problems

_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def documentation_handlers(document: dict[str, Any]) -> list[HTTPRouteHandler]:
    """What serves `/api/openapi.json` and `/api/docs`.

    Args:
        document: The OpenAPI document.
    """
    kinds = [{"code": str(k.code), "status": int(k.status), "title": k.title} for k in problems.KINDS.values()]
    encoded = msgspec.json.encode({**document, "x-problems": kinds})
    folder = files(__package__) / "docs"

    @get("/api/openapi.json")
    async def openapi() -> Response[bytes]:
        return Response(encoded, headers={"Content-Type": "application/json"})

    return [
        openapi,
        _file("/api/docs", (folder / "index.html").read_bytes(), "text/html; charset=utf-8"),
        _file("/api/docs/docs.js", (folder / "docs.js").read_bytes(), "text/javascript; charset=utf-8"),
        _file("/api/docs/docs.css", (folder / "docs.css").read_bytes(), "text/css; charset=utf-8"),
    ]


def _file(path: str, content: bytes, media_type: str) -> HTTPRouteHandler:
    @get(path)
    async def serve() -> Response[bytes]:
        return Response(
            content, headers={"Content-Type": media_type, "Content-Security-Policy": _CONTENT_SECURITY_POLICY}
        )

    return serve
