"""A wire between a server and its clients that a test can cut or freeze."""

import asyncio
import contextlib
from pathlib import Path


class Proxy:
    """Forwards a Unix socket to another one."""

    def __init__(self, path: Path, upstream: Path) -> None:
        self._path, self._upstream = path, upstream
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def restore(self) -> None:
        """Takes connections (again), and lets frozen ones flow."""
        self._flows.set()
        if self._server is None:
            self._server = await asyncio.start_unix_server(self._serve, self._path)

    def freeze(self) -> None:
        """Takes connections and bytes, and passes on nothing: a server that hangs."""
        self._flows.clear()

    async def cut(self) -> None:
        """Breaks every connection and refuses new ones: a server that is gone."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._path.unlink(missing_ok=True)
        for writer in tuple(self._writers):
            writer.transport.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            up_reader, up_writer = await asyncio.open_unix_connection(self._upstream)
            self._writers.add(up_writer)
            for source, sink in ((reader, up_writer), (up_reader, writer)):
                task = asyncio.create_task(self._forward(source, sink))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._flows.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
