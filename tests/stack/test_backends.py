"""One data directory under either backend, and what `cavalcade inspect` says of each."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from cavalcade.client import Membership, connect, create_session, fetch_session, join_session

if TYPE_CHECKING:
    from tests.stack.conftest import Up

StartUp = Callable[..., Awaitable["Up"]]


async def inspect(data: Path, *more: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cavalcade", "inspect", "--data", str(data), *more), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


@asynccontextmanager
async def watching(data: Path) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """`cavalcade inspect --watch` on a terminal, which ends in good order; waits until it shows a text."""
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cavalcade", "inspect", "--data", str(data), "--watch"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "160", "LINES": "60", "TERM": "xterm"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    os.close(theirs)
    reader = asyncio.StreamReader()
    terminal = os.fdopen(ours, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), terminal)

    async def shown(text: str) -> None:
        said = b""
        async with asyncio.timeout(20):
            while text not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode(errors="replace")):
                said += await reader.read(65_536)

    try:
        yield shown
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def names_seen_by(membership: Membership) -> list[str]:
    state = (await fetch_session(membership)).state
    assert state is not None
    return [participant.name for participant in state.participants.values()]


async def test_session_goes_from_one_backend_to_the_other_and_back(
    directory: Path, free_port: int, start_up: StartUp
) -> None:
    data = directory / "data"
    arguments = ("--port", str(free_port), "--data", data)
    up = await start_up(*arguments, "--backend", "services")
    host = await create_session(await up.ready(), host_name="Anna")
    assert host.link
    assert "keeps no process for each session" in await inspect(data)
    assert await up.end(signal.SIGTERM) == 0

    up = await start_up(*arguments, "--backend", "monolith")
    base = await up.ready()
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        assert (await client.get("/healthz")).json()["backend"] == "monolith"
        assert (await client.get("/processes")).status_code == 404
    ben = await join_session(host.link, name="Ben")
    assert await names_seen_by(host) == ["Anna", "Ben"]
    async with connect(host):
        assert host.session_id in await inspect(data)
        async with watching(data) as shown:
            await shown(host.session_id)
            other = await create_session(base, host_name="Dora")
            async with connect(other):
                await shown(other.session_id)
    (tree,) = json.loads(await inspect(data, "--json"))["trees"]
    assert (tree["node"]["name"], tree["node"]["others"], tree["node"]["owned"]) == ("node", [], 2)
    assert {"sessions", "sockets", "http", "internal"} <= {child["name"] for child in tree["application"]}
    assert await up.end(signal.SIGTERM) == 0

    up = await start_up(*arguments, "--backend", "services")
    await up.ready()
    await join_session(host.link, name="Cleo")
    assert await names_seen_by(ben) == ["Anna", "Ben", "Cleo"]
    assert await up.end(signal.SIGTERM) == 0
