"""The limit of open files: raised where it can be, and said where it is near."""

from __future__ import annotations

import asyncio
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cavalcade.client import connect, create_session, join_session
from cavalcade.open_file_limit import limit, raise_limit
from cavalcade.stack import open_file_watch, probe, programs
from cavalcade.stack.process import Process, Service
from cavalcade.stack.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.stack.conftest import Up

SOCKETS = 1100


def limit_after(soft: int, hard: int, asked: str) -> str:
    """What a process says that begins with these limits."""
    limits = f"import resource as r; r.setrlimit(r.RLIMIT_NOFILE, ({soft}, {hard}))"
    source = f"{limits}; from cavalcade import open_file_limit as o; "
    command = [sys.executable, "-c", f"{source}print({asked})"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_it_is_raised_to_the_hard_one() -> None:
    assert limit_after(256, 700, "o.raise_limit(), r.getrlimit(r.RLIMIT_NOFILE)") == "700 (700, 700)"
    assert limit_after(700, 700, "o.raise_limit()") == "700"


def test_what_is_open_is_counted() -> None:
    asked = "(lambda before: (os.dup(0), os.dup(0), o.count() - before)[2])(o.count())"
    assert limit_after(256, 700, f"[exec('import os', globals()), {asked}][1]") == "2"


@pytest.mark.parametrize("backend", ["services", pytest.param("monolith", marks=pytest.mark.long)])
async def test_a_stranger_still_joins(
    directory: Path, free_port: int, start_up: Callable[..., Awaitable[Up]], backend: str
) -> None:
    hard = raise_limit()
    if hard < 2 * SOCKETS:
        pytest.skip(f"this machine allows {hard} open files")
    up = await start_up(
        *("--backend", backend, "--port", str(free_port), "--data", directory / "data"), open_files=(1024, hard)
    )
    base = await up.ready()
    parts = programs.backend(backend, directory / "data" / "run")
    for pid in up.below() | {up.process.pid}:
        assert soft_limit(pid) in {None, hard}
    (sockets,) = parts.sockets
    # Past Caddy, and without a word: no quota for addresses or for those who wait counts them.
    holding = [asyncio.create_task(hold(sockets)) for _ in range(SOCKETS)]
    try:
        internal = next(program.internal for program in parts.programs if sockets in program.sockets)
        await until_counted(internal)
        host = await create_session(base, host_name="Host")
        assert host.link
        stranger = await join_session(host.link, name="Stranger")
        async with connect(stranger) as live:
            assert live.me is not None
    finally:
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
    assert await up.end(signal.SIGTERM) == 0


async def hold(path: Path) -> None:
    """Keeps one connection open, until cancelled; the server closes a silent one after 10 s, so it comes back."""
    while True:
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            await reader.read()
        finally:
            writer.transport.abort()


def soft_limit(pid: int) -> int | None:
    """The limit of a process; None where it has ended."""
    try:
        return resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    except ProcessLookupError:
        return None


async def until_counted(internal: Path) -> None:
    """Waits until the metric holds the sockets."""
    async with asyncio.timeout(60):
        while True:
            # A busy machine may leave a question without an answer.
            text = (await probe.get("/metrics", socket=internal)).body
            found = dict(re.findall(r"^(cavalcade_open_files\w*) (\S+)$", text, re.MULTILINE))
            if float(found.get("cavalcade_open_files", 0)) >= SOCKETS:
                assert float(found["cavalcade_open_files_limit"]) == limit()
                return
            await asyncio.sleep(0.1)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell what others have open")
async def test_up_says_that_a_part_is_near_its_limit(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_file_watch, "LOOK_EVERY_S", 0.02)
    mark = directory / "mark"
    source = (
        "import os, pathlib, resource, sys, time; resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)); "
        "kept = [os.dup(0) for _ in range(33)]; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
    )

    async def ready() -> bool:
        return await asyncio.to_thread(mark.exists)

    process = await Process.start(
        Service("Caddy", [sys.executable, "-c", source, str(mark)], ready, directory / "caddy.log")
    )
    await process.until_ready()
    said: asyncio.Queue[str] = asyncio.Queue()
    progress = Progress()
    monkeypatch.setattr(progress, "warn", said.put_nowait)
    watching = asyncio.create_task(open_file_watch.watch(lambda: [("Caddy", process.watchdog_pid)], progress))
    async with asyncio.timeout(20):
        words = await said.get()
    assert words.startswith("Caddy has 3")
    assert "of 40 files open" in words
    watching.cancel()
    await process.stop()
    assert said.empty()


def test_a_low_hard_limit_is_said_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    open_file_watch.say_if_few(1024, Progress())
    assert "about 512 connections" in capsys.readouterr().err
    open_file_watch.say_if_few(20_000, Progress())
    assert capsys.readouterr().err == ""
