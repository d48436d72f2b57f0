"""What both backends hold for each session that has connections: here, what becomes of a flush that fails."""

import asyncio
from collections.abc import Mapping

import pytest

from cavalcade.domain.fix import Position
from cavalcade.server import fanout as fanout_module
from cavalcade.server.clock import AdaptiveClock
from cavalcade.server.fanout import Fanout
from cavalcade.server.outbox import Outbox


class Wire:
    """The connection under an outbox: it breaks as often as a test says, and tells of what it takes."""

    def __init__(self, breaks: int) -> None:
        self.breaks = breaks
        self.taken: asyncio.Queue[bytes] = asyncio.Queue()

    def write_text(self, frame: bytes) -> None:
        """A frame."""
        if self.breaks:
            self.breaks -= 1
            raise RuntimeError("this connection breaks")
        self.taken.put_nowait(frame)

    def write_binary(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None: ...

    def fail(self) -> None: ...

    def finish(self, code: int) -> None: ...


async def test_a_flush_that_fails_is_told_of_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout_module, "AGAIN_S", 0.3)  # longer than somebody who was shown waits to be shown again
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    stored: list[Mapping[int, Position]] = []
    fanout = Fanout("anything", AdaptiveClock(10), changed=stored.append)
    wire = Wire(breaks=1)
    outbox = Outbox(wire, 1, "json", "1")
    outbox.open(0, [])
    fanout.add(outbox)
    fanout.accept(2, Position(1, 600_000_000, 240_000_000))
    async with asyncio.timeout(5):
        assert b'"lat":60' in await wire.taken.get()
    assert [type(failure) for failure in failures] == [RuntimeError]
    assert [list(positions) for positions in stored] == [[2], [2]]
    fanout.accept(2, Position(2, 610_000_000, 240_000_000))
    async with asyncio.timeout(5):
        assert b'"lat":61' in await wire.taken.get()
    assert len(failures) == 1
    fanout.stop()
