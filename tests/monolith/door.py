"""Stands in for the load balancer where a test says what it believes: it leads connections to nodes in an order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cavalcade.monolith.peers import dial


class Door:
    """One port in front of listeners; who does not answer is passed over, as Caddy does."""

    def __init__(self, order: Callable[[], list[str]]) -> None:
        """Leads to the first of these listeners that takes the connection, `unix:/path` or `HOST:PORT`."""
        self.order = order
        self.address = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for address in self.order():
            far = asyncio.StreamReader()
            loop = asyncio.get_running_loop()
            with contextlib.suppress(OSError):
                transport, protocol = await dial(address, lambda far=far: asyncio.StreamReaderProtocol(far))  # type: ignore[misc]
                far_writer = asyncio.StreamWriter(transport, protocol, far, loop)
                for source, sink in ((reader, far_writer), (far, writer)):
                    task = asyncio.create_task(_forward(source, sink))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                return
        writer.close()

    async def close(self) -> None:
        """Drops whatever still flows."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _forward(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def open_door(door: Door) -> AsyncIterator[Door]:
    """Opens a door."""
    server = await asyncio.start_server(door._serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    door.address = f"{host}:{port}"
    yield door
    server.close()
    await door.close()
