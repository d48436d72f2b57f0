"""What bounds an HTTP connection at the process itself, where no Caddy stands in front."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog.testing
from litestar import Litestar, get, post

from cavalcade.server.api.requests import AnyRequest
from cavalcade.server.http import http_connection
from cavalcade.server.http.http_connection import MAX_HEAD, MAX_PIPELINED
from cavalcade.server.http.serving import serve_http

LARGE = 4 * 1024 * 1024
HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\n"


@dataclass
class Served:
    """An application on a Unix socket, and what its handlers saw."""

    path: str
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    failed: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """One connection."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        yield reader, writer
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def ask(self, sent: bytes) -> bytes:
        """Sends these bytes and returns all that comes until the server closes."""
        async with self.connected() as (reader, writer):
            writer.write(sent)
            return await all_of(reader)


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server closes, however it does."""
    received = bytearray()
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            while data := await reader.read(65_536):
                received += data
    return bytes(received)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    with tempfile.TemporaryDirectory(prefix="cavalcade-") as folder:
        running = Served(f"{folder}/http.sock")

        @post("/echo")
        async def echo(request: AnyRequest) -> bytes:
            running.begun.set()
            try:
                return await request.body()
            finally:
                running.failed.set()

        @get("/slow")
        async def slow() -> str:
            running.begun.set()
            await running.go_on.wait()
            return "done"

        @get("/large")
        async def large() -> bytes:
            return bytes(LARGE)

        app = Litestar([echo, slow, large], openapi_config=None)
        serving = asyncio.create_task(serve_http(app, f"unix:{running.path}"))
        while not Path(running.path).exists():  # noqa: ASYNC110, ASYNC240 - nothing tells of it
            await asyncio.sleep(0.01)
        yield running
        running.go_on.set()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


@pytest.mark.parametrize("sent", [b"P", b"POST /ec", HEAD, HEAD + b"X: " + b"y" * 100], ids=len)
async def test_a_head_that_does_not_end_is_given_up(
    served: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(http_connection, "HEAD_S", 0.1)
    assert (await served.ask(sent)).startswith(b"HTTP/1.1 408 ")


async def test_a_byte_at_a_time_does_not_help(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "HEAD_S", 0.2)
    async with served.connected() as (reader, writer):
        reading = asyncio.create_task(all_of(reader))
        for byte in HEAD * 10:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.01)
            if reading.done():
                break
        assert reading.done()
        # Bytes that came in after the end may have taken the answer away with them.
        assert not (answer := await reading) or answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_does_not_end_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "BODY_S", 0.1)
    answer = await served.ask(HEAD + b"Content-Length: 100\r\n\r\nhalf")
    assert answer.startswith(b"HTTP/1.1 408 ")
    await asyncio.wait_for(served.failed.wait(), 5)


@pytest.mark.parametrize(
    "encodings",
    [
        *([b"gzip"], [b"gzip, chunked"], [b"chunked, gzip"], [b"chunked, chunked"], [b"identity"], [b"xchunked"]),
        *([b"\x0bchunked"], [b"chunked;a=b"], [b"chunked", b"gzip"], [b"gzip", b"chunked"], [b"chunked", b"chunked"]),
    ],
)
async def test_a_transfer_encoding_but_chunked_is_refused(served: Served, encodings: list[bytes]) -> None:
    lines = b"".join(b"Transfer-Encoding: " + each + b"\r\n" for each in encodings)
    answer = await served.ask(HEAD + lines + b"\r\n2\r\n{}\r\n0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nContent-Type: application/problem+json" in head
    assert (problem := json.loads(body))["code"] == "invalid_request"
    assert problem["status"] == 400
    assert not served.begun.is_set()


async def test_chunks_are_understood(served: Served) -> None:
    head = HEAD + b"Connection: close\r\nTransfer-Encoding: Chunked\r\n\r\n"
    answer = await served.ask(head + b"2\r\n{}\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert answer.endswith(b"{}")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * (MAX_HEAD + 1),
        b"GET / HTTP/1.1\r\nX: " + b"y" * (MAX_HEAD + 1),
        b"GET /slow HTTP/1.1\r\n" + b"A: b\r\n" * MAX_HEAD + b"\r\n",
    ],
    ids=["target", "value", "many"],
)
async def test_a_head_has_a_bound_whether_it_ends_or_not(served: Served, head: bytes) -> None:
    assert (await served.ask(head)).startswith(b"HTTP/1.1 431 ")
    assert not served.begun.is_set()


async def test_few_requests_wait_on_one_connection(served: Served) -> None:
    request = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
    assert (await served.ask(request * (MAX_PIPELINED + 2))).startswith(b"HTTP/1.1 429 ")


async def test_as_many_as_may_wait_are_answered_in_order(served: Served) -> None:
    served.go_on.set()
    request = b"GET /slow HTTP/1.1\r\nHost: x\r\n"
    answers = await served.ask((request + b"\r\n") * MAX_PIPELINED + request + b"Connection: close\r\n\r\n")
    assert answers.count(b"HTTP/1.1 200 ") == MAX_PIPELINED + 1


async def test_who_does_not_read_an_answer_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "READ_S", 0.1)
    async with served.connected() as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads has it
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.5)  # a client that does not read is told of nothing
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await all_of(reader)) < LARGE


async def test_an_answer_to_somebody_who_went_is_no_error(served: Served) -> None:
    with structlog.testing.capture_logs() as logs:
        async with served.connected() as (_, writer):
            # The second request is none: the connection is closed while the first is being answered.
            writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nNONSENSE\x00\r\n\r\n")
            await served.begun.wait()
            served.go_on.set()
        assert b"200" in await served.ask(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert logs == []


async def test_an_idle_connection_is_left_alone(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies open connections ahead, and keep them between requests."""
    monkeypatch.setattr(http_connection, "HEAD_S", 0.05)
    monkeypatch.setattr(http_connection, "BODY_S", 0.05)
    served.go_on.set()
    async with served.connected() as (reader, writer):
        for _ in range(2):
            await asyncio.sleep(0.2)
            writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"done")).startswith(b"HTTP/1.1 200 ")
