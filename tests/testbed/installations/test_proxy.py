"""What each condition of the wire looks like from both of its ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from testbed.installations.proxy import Proxy

PATIENCE_S = 5.0
MOMENT_S = 0.1


class Echo:
    """A server that sends back what it gets, and remembers who is connected."""

    def __init__(self) -> None:
        self.writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        self.writers.discard(writer)
        writer.close()


@pytest.fixture
async def echo(server_directory: Path) -> AsyncIterator[Echo]:
    served = Echo()
    server = await asyncio.start_unix_server(served.serve, server_directory / "echo.sock")
    yield served
    server.close()


@pytest.fixture
async def wire(server_directory: Path, echo: Echo) -> AsyncIterator[Proxy]:
    assert echo
    async with Proxy(server_directory / "echo.sock") as opened:
        yield opened


class End:
    """The client's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readexactly(count)

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(MOMENT_S):
                await self.reader.read(1)

    async def hears_the_end(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(PATIENCE_S):
                assert await self.reader.read(1) == b""


Dial = Callable[[], Awaitable[End]]


@pytest.fixture
async def dial(wire: Proxy) -> AsyncIterator[Dial]:
    """Opens a connection over the wire, and says something."""
    ends: list[End] = []

    async def connect() -> End:
        ends.append(End(*await asyncio.open_connection("127.0.0.1", wire.port)))
        await ends[-1].says(b"ping")
        return ends[-1]

    yield connect
    for end in ends:
        end.writer.transport.abort()


async def test_a_whole_wire_carries_both_ways_and_ends_with_either_side(dial: Dial, echo: Echo) -> None:
    end = await dial()
    assert await end.hears(4) == b"ping"
    (writer,) = echo.writers
    writer.close()
    await end.hears_the_end()
    end.writer.close()


async def test_a_cut_wire_breaks_what_is_there_and_what_comes(dial: Dial, wire: Proxy) -> None:
    end = await dial()
    assert await end.hears(4) == b"ping"
    wire.cut()
    await end.hears_the_end()
    with contextlib.suppress(ConnectionError):
        await (await dial()).hears_the_end()
    wire.mend()
    assert await (await dial()).hears(4) == b"ping"


async def test_a_frozen_wire_passes_everything_on_later(dial: Dial, wire: Proxy) -> None:
    end = await dial()
    assert await end.hears(4) == b"ping"
    wire.freeze()
    await end.says(b"late")
    new = await dial()
    await end.hears_nothing()
    await new.hears_nothing()
    wire.mend()
    assert await end.hears(4) == b"late"
    assert await new.hears(4) == b"ping"


async def test_a_silenced_connection_is_dead_without_a_word_and_new_ones_live(
    dial: Dial, wire: Proxy, echo: Echo
) -> None:
    end = await dial()
    assert await end.hears(4) == b"ping"
    wire.silence()
    await end.says(b"well?")
    await end.hears_nothing()
    new = await dial()
    assert await new.hears(4) == b"ping"
    end.writer.close()
    await new.says(b"more")
    assert await new.hears(4) == b"more"
    assert len(echo.writers) == 2  # the server has not been told


async def test_a_slow_wire_lags_and_is_narrow(dial: Dial, wire: Proxy) -> None:
    end = await dial()
    assert await end.hears(4) == b"ping"
    loop = asyncio.get_running_loop()
    begun = loop.time()
    wire.slow(delay_s=0.2)
    await end.says(b"there and back")
    await end.hears(14)
    assert loop.time() - begun >= 0.4
    begun = loop.time()
    wire.slow(bytes_per_s=10_000)
    await end.says(bytes(3_000))
    await end.hears(3_000)
    assert loop.time() - begun >= 0.2
    wire.mend()
