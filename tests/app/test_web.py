"""The app as browsers get it: its sessions end with the page, whenever that goes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import msgpack
import pytest
import uvicorn
from starlette.datastructures import Headers
from websockets.asyncio.client import ClientConnection, connect

from cavalcade.app.shell import AppOptions
from cavalcade.app.web import AROUND, application, around, without_session
from cavalcade.strings import LANGUAGES, words

REGISTER = 1
PAGE = {"route": "/", "platform": "linux", "web": True, "width": 390, "height": 844, "pwa": False, "wasm": False}
OF_A_PAGE = ("Shell.", "FletApp.", "MapView.", "Guard.", "Participation.", "_Mounted.")
GONE_WITHIN_S = 40.0
"""Three seconds for a browser that comes back, three for an answer that never comes; the rest is for slow machines."""


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """The port of the app, on a server that nobody answers from."""
    config = uvicorn.Config(
        application(AppOptions("http://127.0.0.1:9")),
        port=0,
        log_config=None,
        lifespan="on",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells of it in no other way
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def register(socket: ClientConnection) -> None:
    body = {"session_id": "", "page_name": "", "page": PAGE}
    await socket.send(b"\0" + msgpack.packb([REGISTER, body]))


async def open_and_close(port: int, random: Random) -> None:
    """A page that is closed after a random time, in one of the ways in which pages are."""
    async with connect(f"ws://127.0.0.1:{port}/ws", max_size=None, open_timeout=60) as socket:
        if random.random() < 0.1:
            return
        await register(socket)
        await asyncio.sleep(random.random() * 0.3)
        if random.random() < 0.5:
            socket.transport.abort()


def at_work() -> list[str]:
    """What runs for pages: the names of their tasks' functions."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return [name for name in names if name.startswith(OF_A_PAGE)]


def test_a_lost_network_is_said_within_ten_seconds() -> None:
    waits = re.search(r"LOOKS_MS = ([\d_]+), QUIET_MS = ([\d_]+), ANSWER_MS = ([\d_]+)", AROUND.read_text())
    assert waits
    assert sum(map(int, waits.groups())) < 10_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_around_the_app_is_in_the_readers_language(language: str) -> None:
    script = around(Headers({"accept-language": language})).decode()
    assert words(language).say("connection.lost") in json.loads(re.findall(r"const words = (.*);", script)[0]).values()


def test_each_connection_begins_with_what_the_browser_keeps() -> None:
    first = b"\0" + msgpack.packb([REGISTER, {"session_id": "before", "page": PAGE}])
    assert msgpack.unpackb(without_session(first)[1:]) == [REGISTER, {"session_id": "", "page": PAGE}]
    later = b"\0" + msgpack.packb([3, {"session_id": "before"}])
    assert without_session(later) == later


@pytest.mark.parametrize("pages", [30, pytest.param(200, marks=pytest.mark.long)])
async def test_a_page_that_is_closed_at_any_moment_leaves_nothing_behind(pages: int) -> None:
    random = Random(pages)
    async with serving() as port:
        for _ in range(pages // 10):
            await asyncio.gather(*(open_and_close(port, random) for _ in range(10)))
        try:
            async with asyncio.timeout(GONE_WITHIN_S):
                while at_work():  # noqa: ASYNC110 - a task that ends tells nobody
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"still at work: {sorted(at_work())}")
