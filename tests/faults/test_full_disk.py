"""PostgreSQL's disk is full: nothing can be stored, positions flow, and it recovers by itself once space is free."""

import asyncio
import errno
import functools
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from cavalcade.client import Fix, LiveSession
from cavalcade.server.processes.deadline import REPLY_DEADLINE_S
from cavalcade.stack import postgres
from cavalcade.stack.programs import BACKENDS
from testbed.faults.robustness import endure
from testbed.faults.table import LONG_S, Fault, Scene
from testbed.installations.installation import Installation, installation
from tests.faults.test_faults import Note, judge
from tests.scenarios.people import SOON, Group, fix
from tests.scenarios.raw_socket import RawSocket, open_socket

pytestmark = pytest.mark.long

DISK_MIB = 300
HEALED_WITHIN_S = 5.0
MOST_OPERATIONS = 2_000
"""What fits into pages that have room still is less than this."""


@dataclass(frozen=True)
class Small:
    """An installation whose PostgreSQL has a small disk of its own."""

    installation: Installation
    disk: Path

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        filler = self.disk / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                for size in (1 << 20, 4096, 1):
                    try:
                        while True:
                            file.write(bytes(size))
                    except OSError as error:
                        assert error.errno == errno.ENOSPC  # noqa: PT017 - what the loop is there for
            yield
        finally:
            filler.unlink()


@pytest.fixture(scope="session")
def disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cavalcade-disk-") as name:
        folder = Path(name)
        options = f"size={DISK_MIB}m,mode=0711"  # PostgreSQL may run as another user, who must pass
        command = ["mount", "-t", "tmpfs", "-o", options, "cavalcade", name]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted here, which takes root: {mounted.stderr.strip()}")
        yield folder
        subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="session", params=BACKENDS)
async def small(request: pytest.FixtureRequest, disk: Path) -> AsyncIterator[Small]:
    """One with each backend."""
    cluster = disk / request.param

    def prepare(folder: Path) -> None:
        postgres.create(cluster)
        data = folder / "data"
        data.mkdir(mode=0o700)
        (data / "lock").touch()  # by which `cavalcade up` knows its own folder
        (data / "postgres").symlink_to(cluster)

    async with installation(request.param, 1, prepare=prepare) as running:
        yield Small(running, disk)
    shutil.rmtree(cluster)


async def nothing_more(_small: Small) -> None:
    """Tables cannot grow, and the log has room still: statements fail."""


async def use_up_the_log(small: Small) -> None:
    """The log cannot grow either: PostgreSQL ends, and cannot even start again."""
    connection = await asyncpg.connect(postgres.url(small.installation.data / "run" / "postgres"))
    try:
        while True:
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("SELECT pg_logical_emit_message(true, 'test', 'something to be logged')")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        pass
    finally:
        connection.terminate()


HOWS = (nothing_more, use_up_the_log)
How = Callable[[Small], Awaitable[None]]


@pytest.mark.parametrize("how", HOWS)
async def test_nothing_is_lost(small: Small, how: How, note: Note) -> None:
    @asynccontextmanager
    async def inflicted(_: Scene) -> AsyncIterator[None]:
        async with small.full():
            await how(small)
            await asyncio.sleep(LONG_S)
        yield

    fault = Fault("disk full", "disk full", inflicted, LONG_S, drops=False)
    judge(await endure(small.installation, fault), fault, note)


@pytest.mark.parametrize("how", HOWS)
async def test_operations_are_unavailable_and_positions_flow(small: Small, how: How) -> None:
    async with Group(small.installation.base_url.replace("127.0.0.1", "localhost")) as group:
        anna, ben = await group.pair()
        async with open_socket(group.host) as raw:
            await raw.join()
            async with small.full():
                await how(small)
                refused = await first_refused(raw)
                await moves(ben, anna)
                assert how is not use_up_the_log or "the disk is full" in small.installation.log()
            async with asyncio.timeout(HEALED_WITHIN_S):
                while (await ask(raw, refused))[0] != "ok":
                    pass
        name = f"Anna {refused}"
        for session in (anna, ben):
            await session.wait_for(lambda s: s.state.participants[1].name == name, SOON)


async def first_refused(raw: RawSocket) -> int:
    """Asks for one operation after the other until one cannot be stored; its number."""
    for number in range(MOST_OPERATIONS):
        status, response = await ask(raw, number)
        if status != "ok":
            assert (response["reason"], response["retry"]) == ("unavailable", True)
            return number
    raise AssertionError("the disk was never full")


async def ask(raw: RawSocket, number: int) -> tuple[str, Mapping[str, object]]:
    async with asyncio.timeout(REPLY_DEADLINE_S + 0.5):
        return await raw.ask("profile:set", {"op_id": f"name-{number}", "name": f"Anna {number}"})


async def moves(who: LiveSession, viewer: LiveSession) -> None:
    for step in range(3):
        reported = fix(47.0 + step / 100)
        who.report(reported)
        wanted = functools.partial(_shows, reported)
        await viewer.wait_for(wanted, SOON)


def _shows(reported: Fix, session: LiveSession) -> bool:
    return 2 in session.positions and session.positions[2].to_fix() == reported
