"""A reply comes in time, and the work behind it is left to finish."""

import asyncio
import gc

import pytest

from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.server.processes import deadline
from cavalcade.server.processes.deadline import within


async def test_gives_what_the_work_gave() -> None:
    async def work() -> int:
        return 5

    assert await within(1, work()) == 5


async def test_raises_what_the_work_raised() -> None:
    async def work() -> None:
        raise Rejected(ErrorCode.FORBIDDEN)

    with pytest.raises(Rejected, match="forbidden"):
        await within(1, work())


@pytest.mark.parametrize("error", [None, ValueError("late"), Rejected(ErrorCode.FORBIDDEN)])
async def test_answers_in_time_and_lets_the_work_finish(error: Exception | None) -> None:
    go_on, finished = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go_on.wait()
        finished.set()
        if error is not None:
            raise error

    with pytest.raises(Rejected) as raised:
        await within(0.01, work())
    assert raised.value.code is ErrorCode.UNAVAILABLE
    go_on.set()
    await asyncio.wait_for(finished.wait(), 1)


async def test_a_caller_that_goes_away_does_not_cancel_the_work() -> None:
    started, go_on, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        await go_on.wait()
        finished.set()

    caller = asyncio.create_task(within(1, work()))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await asyncio.wait_for(finished.wait(), 1)


async def test_work_that_fails_just_when_its_caller_goes_away_is_not_left_lying() -> None:
    loop, complaints = asyncio.get_running_loop(), list[dict[str, object]]()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    go_on = asyncio.Event()

    async def work() -> None:
        await go_on.wait()
        raise Rejected(ErrorCode.FORBIDDEN)

    caller = asyncio.create_task(within(1, work()))
    await asyncio.sleep(0)
    (task,) = deadline._unfinished
    task.add_done_callback(lambda _: caller.cancel())
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    del task
    await asyncio.sleep(0)
    gc.collect()
    loop.set_exception_handler(None)
    assert complaints == []
