"""What was deleted from the embedded PostgreSQL is gone from its files as well, not only from its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from cavalcade.stack import postgres
from cavalcade.stack.erasure import Erasure
from cavalcade.stack.process import Process

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GONE = "Xanthippe-of-the-deleted-row"
KEPT = "Zebulon-of-the-row-that-stays"


@pytest.fixture
async def running(directory: Path) -> AsyncIterator[Process]:
    """A cluster of this test's own, whose files it can search."""
    postgres.create(directory / "postgres")
    erasure = Erasure(postgres.url(directory))
    service = postgres.service(directory / "postgres", directory, directory / "postgres.log", erasure.attempt)
    process = await Process.start(service)
    await process.until_ready()
    yield process
    await process.stop()


def files_with(folder: Path, text: str) -> list[str]:
    """The files below a folder that hold a text."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


async def one_stays_and_one_goes(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.execute("CREATE TABLE people (name text)")
    await connection.executemany("INSERT INTO people VALUES ($1)", [(KEPT,), (GONE,)])
    await connection.execute("CHECKPOINT")
    await connection.execute("DELETE FROM people WHERE name = $1", GONE)


async def test_what_was_deleted_is_in_no_file(directory: Path, running: Process) -> None:
    assert running
    connection = await asyncpg.connect(postgres.url(directory))
    await one_stays_and_one_goes(connection)
    assert files_with(directory, GONE)  # or this would show nothing
    await Erasure(postgres.url(directory)).erase()
    assert files_with(directory, GONE) == []
    assert [row["name"] for row in await connection.fetch("SELECT name FROM people")] == [KEPT]
    await connection.close()


async def test_a_cluster_that_was_stopped_holds_nothing_that_was_deleted(directory: Path, running: Process) -> None:
    connection = await asyncpg.connect(postgres.url(directory))
    await one_stays_and_one_goes(connection)
    await connection.close()
    await running.stop()
    assert files_with(directory / "postgres", GONE) == []
    assert files_with(directory / "postgres", KEPT)


async def test_a_table_that_is_in_use_waits_for_the_next_time(directory: Path, running: Process) -> None:
    assert running
    connection, other = [await asyncpg.connect(postgres.url(directory)) for _ in range(2)]
    await one_stays_and_one_goes(connection)
    erasure = Erasure(postgres.url(directory))
    async with other.transaction():
        await other.execute("LOCK TABLE people IN ACCESS SHARE MODE")
        await erasure.erase()
        assert files_with(directory / "postgres" / "base", GONE)
    await erasure.erase()
    assert files_with(directory, GONE) == []
    await connection.close()
    await other.close()
