"""A process of the stack, and the supervisor that keeps several of them running."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cavalcade.stack import service_supervisor as supervising
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Process, Service, last_lines
from cavalcade.stack.progress import Progress
from cavalcade.stack.service_supervisor import ServiceSupervisor

MARK = "import os, pathlib, signal, sys, time; mark = pathlib.Path(sys.argv[1])\n"
SERVING = MARK + "mark.write_text(str(os.getpid())); time.sleep(600)"
DYING = MARK + "print('first', flush=True); print('no such road', file=sys.stderr); sys.exit(4)"
# The first time it serves for a moment, as a supervisor gives up at once what never did.
MEETING_A_FULL_DISK = MARK + (
    "tries = mark.with_name('tries'); tries.touch()\n"
    "tried = tries.stat().st_size; tries.write_text('x' * (tried + 1))\n"
    "if tried == 0: mark.write_text('there'); time.sleep(0.1)\n"
    f"if tried <= {supervising.MOST_RESTARTS + 2}: sys.exit('PANIC: No space left on device')\n"
    "mark.write_text('there'); time.sleep(600)"
)


class Listening(Progress):
    """Hears when a service is back."""

    def __init__(self) -> None:
        super().__init__()
        self.serves_again = asyncio.Event()

    def say(self, text: str) -> None:
        super().say(text)
        if text.endswith("serves again"):
            self.serves_again.set()


def service(directory: Path, source: str, name: str = "test") -> Service:
    mark = directory / f"{name}.mark"

    async def ready() -> bool:
        return mark.exists() and bool(mark.read_text())

    return Service(
        name=name,
        command=[sys.executable, "-c", source, str(mark)],
        ready=ready,
        log=directory / f"{name}.log",
        ready_within_s=10,
        before_start=lambda: mark.unlink(missing_ok=True),
    )


async def test_ready_then_stopped(directory: Path) -> None:
    process = await Process.start(service(directory, SERVING))
    await process.until_ready()
    await process.stop()
    assert await process.wait() == 128 + signal.SIGTERM


async def test_end_while_starting_shows_its_last_lines(directory: Path) -> None:
    process = await Process.start(service(directory, DYING))
    with pytest.raises(StackError, match=r"test ended while starting \(exit code 4\)") as caught:
        await process.until_ready()
    assert caught.value.detail.splitlines()[-1] == "no such road"
    assert "test.log" in caught.value.advice


async def test_never_ready(directory: Path) -> None:
    slow = service(directory, "import time; time.sleep(600)")
    process = await Process.start(
        Service(name=slow.name, command=slow.command, ready=slow.ready, log=slow.log, ready_within_s=0.2)
    )
    with pytest.raises(StackError, match="was not ready within"):
        await process.until_ready()
    await process.stop()


async def test_full_disk_is_said_in_plain_words(directory: Path) -> None:
    process = await Process.start(service(directory, "import sys; sys.exit('x: No space left on device')"))
    with pytest.raises(StackError, match=r"The disk is full\. Free some space"):
        await process.until_ready()


def test_last_lines_of_no_log(directory: Path) -> None:
    assert last_lines(None) == ""
    assert last_lines(directory / "missing") == ""


async def test_supervisor_starts_again_what_died(directory: Path) -> None:
    progress = Listening()
    supervisor = ServiceSupervisor(progress)
    watched = service(directory, SERVING)
    await supervisor.start(watched, service(directory, SERVING, "other"))
    mark = directory / "test.mark"
    first = int(mark.read_text())
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        await progress.serves_again.wait()
    second = int(mark.read_text())
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


async def test_supervisor_gives_up_what_dies_too_often(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "FIRST_DELAY_S", 0.001)
    supervisor = ServiceSupervisor(Progress())
    await supervisor.start(service(directory, MARK + "mark.write_text('1'); print('no such road'); time.sleep(0.05)"))
    async with asyncio.timeout(20):
        failure = await supervisor.failure()
    assert "test ended 6 times within 60 s" in failure.problem
    assert failure.detail.endswith("no such road")
    await supervisor.stop()


async def test_supervisor_stops_everything_when_one_cannot_start(directory: Path) -> None:
    supervisor = ServiceSupervisor(Progress())
    with pytest.raises(StackError, match="bad ended while starting"):
        await supervisor.start(service(directory, SERVING, "good"), service(directory, DYING, "bad"))
    await supervisor.stop()
    mark = directory / "good.mark"
    if mark.exists() and mark.read_text():
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.read_text()), 0)


async def test_full_disk_is_no_reason_to_give_up(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "FULL_DISK_DELAY_S", 0.0)
    progress = Listening()
    supervisor = ServiceSupervisor(progress)
    await supervisor.start(service(directory, MEETING_A_FULL_DISK))
    async with asyncio.timeout(10):
        await progress.serves_again.wait()
    await supervisor.stop()


async def test_a_log_that_is_a_link_is_refused_in_plain_words(directory: Path) -> None:
    (directory / "elsewhere").write_text("kept")
    (directory / "test.log").symlink_to(directory / "elsewhere")
    with pytest.raises(StackError, match=r"test\.log is a symbolic link"):
        await Process.start(service(directory, SERVING))
    assert (directory / "elsewhere").read_text() == "kept"


async def test_supervisor_gives_up_what_has_no_log_any_more(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "FIRST_DELAY_S", 0.001)
    supervisor = ServiceSupervisor(Progress())
    await supervisor.start(service(directory, SERVING))
    (directory / "test.log").unlink()
    (directory / "test.log").symlink_to(directory / "elsewhere")
    os.kill(int((directory / "test.mark").read_text()), signal.SIGKILL)
    async with asyncio.timeout(20):
        failure = await supervisor.failure()
    assert "test ended 6 times" in failure.problem
    await supervisor.stop()


def environment_of(pid: int) -> bytes:
    path = Path(f"/proc/{pid}/environ")
    return path.read_bytes() if path.exists() else b""


async def test_a_service_is_told_what_it_needs_alone(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAVALCADE_SECRET", "not for everybody")
    monkeypatch.setenv("TZ", "Europe/Helsinki")
    told = "import json, os; print(json.dumps(dict(os.environ)), flush=True); "
    watched = replace(service(directory, told + SERVING), environment={"GIVEN": "yes"})
    process = await Process.start(watched)
    await process.until_ready()
    assert b"GIVEN" not in environment_of(process.watchdog_pid)
    await process.stop()
    environment = json.loads((directory / "test.log").read_text())
    assert (environment["GIVEN"], environment["TZ"]) == ("yes", "Europe/Helsinki")
    assert "CAVALCADE_SECRET" not in environment
