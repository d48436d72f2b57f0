"""Takes what was deleted out of the files of the embedded PostgreSQL.

A deleted row stays in its page until another one needs the place, and in the write-ahead log until its file is removed;
where little happens that may take weeks. So tables that changed are written again without what was deleted, and the log
up to then is dropped.
"""

from __future__ import annotations

import asyncio
import sys

import asyncpg

ERASE_EVERY_S = 300.0
"""How long what was deleted may stay in the files, seconds."""

ATTEMPT_S = 20.0
"""The longest that one attempt takes."""

_LOCK_TIMEOUT = "500ms"
"""A table that is in use is left for the next time, before anybody waits for it noticeably."""

LARGEST_BYTES = 64 * 1024 * 1024
"""Tables beyond this are left out, since nobody can use a table while it is written again; it takes about a second."""

_CHANGES = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables"

_TABLES = """
SELECT format('%I.%I', schemaname, relname) FROM pg_stat_user_tables WHERE pg_total_relation_size(relid) <= $1
"""


class Erasure:
    """Erases from one database, as often as something has changed in it."""

    def __init__(self, database_url: str) -> None:
        """Takes the address of a database, and a role that may checkpoint."""
        self._database_url = database_url
        self._changes_seen = -1

    async def run(self) -> None:
        """Erases every five minutes where something has changed, until cancelled."""
        while True:
            await asyncio.sleep(ERASE_EVERY_S)
            await self.attempt()

    async def attempt(self) -> None:
        """Erases once; where PostgreSQL is away or its disk is full that waits for the next time."""
        try:
            async with asyncio.timeout(ATTEMPT_S):
                await self.erase()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            sys.stderr.write(f"What was deleted stays in PostgreSQL's files for now ({type(error).__name__}).\n")

    async def erase(self) -> None:
        """Erases what was deleted until now, unless nothing has changed since the last time.

        Raises:
            PostgresError: PostgreSQL refused it.
            OSError: It is away.
        """
        connection = await asyncpg.connect(self._database_url, server_settings={"lock_timeout": _LOCK_TIMEOUT})
        try:
            changes = await connection.fetchval(_CHANGES)
            if changes == self._changes_seen:
                return
            complete = True
            for (table,) in await connection.fetch(_TABLES, LARGEST_BYTES):
                try:
                    await connection.execute(f"VACUUM (FULL) {table}")
                except asyncpg.LockNotAvailableError:
                    complete = False
            # A new file of the log, then none before it: those of before are removed, not used again (`wal_recycle`).
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT")
            if complete:
                self._changes_seen = changes
        finally:
            await connection.close()
