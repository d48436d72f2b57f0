"""Brings a database's schema up to date, in the process that starts first."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from cavalcade.storage.connection import is_lock_timeout, open_engine, refuse_pooler, translated
from cavalcade.storage.errors import SchemaTooNew

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x63_61_76_61_6C_63_61_64
"""The number of our advisory lock, which databases count each for itself."""

LOCK_TIMEOUT_S: Final = 2.0
"""How long a step waits for a table that is in use: later statements on the table wait behind it."""

PAUSE_S: Final = 0.5
"""How long the others have then, before it is tried again."""


async def migrate(database_url: str) -> None:
    """Brings the schema up to this version of the program, in one transaction.

    Several processes may do it at once: the first one works, the others wait and find it done. Processes of the version
    before may serve meanwhile; see docs/operations.md.

    Args:
        database_url: As for `SessionStore.open`; its role must own the tables.

    Raises:
        SchemaTooNew: The database was migrated by a newer version.
        PoolerInBetween: PgBouncer is in between, and the address does not say so.
        Unavailable: PostgreSQL is away.
    """
    await refuse_pooler(database_url)
    engine = open_engine(database_url, pool_size=1, statement_timeout_s=0, autocommit=False)
    try:
        with translated():
            while not await _took_the_steps(engine):  # noqa: ASYNC110 - nothing tells when a table is free
                await asyncio.sleep(PAUSE_S)
    finally:
        await engine.dispose()


async def _took_the_steps(engine: AsyncEngine) -> bool:
    """Takes all steps or none: False where a table was in use for too long."""
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
            await connection.execute(text(f"SET LOCAL lock_timeout = {int(LOCK_TIMEOUT_S * 1000)}"))
            await connection.run_sync(_upgrade)
    except DBAPIError as error:
        if is_lock_timeout(error):
            return False
        raise
    return True


def _upgrade(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise SchemaTooNew(
            f"The database is at schema {', '.join(sorted(unknown))}, which this version of Cavalcade does not know: "
            "a newer version has used it. Start that version, or use another database."
        )
    command.upgrade(config, "head")
