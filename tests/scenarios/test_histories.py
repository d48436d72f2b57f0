"""Random histories over real processes: gateways, API servers and nodes are killed in the midst of them."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cavalcade.stack import probe
from cavalcade.stack.process import Process, Service
from cavalcade.stack.programs import BACKENDS
from testbed.installations.installation import free_ports
from tests.scenarios.histories import make_histories


class Processes:
    """The processes of one backend, without a load balancer, which are killed and started again."""

    def __init__(self, backend: str, folder: Path, database_url: str, redis_url: str) -> None:
        ports = dict(zip(("http", "sockets", "internal", "other"), free_ports(4), strict=True))
        self.http, self.socket_port = f"http://127.0.0.1:{ports['http']}", ports["sockets"]
        environment = {
            "CAVALCADE_DATABASE_URL": database_url,
            "CAVALCADE_REDIS_URL": redis_url,
            "CAVALCADE_SECRET": secrets.token_urlsafe(32),
            "CAVALCADE_PUBLIC_URL": self.http,
        }

        def service(name: str, internal: int, *listeners: str) -> Service:
            async def ready() -> bool:
                return (await probe.get("/readyz", port=internal)).status == 200

            command = (sys.executable, "-m", "cavalcade", name, *listeners, "--internal", f"127.0.0.1:{internal}")
            return Service(name, command, ready, folder / f"{name}.log", environment)

        http, sockets = f"127.0.0.1:{ports['http']}", f"127.0.0.1:{ports['sockets']}"
        if backend == "monolith":
            self._services = [service("node", ports["internal"], "--listen", http, "--sockets", sockets)]
        else:
            self._services = [
                service("gateway", ports["internal"], "--listen", sockets),
                service("api", ports["other"], "--listen", http),
            ]
        self._processes: list[Process] = []
        self.crashes_left = 0

    async def start(self) -> None:
        """Starts all of them."""
        self._processes = [await Process.start(service) for service in self._services]
        await asyncio.gather(*(process.until_ready() for process in self._processes))

    async def stop(self) -> None:
        """Stops all of them."""
        await asyncio.gather(*(process.stop() for process in self._processes))

    async def crash(self, chance: int) -> None:
        """Kills one, and starts it again; a number of times, as each start takes a second or more."""
        if self.crashes_left == 0:
            return
        self.crashes_left -= 1
        which = chance * len(self._processes) // 100
        dead = self._processes[which]
        os.kill(_watched_by(dead.watchdog_pid), signal.SIGKILL)
        await dead.wait()
        self._processes[which] = await Process.start(dead.service)
        await self._processes[which].until_ready()


def _watched_by(watchdog: int) -> int:
    """The process that a watchdog watches, its only child."""
    return int(Path(f"/proc/{watchdog}/task/{watchdog}/children").read_text())


@pytest.fixture(params=BACKENDS)
async def processes(
    request: pytest.FixtureRequest, tmp_path: Path, migrated_url: str, redis_url: str
) -> AsyncIterator[Processes]:
    """The processes of either backend."""
    running = Processes(request.param, tmp_path, migrated_url, redis_url)
    await running.start()
    yield running
    await running.stop()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds what to kill through /proc")
@pytest.mark.parametrize(
    ("examples", "steps", "crashes"),
    [pytest.param(2, 10, 3, id="short"), pytest.param(60, 40, 400, id="long", marks=pytest.mark.long)],
)
async def test_killed_processes_lose_and_double_nothing(
    processes: Processes, examples: int, steps: int, crashes: int
) -> None:
    processes.crashes_left = crashes
    await make_histories(processes, examples=examples, steps=steps)
    assert crashes - processes.crashes_left >= min(examples, crashes)
