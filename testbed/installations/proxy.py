"""A wire between a server and its clients that can be cut, fall silent, lag, and be narrow."""

import asyncio
import contextlib
from pathlib import Path
from typing import Final, Self

Address = Path | int
"""A Unix socket, or a TCP port on loopback."""

_CHUNK: Final = 65_536
_MOST_UNDER_WAY: Final = 64
"""Chunks that a slow wire holds in each direction before its sender has to wait."""


class Proxy:
    """Passes connections on to an address.

    What is set holds for the connections that are there and for new ones, until `mend`.
    """

    def __init__(self, upstream: Address, listen: Path | None = None) -> None:
        """Prepares a wire; as a context manager it is open.

        Args:
            upstream: Where connections lead to.
            listen: The Unix socket to be reached at; None for a free TCP port.
        """
        self._upstream, self._listen = upstream, listen
        self._server: asyncio.Server | None = None
        self._wires: set[_Wire] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay_s = 0.0
        self._bytes_per_s: float | None = None

    async def __aenter__(self) -> Self:
        if self._listen is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        else:
            self._server = await asyncio.start_unix_server(self._accept, self._listen)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        self._flows.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listen is not None:
            self._listen.unlink(missing_ok=True)

    @property
    def port(self) -> int:
        """The TCP port to be reached at."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Breaks every connection, and new ones at once: a server that is gone."""
        self._is_cut = True
        self.drop()

    def drop(self) -> None:
        """Breaks every connection, and takes new ones."""
        for wire in tuple(self._wires):
            wire.abort()

    def freeze(self) -> None:
        """Takes connections and bytes and passes on nothing until `mend`: a server that hangs."""
        self._flows.clear()

    def silence(self) -> None:
        """Forgets the connections that there are, as a router does: they stay open, and nothing ever comes through."""
        for wire in self._wires:
            wire.is_silent = True

    def slow(self, *, delay_s: float = 0.0, bytes_per_s: float | None = None) -> None:
        """Lags and narrows.

        Args:
            delay_s: How much later everything arrives, in each direction.
            bytes_per_s: How much each connection carries in each direction; None for any amount.
        """
        self._delay_s, self._bytes_per_s = delay_s, bytes_per_s

    def mend(self) -> None:
        """Is as good as new; only connections that were silenced stay so."""
        self._is_cut = False
        self._delay_s, self._bytes_per_s = 0.0, None
        self._flows.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        wire = _Wire(writer)
        self._tasks.add(task)
        self._wires.add(wire)
        try:
            await self._carry(wire, reader, writer)
        except OSError:
            wire.abort()
        finally:
            self._wires.discard(wire)
            self._tasks.discard(task)

    async def _carry(self, wire: "_Wire", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if isinstance(self._upstream, Path):
            up_reader, up_writer = await asyncio.open_unix_connection(self._upstream)
        else:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        wire.writers.append(up_writer)
        if wire.is_aborted:
            wire.abort()
        await asyncio.gather(self._forward(wire, reader, up_writer), self._forward(wire, up_reader, writer))

    async def _forward(self, wire: "_Wire", source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_MOST_UNDER_WAY)
        delivery = asyncio.create_task(self._deliver(wire, under_way, sink))
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await under_way.put((loop.time() + self._delay_s, data))
        await under_way.put((0.0, b""))
        await delivery

    async def _deliver(
        self, wire: "_Wire", under_way: "asyncio.Queue[tuple[float, bytes]]", sink: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await under_way.get()
            await self._flows.wait()
            if wire.is_silent and not wire.is_aborted:
                if data:
                    continue
                return  # the other side never learns that this side has closed
            if not data or wire.is_aborted:
                break
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            with contextlib.suppress(OSError):
                await self._write(data, sink)
        sink.close()

    async def _write(self, data: bytes, sink: asyncio.StreamWriter) -> None:
        while data:
            rate = self._bytes_per_s
            part = data if rate is None else data[: max(1, int(rate / 10))]
            sink.write(part)
            await sink.drain()
            data = data[len(part) :]
            if rate is not None:
                await asyncio.sleep(len(part) / rate)


class _Wire:
    """One connection and the one behind it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writers = [writer]
        self.is_silent = self.is_aborted = False

    def abort(self) -> None:
        """Breaks it for both sides."""
        self.is_aborted = True
        for writer in self.writers:
            writer.transport.abort()
