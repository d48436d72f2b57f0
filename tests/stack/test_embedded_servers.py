"""The embedded PostgreSQL and Valkey: what they keep over restarts and crashes, and what they do not."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from typing import TYPE_CHECKING

import asyncpg
import pytest
from redis.asyncio import Redis

from cavalcade.stack import postgres, unprivileged, valkey
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import Process

if TYPE_CHECKING:
    from pathlib import Path


async def started_postgres(directory: Path) -> Process:
    postgres.create(directory / "postgres")
    process = await Process.start(postgres.service(directory / "postgres", directory, directory / "postgres.log"))
    await process.until_ready()
    return process


async def started_valkey(directory: Path) -> Process:
    (directory / "valkey").mkdir(exist_ok=True)
    service = valkey.service(directory / "valkey", directory / "valkey.sock", directory / "valkey.log")
    process = await Process.start(service)
    await process.until_ready()
    return process


async def test_postgres_keeps_rows_over_a_restart(directory: Path) -> None:
    process = await started_postgres(directory)
    connection = await asyncpg.connect(postgres.url(directory))
    await connection.execute("CREATE TABLE kept (value integer); INSERT INTO kept VALUES (7)")
    await connection.close()
    assert stat.S_IMODE((directory / postgres.SOCKET_NAME).stat().st_mode) == 0o600
    await process.stop()
    assert await process.wait() == 0

    process = await started_postgres(directory)
    connection = await asyncpg.connect(postgres.url(directory))
    assert await connection.fetchval("SELECT value FROM kept") == 7
    assert await connection.fetchval("SHOW data_checksums") == "on"
    await connection.close()
    await process.stop()


async def test_postgres_keeps_committed_rows_over_a_crash(directory: Path) -> None:
    process = await started_postgres(directory)
    connection = await asyncpg.connect(postgres.url(directory))
    await connection.execute("CREATE TABLE kept (value integer); INSERT INTO kept VALUES (7)")
    postmaster = int((directory / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    connection.terminate()
    assert await process.wait() == 128 + signal.SIGKILL

    process = await started_postgres(directory)
    connection = await asyncpg.connect(postgres.url(directory))
    assert await connection.fetchval("SELECT value FROM kept") == 7
    await connection.close()
    await process.stop()


async def test_postgres_of_another_major_version_is_refused(directory: Path) -> None:
    (directory / "postgres").mkdir()
    (directory / "postgres" / "PG_VERSION").write_text("19\n")
    with pytest.raises(StackError, match="was written by PostgreSQL 19; this Cavalcade brings PostgreSQL 18"):
        postgres.create(directory / "postgres")


async def test_an_interrupted_creation_is_begun_again(directory: Path) -> None:
    (directory / "postgres.new").mkdir()
    (directory / "postgres.new" / "PG_VERSION").write_text("18\n")
    process = await started_postgres(directory)
    await process.stop()
    assert not (directory / "postgres.new").exists()


async def test_postgres_that_cannot_start_shows_its_last_lines(directory: Path) -> None:
    postgres.create(directory / "postgres")
    shutil.rmtree(directory / "postgres" / "global")
    process = await Process.start(postgres.service(directory / "postgres", directory, directory / "postgres.log"))
    with pytest.raises(StackError, match="PostgreSQL ended while starting") as caught:
        await process.until_ready()
    assert "FATAL" in caught.value.detail or "PANIC" in caught.value.detail or "postgres:" in caught.value.detail


async def test_valkey_keeps_nothing_on_disk(directory: Path) -> None:
    process = await started_valkey(directory)
    client = Redis.from_url(valkey.url(directory / "valkey.sock"))
    await client.set("where", "7")
    await client.aclose()
    assert stat.S_IMODE((directory / "valkey.sock").stat().st_mode) == 0o600
    await process.stop()
    assert await process.wait() == 0

    assert list((directory / "valkey").iterdir()) == []

    process = await started_valkey(directory)
    client = Redis.from_url(valkey.url(directory / "valkey.sock"))
    assert await client.get("where") is None
    await client.aclose()
    await process.stop()


def test_files_of_an_earlier_valkey_are_removed_and_no_others(directory: Path) -> None:
    data, elsewhere = directory / "valkey", directory / "elsewhere"
    (data / "appendonlydir").mkdir(parents=True)
    (data / "appendonlydir" / "appendonly.aof.1.incr.aof").write_text("where somebody was")
    (data / "dump.rdb").write_text("where somebody was")
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (data / "link").symlink_to(elsewhere)
    valkey.remove_files(data)
    assert list(data.iterdir()) == []
    assert list(elsewhere.iterdir()) == [elsewhere / "kept"]


async def test_shared_fixtures_give_an_empty_database_each(database_url: str, redis_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    await connection.close()
    client = Redis.from_url(redis_url)
    assert await client.dbsize() == 0
    await client.aclose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_postgres_as_another_user_where_namespaces_are_forbidden(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_namespaces(identity: str) -> bool:
        return identity != unprivileged.NAMESPACE and runs_as(identity)

    runs_as = postgres.runs_as
    monkeypatch.setattr(postgres, "runs_as", without_namespaces)
    postgres.identity.cache_clear()
    try:
        try:
            user = postgres.identity()
        except StackError:
            pytest.skip("the programs lie where no other user can reach them")
        assert user is not None
        sockets = directory / "sockets"
        sockets.mkdir(mode=0o700)
        postgres.hand_over(sockets, reached_through=(directory,))
        postgres.create(directory / "postgres")
        assert (directory / "postgres").stat().st_uid == int(user)
        process = await Process.start(postgres.service(directory / "postgres", sockets, directory / "postgres.log"))
        await process.until_ready()
        connection = await asyncpg.connect(postgres.url(sockets))
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()
        await process.stop()
    finally:
        postgres.identity.cache_clear()
