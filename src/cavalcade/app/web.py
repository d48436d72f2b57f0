"""The app in browsers: an ASGI application whose Python runs on the server, one `Shell` for each open page."""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import flet as ft
import flet_web.fastapi as flet_fastapi
import msgpack
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cavalcade import strings
from cavalcade.app.main import ASSETS, make_main
from cavalcade.app.map.ground import Tiles
from cavalcade.app.shell import BROWSER_LANGUAGES, AppOptions

SESSION_TIMEOUT_S: Final = 1
"""How long Flet keeps the memory of a page that is away; what the page does has ended by then, see `shell`."""

CLOSING_S: Final = 2.0
"""What Flet does about a socket may take so long once the socket is gone."""

AROUND: Final = Path(__file__).parent / "around.js"
_REGISTERS: Final = b"\x00\x92\x01"
"""How the message begins that names a page: a frame that is no raw data, two parts, and the action 1."""

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
        if scope["type"] in {"http", "websocket"}:
            scope = {**scope, "root_path": self._root}
        if scope["type"] == "websocket":
            BROWSER_LANGUAGES.set(languages(Headers(scope=scope).get("accept-language", "")))
            await serve_socket(self._inner, scope, receive, send)
        else:
            await self._inner(scope, receive, send)


async def serve_socket(inner: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serves one socket so that Flet notices its end whenever that comes.

    Flet 1.0.5 never ends a session whose socket closed while a message was being sent, nor what serves a socket that
    closed before it named its session. And each socket gets a session of its own: what an earlier one had is kept in
    the browser, and a page that Flet gives a second time does not show its sheets.
    """
    gone = asyncio.Event()

    async def receiving() -> Message:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            gone.set()
        elif (data := message.get("bytes")) is not None:
            message["bytes"] = without_session(data)
        return message

    async def sending(message: Message) -> None:
        # What is sent to nobody is no error: the end is told by `receiving`.
        with contextlib.suppress(OSError, RuntimeError):
            await send(message)

    async def served() -> None:
        await inner(scope, receiving, sending)

    serving = asyncio.create_task(served())
    waiting = asyncio.create_task(gone.wait())
    try:
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({serving}, timeout=CLOSING_S)
    finally:
        waiting.cancel()
        if serving.done():
            serving.result()
        else:
            serving.cancel()


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
                body = body.replace(b"<head>", b"<head>\n<script>" + around(Headers(scope=scope)) + b"</script>", 1)
                headers = MutableHeaders(scope=started)
                headers["Content-Length"] = str(len(body))
                headers["Vary"] = "Accept-Language"
                del headers["etag"], headers["last-modified"]
                headers["Content-Security-Policy"] = policy(body, self._tiles)
                await send(started)
                await send({"type": "http.response.body", "body": body})

        await self._inner(scope, receive, sending)


def without_session(frame: bytes) -> bytes:
    """A page's first message without the session that it had before; any other as it is."""
    if not frame.startswith(_REGISTERS):
        return frame
    action, body = msgpack.unpackb(frame[1:])
    return frame[:1] + bytes(msgpack.packb([action, {**body, "session_id": ""}]))


def around(headers: Headers) -> bytes:
    """The script around the app: Flet draws nothing while the server is away."""
    words = strings.words(strings.choose(languages(headers.get("accept-language", ""))))
    said = {"title": words.say("connection.lost"), "hint": words.say("app.connection.frozen")}
    return AROUND.read_text("utf-8").replace('"WORDS"', json.dumps(said).replace("<", "\\u003c")).encode()


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
