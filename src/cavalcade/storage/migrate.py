"""Brings a database's schema up to date, whoever starts first."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from cavalcade.storage.connection import open_engine, translated
from cavalcade.storage.errors import SchemaTooNew

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x63_61_76_61_6C_63_61_64
"""The number of our advisory lock, which databases count each for itself."""


async def migrate(database_url: str) -> None:
    """Brings the schema up to this version of the program, in one transaction.

    Several processes may do it at once: the first one works, the others wait and find it done.

    Args:
        database_url: As for `SessionStore.open`; its role must own the tables.

    Raises:
        SchemaTooNew: The database was migrated by a newer version.
        Unavailable: PostgreSQL is away.
    """
    engine = open_engine(database_url, pool_size=1, statement_timeout_s=0, autocommit=False)
    try:
        with translated():
            async with engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
                await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


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
