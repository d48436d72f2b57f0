import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from cavalcade.storage.connection import open_engine
from cavalcade.storage.errors import SchemaTooNew, Unavailable
from cavalcade.storage.migrate import migrate
from cavalcade.storage.tables import metadata

MIGRATE = "import asyncio, sys; from cavalcade.storage.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"


async def table_names(database_url: str) -> set[str]:
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    await connection.close()
    return {row["table_name"] for row in rows}


async def test_the_migrations_make_what_the_tables_say(migrated_url: str) -> None:
    engine = open_engine(migrated_url, pool_size=1, statement_timeout_s=5, autocommit=False)

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_second_time_changes_nothing(migrated_url: str) -> None:
    before = await table_names(migrated_url)
    await migrate(migrated_url)
    assert await table_names(migrated_url) == before == {*metadata.tables, "alembic_version"}


async def test_tasks_of_one_process_at_once(database_url: str) -> None:
    await asyncio.gather(*(migrate(database_url) for _ in range(5)))
    assert set(metadata.tables) < await table_names(database_url)


async def test_several_processes_at_once(database_url: str) -> None:
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, database_url) for _ in range(3)]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert set(metadata.tables) < await table_names(database_url)


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(migrated_url: str) -> None:
    connection = await asyncpg.connect(migrated_url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match=r"schema 9999.*newer version"):
        await migrate(migrated_url)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
    await connection.close()


async def test_no_server_there(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await migrate(f"postgresql://cavalcade@/cavalcade?host={tmp_path}")
