"""The app in browsers: an ASGI application whose Python runs on the server, one `Shell` for each open page."""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Any, Final

import flet as ft
import flet_web.fastapi as flet_fastapi
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cavalcade.app.main import ASSETS, make_main
from cavalcade.app.map.ground import Tiles
from cavalcade.app.shell import BROWSER_LANGUAGES, AppOptions

SESSION_TIMEOUT_S: Final = 30
"""How long a page that lost its connection may take to come back to the same session of the app."""

_SCRIPT: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def application(options: AppOptions, base_path: str = "/", *, compresses: bool = True) -> ASGIApp:
    """The ASGI application.

    Args:
        options: How the app is set up.
        base_path: Where it is served, such as `/app/`; the proxy in front passes the path on unchanged.
        compresses: False where the proxy in front does: Flet does not, and its first load has 14 MB without.
    """
    inner: ASGIApp = flet_fastapi.app(
        make_main(options),
        assets_dir=str(ASSETS),
        app_name="Cavalcade",
        app_short_name="Cavalcade",
        app_description="Real-time location sharing for groups, in a private, temporary session",
        # What follows the # stays in the browser and its socket: a link's secret reaches no access log.
        route_url_strategy=ft.RouteUrlStrategy.HASH,
        no_cdn=True,
        session_timeout_seconds=SESSION_TIMEOUT_S,
    )
    served = _Mounted(inner, base_path.rstrip("/"))
    app = _Headers(served, options.tiles)
    return GZipMiddleware(app, minimum_size=1_000, compresslevel=5) if compresses else app


class _Mounted:
    """Serves an application below a path, which it is told of as ASGI says: Flet writes it into its page."""

    def __init__(self, inner: ASGIApp, root: str) -> None:
        self._inner = inner
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            BROWSER_LANGUAGES.set(languages(Headers(scope=scope).get("accept-language", "")))
        if scope["type"] in {"http", "websocket"}:
            scope = {**scope, "root_path": self._root}
        await self._inner(scope, receive, send)


class _Headers:
    """Says what the page may load, and lets browsers keep what does not change."""

    def __init__(self, inner: ASGIApp, tiles: Tiles) -> None:
        self._inner = inner
        self._tiles = tiles

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started: Message | None = None
        body = b""
        is_page = False

        async def sending(message: Message) -> None:
            nonlocal started, body, is_page
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                # Flet lets every site read it; nobody needs to.
                del headers["access-control-allow-origin"]
                headers["Cache-Control"] = "no-cache" if is_page else "public, max-age=3600"
                # Tile servers ask to be told which site asks; the path says nothing.
                headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
                # Map tiles come without the header that isolation would ask of them.
                del headers["cross-origin-embedder-policy"]
                started = message
                if not is_page:
                    await send(message)
                return
            if not is_page or started is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                MutableHeaders(scope=started)["Content-Security-Policy"] = policy(body, self._tiles)
                await send(started)
                await send({"type": "http.response.body", "body": body})

        await self._inner(scope, receive, sending)


def languages(accepted: str) -> tuple[str, ...]:
    """The tags of an Accept-Language, which browsers send with the dearest first."""
    return tuple(tag for part in accepted.split(",")[:20] if (tag := part.partition(";")[0].strip()))


def policy(page: bytes, tiles: Tiles) -> str:
    """The Content-Security-Policy for Flet's page: its own inline scripts by their hashes, and the tiles' server."""
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in _SCRIPT.findall(page)
    ]
    tile_origin = "/".join(tiles.url.split("/", 3)[:3]).replace("{s}", "*")
    directives: Sequence[tuple[str, Any]] = [
        ("default-src", "'self'"),
        ("script-src", f"'self' 'wasm-unsafe-eval' {' '.join(hashes)}"),
        ("connect-src", f"'self' ws: wss: blob: data: {tile_origin}"),
        ("worker-src", "'self' blob:"),
        ("img-src", f"'self' data: blob: {tile_origin}"),
        ("font-src", "'self' data:"),
        ("style-src", "'self' 'unsafe-inline'"),
        ("object-src", "'none'"),
        ("form-action", "'none'"),
        ("frame-ancestors", "'none'"),
    ]
    return "; ".join(f"{name} {sources}" for name, sources in directives)
