"""The watchdog says where a blocked loop hangs."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from cavalcade.server.processes.stall_watchdog import STALL_S, StallWatchdog
from tests.services.peer import eventually


def block_the_loop(seconds: float) -> None:
    """What no coroutine should do."""
    time.sleep(seconds)


async def test_a_blocking_call_is_counted_and_named() -> None:
    watchdog = StallWatchdog()
    running = asyncio.create_task(watchdog.run())
    await asyncio.sleep(0.1)
    with capture_logs() as logs:
        block_the_loop(0.7)
    await eventually(lambda: watchdog.longest_s > 0.5)
    assert watchdog.stalls == 1
    (stall,) = logs
    assert stall["event"] == "loop_stalled"
    assert any(frame.startswith("block_the_loop (test_stall_watchdog.py:") for frame in stall["frames"])
    running.cancel()
    await asyncio.wait({running})


async def test_a_stall_that_the_thread_did_not_see_is_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StallWatchdog, "_watch", lambda *_: None)
    watchdog = StallWatchdog()
    running = asyncio.create_task(watchdog.run())
    await asyncio.sleep(0.1)
    with capture_logs() as logs:
        block_the_loop(0.5)
        await eventually(lambda: watchdog.stalls)
    assert watchdog.longest_s > STALL_S
    assert [(line["event"], line["frames"]) for line in logs] == [("loop_stalled", [])]
    running.cancel()
    await asyncio.wait({running})
