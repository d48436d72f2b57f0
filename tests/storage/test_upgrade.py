"""Two versions at once: what the version before does still works while, and after, a newer one changes the schema."""

import asyncio
import contextlib
import io
import json
import re

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event

from cavalcade.domain.features.membership import Join
from cavalcade.domain.model import Limits, Role
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, replay
from cavalcade.storage import migrate as migrating
from cavalcade.storage.connection import open_engine
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore
from tests.storage import recording

EXPANSIONS = (
    r"CREATE TABLE \w+ \(.*\)",
    r"CREATE (UNIQUE )?INDEX \w+ ON (?P<table>\w+) .*",
    r"ALTER TABLE \w+ ADD COLUMN \"?\w+\"? [^,]*",
    r"(INSERT INTO|UPDATE) alembic_version .*",
    r"ALTER TABLE \w+ ALTER COLUMN \w+ SET STATISTICS 0",
    r"DO \$\$ BEGIN IF [^;]* THEN PERFORM pg_clear_attribute_stats\([^;]*\); END IF; END \$\$",
)
"""What may change while an older version serves: nothing that it uses goes away or means another thing."""


def _config() -> Config:
    config = Config(output_buffer=io.StringIO())
    config.set_main_option("script_location", str(migrating._MIGRATIONS))
    return config


REVISIONS = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]
RECORDED = [path.stem for path in sorted(recording.FOLDER.glob("*.json"))]


async def _migrate_to(database_url: str, revision: str) -> None:
    engine = open_engine(database_url, pool_size=1, statement_timeout_s=5, autocommit=False)
    config = _config()

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


async def _replay(connection: "asyncpg.Connection[asyncpg.Record]", schema: str, begin: int = 0, end: int = 999) -> int:
    """Does what the version of a schema did, and returns how many rows were answered."""
    await connection.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")
    answered = 0
    for line in json.loads((recording.FOLDER / f"{schema}.json").read_text())[begin:end]:
        parameters = [recording.from_json(value) for value in line["parameters"]]
        answered += len(await connection.fetch(line["statement"], *parameters))
    return answered


def test_every_schema_but_the_newest_was_recorded_before_it_was_changed() -> None:
    """See `recording`, if this fails for a migration that you have just written."""
    assert set(REVISIONS[:-1]) <= set(RECORDED)


@pytest.mark.parametrize("revision", REVISIONS[1:])
async def test_a_migration_only_adds(database_url: str, revision: str) -> None:
    """Taking away is for a later version, when no process of one that uses it is left; then it is named here."""
    before = REVISIONS[REVISIONS.index(revision) - 1]
    await _migrate_to(database_url, before)
    done: list[str] = []
    engine = open_engine(database_url, pool_size=1, statement_timeout_s=5, autocommit=False)
    config = _config()

    def upgrade(made: Connection) -> None:
        config.attributes["connection"] = made
        command.upgrade(config, revision)

    event.listen(
        engine.sync_engine, "before_cursor_execute", lambda *arguments: done.append(" ".join(arguments[2].split()))
    )
    async with engine.begin() as begun:
        await begun.run_sync(upgrade)
    await engine.dispose()
    changes = [text for text in done if not text.startswith(("SELECT", "BEGIN"))]
    assert changes
    new_tables = set(re.findall(r"CREATE TABLE (\w+)", " ".join(changes)))
    for change in changes:
        matched = next((found for rule in EXPANSIONS if (found := re.fullmatch(rule, change))), None)
        assert matched, change
        # A column that must be filled would refuse what older versions insert.
        assert "ADD COLUMN" not in change or "NOT NULL" not in change or "DEFAULT" in change, change
        # An index on a table that is in use would lock out its writers for as long as it takes.
        assert "INDEX" not in change or matched["table"] in new_tables, change


@pytest.mark.parametrize("schema", RECORDED)
async def test_what_a_version_did_works_on_the_newest_schema(database_url: str, schema: str) -> None:
    await _migrate_to(database_url, schema)
    connection = await asyncpg.connect(database_url)
    as_then = await _replay(connection, schema)
    await migrate(database_url)
    assert await _replay(connection, schema) == as_then > 10
    await connection.close()


@pytest.mark.parametrize("schema", RECORDED)
async def test_versions_take_turns_on_the_same_session(database_url: str, schema: str) -> None:
    """The old one makes a session, the schema changes under it, the new one writes, the old one reads and is fenced."""
    await _migrate_to(database_url, schema)
    old = await asyncpg.connect(database_url)
    statements = json.loads((recording.FOLDER / f"{schema}.json").read_text())
    load = next(n for n, line in enumerate(statements) if line["statement"].startswith("SELECT sessions.id"))
    await _replay(old, schema, 0, load + 2)  # made, read, and Ben is in
    await migrate(database_url)
    store = SessionStore.open(database_url)
    base = await store.load(recording.SESSION)
    assert base is not None
    assert base.state.participants[1].name == "Anna"
    limits = Limits()
    decided = decide(base.state, Operation(None, Join(Role.MEMBER, "Cleo", None)), recording.NOW, limits)
    await store.append(base, decided, replay(base.state, decided))
    assert await _replay(old, schema, load, load + 1) == 1
    again = statements[load + 1]
    parameters = [recording.from_json(value) for value in again["parameters"]]
    assert await old.fetch(again["statement"], *parameters) == []  # built on an offset that is gone
    await store.close()
    await old.close()


async def test_a_migration_that_cannot_have_its_lock_holds_nobody_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that waits for a table's lock stops all that come after it; so it waits briefly, and tries again."""
    monkeypatch.setattr(migrating, "LOCK_TIMEOUT_S", 0.2)
    await _migrate_to(database_url, "0001")
    reader, other = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    transaction = reader.transaction()
    await transaction.start()
    await reader.fetch("SELECT * FROM sessions")
    upgrading = asyncio.create_task(migrate(database_url))
    for _ in range(10):
        async with asyncio.timeout(3):
            await other.fetch("SELECT * FROM sessions")
        await asyncio.sleep(0.1)
    assert not upgrading.done()
    await transaction.rollback()
    async with asyncio.timeout(10):
        await upgrading
    assert await other.fetchval("SELECT version_num FROM alembic_version") == REVISIONS[-1]
    with contextlib.suppress(OSError):
        await asyncio.gather(reader.close(), other.close())
