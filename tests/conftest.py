"""Real servers for the tests: one PostgreSQL and one Valkey per run, on sockets in a temporary folder."""

from __future__ import annotations

import itertools
import os
import re
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from cavalcade.stack import postgres, valkey
from cavalcade.stack.process import Process
from cavalcade.storage.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from xdist.workermanage import WorkerController

# Flet takes a second to start, in each of the many stacks that do not need it; tests of the app switch it on.
os.environ.setdefault("CAVALCADE_APP", "off")

# Time says little on machines that run other things as well.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `make quick` and `make test` try fewer examples, `make test-long` more.
settings.register_profile(
    "quick", settings.get_profile("shared"), max_examples=int(os.environ.get("CAVALCADE_EXAMPLES", "100"))
)
settings.load_profile("quick" if "CAVALCADE_EXAMPLES" in os.environ else "shared")

pytest_plugins = ["tests.summary"]

_database_numbers = itertools.count(1)


class Lanes(LoadScopeScheduling):
    """Hands tests to several processes so that what shares a server that takes seconds to start stays together.

    One process goes through the browser's tests while the others go through all else: two browsers at once want more
    than two cores, and other tests mostly wait. A process that is left with nothing else takes browser's tests as well.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.split("/")[1]
        if folder in {"scenarios", "hostile"} and (
            installation := re.search(r"\[((services|monolith)(-2)?)\b", nodeid)
        ):
            return f"{folder} on {installation[1]}"
        return file

    def _assign_work_unit(self, node: WorkerController) -> None:
        others = (scopes for each, scopes in self.assigned_work.items() if each is not node)
        is_taken = any(
            _is_browser(scope) and not all(tests.values()) for scopes in others for scope, tests in scopes.items()
        )
        wanted = (scope for scope in self.workqueue if _is_browser(scope) is not is_taken)
        self.workqueue.move_to_end(next(wanted, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)


def _is_browser(scope: str) -> bool:
    return scope.startswith("tests/browser/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """Called where tests run in several processes."""
    return Lanes(config, log)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """A folder with a path that is short enough for sockets, whatever pytest's own are called."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-test-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
async def postgres_url(server_directory: Path) -> AsyncIterator[str]:
    """The address of an empty database on a PostgreSQL that all tests share; see ``database_url``."""
    postgres.create(server_directory / "postgres")
    process = await Process.start(
        postgres.service(server_directory / "postgres", server_directory, server_directory / "postgres.log")
    )
    await process.until_ready()
    yield postgres.url(server_directory)
    await process.stop()


@pytest.fixture
async def database_url(postgres_url: str, server_directory: Path) -> AsyncIterator[str]:
    """The address of a new, empty database of this test's own, removed afterwards."""
    async with _new_database(postgres_url, server_directory) as url:
        yield url


@asynccontextmanager
async def _new_database(postgres_url: str, server_directory: Path, template: str = "") -> AsyncIterator[str]:
    name = f"test_{next(_database_numbers)}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name} {template} STRATEGY wal_log")
    yield postgres.url(server_directory, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="session")
async def database_template(postgres_url: str, server_directory: Path) -> str:
    """The name of an empty database with all tables, which others are copied from: migrating takes far longer."""
    name = "test_template"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name} STRATEGY wal_log")
    await connection.close()
    await migrate(postgres.url(server_directory, name))
    return name


@pytest.fixture
async def migrated_url(postgres_url: str, server_directory: Path, database_template: str) -> AsyncIterator[str]:
    """The address of a new database of this test's own that holds the tables and nothing in them."""
    async with _new_database(postgres_url, server_directory, f"TEMPLATE {database_template}") as url:
        yield url


@pytest.fixture(scope="session")
async def valkey_url(server_directory: Path) -> AsyncIterator[str]:
    """The address of a Valkey that all tests share; see ``redis_url``."""
    directory = server_directory / "valkey"
    directory.mkdir()
    socket = server_directory / "valkey.sock"
    process = await Process.start(valkey.service(directory, socket, server_directory / "valkey.log"))
    await process.until_ready()
    yield valkey.url(socket)
    await process.stop()


@pytest.fixture
async def redis_url(valkey_url: str) -> AsyncIterator[str]:
    """The address of a Valkey that holds nothing when the test begins."""
    client = Redis.from_url(valkey_url)
    await client.flushall()
    yield valkey_url
    await client.aclose()
