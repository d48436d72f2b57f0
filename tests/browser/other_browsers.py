"""Firefox by WebDriver BiDi and WebKitGTK by WebDriver: as much of either as a smoke test needs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx
from websockets.asyncio.client import ClientConnection, connect

from testbed.installations.installation import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

WITHIN_S = 60
_LOOK_S = 0.1

# Firefox takes its position from this in the place of a service that knows networks.
_FIREFOX_SETTINGS = """\
user_pref("geo.provider.network.url", 'data:application/json,{"location":{"lat":60.17,"lng":24.94},"accuracy":6}');
user_pref("geo.provider.testing", true);
user_pref("permissions.default.geo", 1);
user_pref("intl.accept_languages", "en-IE");
"""


class Driven(Protocol):
    """A browser with one page."""

    async def open(self, address: str) -> None:
        """Opens an address and waits until it is loaded."""

    async def value(self, expression: str) -> object:
        """What a JavaScript expression comes to in the page."""


async def until(browser: Driven, expression: str) -> None:
    """Waits until an expression is true in the page."""
    await _until(lambda: browser.value(f"Boolean({expression})"))


async def _until(happens: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await happens():  # noqa: ASYNC110 - another program's state can only be looked at
            await asyncio.sleep(_LOOK_S)


def missing(name: str) -> str | None:
    """What must be installed for a browser, as a Debian package; None where it is there."""
    if name == "firefox":
        return None if _firefox() else "firefox-esr"
    if not (shutil.which("WebKitWebDriver") and _mini_browser()):
        return "webkit2gtk-driver"
    return None if os.environ.get("DISPLAY") or shutil.which("Xvfb") else "xvfb"


@contextlib.asynccontextmanager
async def opened(name: str) -> AsyncIterator[Driven]:
    """The browser of this name, ended again."""
    opens = _opened_firefox if name == "firefox" else _opened_webkit
    async with opens() as browser:
        yield browser


def _firefox() -> str | None:
    return shutil.which("firefox-esr") or shutil.which("firefox")


def _mini_browser() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), reverse=True)), None)


@contextlib.asynccontextmanager
async def _program(*command: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


class _Firefox:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0
        self._page = ""

    async def begin(self) -> None:
        await self._call("session.new", {"capabilities": {}})
        tree = await self._call("browsingContext.getTree", {})
        self._page = tree["contexts"][0]["context"]

    async def open(self, address: str) -> None:
        await self._call("browsingContext.navigate", {"context": self._page, "url": address, "wait": "complete"})

    async def value(self, expression: str) -> object:
        target = {"context": self._page}
        answer = await self._call("script.evaluate", {"expression": expression, "target": target, "awaitPromise": True})
        return answer.get("result", {}).get("value")

    async def _call(self, method: str, params: dict[str, object]) -> dict[str, Any]:
        self._number += 1
        await self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        async with asyncio.timeout(WITHIN_S):
            while True:
                answer = json.loads(await self._socket.recv())
                if answer.get("id") == self._number:
                    assert answer["type"] == "success", answer
                    result: dict[str, Any] = answer["result"]
                    return result


@contextlib.asynccontextmanager
async def _opened_firefox() -> AsyncIterator[Driven]:
    with tempfile.TemporaryDirectory(prefix="cavalcade-firefox-", ignore_cleanup_errors=True) as profile:
        (Path(profile) / "user.js").write_text(_FIREFOX_SETTINGS)
        port = free_port()
        program = _firefox()
        assert program
        command = (program, "--headless", "--no-remote", "--profile", profile, f"--remote-debugging-port={port}")
        async with _program(*command, "about:blank") as process:
            assert process.stdout
            async with asyncio.timeout(WITHIN_S):
                while b"BiDi listening" not in (line := await process.stdout.readline()):
                    assert line, "Firefox ended"
            async with connect(f"ws://127.0.0.1:{port}/session", max_size=None, proxy=None) as socket:
                browser = _Firefox(socket)
                await browser.begin()
                yield browser


class _WebKit:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._session = ""

    async def begin(self) -> None:
        options = {"binary": str(_mini_browser()), "args": ["--automation"]}
        answer = await self._post("/session", {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}})
        assert isinstance(answer, dict)
        self._session = f"/session/{answer['sessionId']}"

    async def end(self) -> None:
        await self._client.delete(self._session)

    async def open(self, address: str) -> None:
        await self._post(f"{self._session}/url", {"url": address})

    async def value(self, expression: str) -> object:
        return await self._post(f"{self._session}/execute/sync", {"script": f"return {expression}", "args": []})

    async def _post(self, path: str, body: dict[str, object]) -> object:
        answer = await self._client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]


@contextlib.asynccontextmanager
async def _opened_webkit() -> AsyncIterator[Driven]:
    port = free_port()
    async with contextlib.AsyncExitStack() as running:
        environment = {"LIBGL_ALWAYS_SOFTWARE": "1"}
        if not os.environ.get("DISPLAY"):
            screen = await running.enter_async_context(
                _program("Xvfb", "-displayfd", "1", "-screen", "0", "1280x900x24")
            )
            assert screen.stdout
            environment["DISPLAY"] = f":{(await screen.stdout.readline()).decode().strip()}"
        driver = ("WebKitWebDriver", f"--port={port}", "--host=127.0.0.1")
        await running.enter_async_context(_program(*driver, **environment))
        client = await running.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=WITHIN_S, trust_env=False)
        )
        await _until(lambda: _answers(client))
        browser = _WebKit(client)
        await browser.begin()
        yield browser
        await browser.end()


async def _answers(client: httpx.AsyncClient) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await client.get("/status")).status_code == 200
    return False
