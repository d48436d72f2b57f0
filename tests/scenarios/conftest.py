"""One running installation for all scenarios, started as a user would; the backend and its size are parameters."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cavalcade.evaluation.proxy import Proxy

INSTALLATIONS = {
    "services": ("--backend", "services"),
    "services-2": ("--backend", "services", "--nodes", "2"),
    "monolith": ("--backend", "monolith"),
    "monolith-2": ("--backend", "monolith", "--nodes", "2"),
}
START_WITHIN_S = 60
STOP_WITHIN_S = 30

SETTINGS = {
    "CAVALCADE_MIN_LIFETIME_S": "1",
    "CAVALCADE_HOST_AWAY_S": "1",
    "CAVALCADE_PURGE_AFTER_S": "1",
}


@pytest.fixture(scope="session", params=list(INSTALLATIONS.values()), ids=list(INSTALLATIONS))
async def server(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The base address of a `cavalcade up` with short times, on a port and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-scenarios-") as directory, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        log = Path(directory) / "up.log"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cavalcade", "up"),
                *(*request.param, "--port", port, "--data", f"{directory}/data"),
                env={**os.environ, **SETTINGS},
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_WITHIN_S):
                line = await process.stdout.readline()
            assert line.startswith(b"ready "), log.read_text()
            yield line.decode().split()[1]
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(STOP_WITHIN_S):
                assert await process.wait() == 0, log.read_text()


@pytest.fixture
async def wire(server: str) -> AsyncIterator[Proxy]:
    """A way to the server that can be cut."""
    async with Proxy(int(server.rpartition(":")[2])) as opened:
        yield opened
