"""The network between a phone and the server: a SOCKS proxy that can fall silent, as a mobile network does."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import Self

_CHUNK = 65_536


class Wire:
    """Carries everything of one phone. While it is silent, nothing arrives and nothing is refused.

    What was under way arrives late, as resent packets do, unless its connection is cut.
    """

    def __init__(self) -> None:
        self._passing = asyncio.Event()
        self._passing.set()
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    @property
    def proxy(self) -> dict[str, str]:
        """How a browser is told to use it."""
        port = self._server.sockets[0].getsockname()[1]
        return {"server": f"socks5://127.0.0.1:{port}"}

    def fall_silent(self) -> None:
        """Nothing arrives any more, in either direction."""
        self._passing.clear()

    def come_back(self) -> None:
        """Everything arrives again."""
        self._passing.set()

    def cut(self) -> None:
        """Every connection breaks, and what was under way never arrives."""
        for task in self._carrying:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        try:
            # Cutting it ends the task, which is all that is asked for.
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._connect(reader, writer)
        finally:
            await _closed(writer)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # RFC 1928: greeting, then one request to connect.
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = "localhost"
            await reader.readexactly(4 if kind == 1 else 16)
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        await self._passing.wait()
        if host != "localhost":
            # Nobody else's server is asked for anything.
            writer.write(b"\x05\x02\x00\x01" + bytes(6))
            return
        there, here = await asyncio.open_connection(host, port)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        ways = [asyncio.create_task(self._carry(reader, here)), asyncio.create_task(self._carry(there, writer))]
        try:
            # Either end closing closes both.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await _closed(here)

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._passing.wait()
                to.write(data)
                await to.drain()


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
