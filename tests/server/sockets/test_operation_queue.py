"""Operations that wait: in order, one at a time, and bounded in number and in bytes."""

import asyncio

from cavalcade.server.processes.deadline import REPLY_DEADLINE_S
from cavalcade.server.sockets.operation_queue import MAX_WAITING, MAX_WAITING_BYTES, OperationQueue
from cavalcade.wire.channel import Pushed
from cavalcade.wire.frame import MAX_FRAME, Undecoded


def pushed(ref: str | None = "1", size: int = 20) -> Pushed:
    """A push whose payload has that many bytes."""
    return Pushed(ref, "profile:set", Undecoded(b"x" * size))


class Worker:
    """Notes what is carried out, and takes until it is told that it is done."""

    def __init__(self) -> None:
        self.done: list[tuple[str | None, float]] = []
        self.may_go_on = asyncio.Event()
        self.idle = asyncio.Event()
        self.queue = OperationQueue(self.execute, self.idle.set)

    async def execute(self, one: Pushed, seconds: float) -> None:
        await self.may_go_on.wait()
        self.done.append((one.ref, seconds))


async def test_they_are_carried_out_one_after_another_with_the_time_that_is_left() -> None:
    worker = Worker()
    for ref in ("1", "2", "3"):
        assert worker.queue.add(pushed(ref))
    await asyncio.sleep(0)
    assert worker.queue.is_busy
    worker.may_go_on.set()
    await worker.idle.wait()
    assert [ref for ref, _ in worker.done] == ["1", "2", "3"]
    assert all(0 < seconds <= REPLY_DEADLINE_S for _, seconds in worker.done)
    assert not worker.queue.is_busy


async def test_a_bounded_number_waits() -> None:
    worker = Worker()
    assert [worker.queue.add(pushed()) for _ in range(MAX_WAITING + 2)] == [True] * MAX_WAITING + [False] * 2
    await asyncio.sleep(0)  # the first is under way now
    assert [worker.queue.add(pushed()) for _ in range(2)] == [True, False]
    worker.may_go_on.set()
    await worker.idle.wait()
    assert worker.queue.add(pushed())


async def test_a_bounded_number_of_bytes_waits_whatever_they_are_made_of() -> None:
    worker = Worker()
    assert worker.queue.add(pushed(size=MAX_FRAME))
    assert worker.queue.add(pushed(ref="\U0001f6b2" * 10_000))
    assert not worker.queue.add(pushed(size=MAX_FRAME))
    assert MAX_FRAME < worker.queue.waiting_bytes <= MAX_WAITING_BYTES
    worker.may_go_on.set()
    await worker.idle.wait()
    assert worker.queue.waiting_bytes == 0


async def test_what_is_forgotten_is_not_carried_out() -> None:
    worker = Worker()
    for ref in ("1", "2"):
        worker.queue.add(pushed(ref))
    await asyncio.sleep(0)
    worker.queue.clear()
    assert worker.queue.waiting_bytes == 0
    worker.may_go_on.set()
    await worker.idle.wait()
    assert [ref for ref, _ in worker.done] == ["1"]
