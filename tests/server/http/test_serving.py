"""uvicorn inside our loop: where it listens, who may connect, and how it stops."""

import asyncio
import contextlib
import signal
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar, get

from cavalcade.server.http.serving import bind, serve_http
from testbed.installations.installation import free_port


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cavalcade-") as name:
        yield Path(name)


async def first_answer(client: httpx.AsyncClient, path: str) -> httpx.Response:
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(httpx.ConnectError):
                return await client.get(path)


def slow_app(asked: asyncio.Event, go_on: asyncio.Event) -> Litestar:
    @get("/slow")
    async def slow() -> str:
        asked.set()
        await go_on.wait()
        return "done"

    @get("/fast")
    async def fast() -> str:
        return "here"

    return Litestar([slow, fast], openapi_config=None)


async def test_listens_on_tcp() -> None:
    port = free_port()
    app = slow_app(asyncio.Event(), asyncio.Event())
    serving = asyncio.create_task(serve_http(app, f"127.0.0.1:{port}"))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await first_answer(client, "/fast")).text == "here"
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", port)) != 0


async def test_a_unix_socket_is_its_owners_alone_and_replaces_an_old_one(folder: Path) -> None:
    path = folder / "api.sock"
    bind(f"unix:{path}").close()
    listening = bind(f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listening.close()


def test_an_address_in_use_is_an_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            bind(f"127.0.0.1:{other.getsockname()[1]}")


async def test_lets_requests_finish_and_leaves_signals_alone(folder: Path) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    before = signal.getsignal(signal.SIGTERM)
    path = folder / "api.sock"
    serving = asyncio.create_task(serve_http(slow_app(asked, go_on), f"unix:{path}"))
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://api") as client:
        await first_answer(client, "/fast")
        assert signal.getsignal(signal.SIGTERM) == before
        slow = asyncio.create_task(client.get("/slow"))
        await asked.wait()
        serving.cancel()
        go_on.set()
        assert (await slow).text == "done"
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_cancelled_twice_it_leaves_nothing_that_the_next_one_could_be_taken_for(folder: Path) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    first, second = folder / "first.sock", folder / "second.sock"
    serving = asyncio.create_task(serve_http(slow_app(asked, go_on), f"unix:{first}"))
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(first)), base_url="http://api") as client:
        await first_answer(client, "/fast")
        slow = asyncio.create_task(client.get("/slow"))
        await asked.wait()
        serving.cancel()
        await asyncio.sleep(0)  # it waits for the request now
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        next_one = asyncio.create_task(serve_http(slow_app(asked, go_on), f"unix:{second}"))
        # The loop knows sockets by their numbers, and this one has the other's.
        transport = httpx.AsyncHTTPTransport(uds=str(second))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as another:
            assert (await first_answer(another, "/fast")).status_code == httpx.codes.OK
        go_on.set()
        await slow
    next_one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await next_one
