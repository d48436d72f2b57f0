"""Connections to PostgreSQL: how they are made, checked and bounded, and which failures mean that it is away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from cavalcade.storage.errors import PoolerInBetween, Unavailable

CONNECT_TIMEOUT_S: Final = 3
STATEMENT_TIMEOUT_S: Final = 5
LOCK_TIMEOUT_S: Final = 3
POOL_TIMEOUT_S: Final = 2

_PGBOUNCER: Final = "pgbouncer="

_AWAY_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "57", "58"})
"""SQLSTATE classes: connection, who may connect, to which database, rollback, resources, intervention, system."""

_AWAY_STATES: Final = frozenset({"25006", "55P03"})
"""Read-only because it has become a standby, and a lock that was not granted in time."""


def open_engine(database_url: str, *, pool_size: int, statement_timeout_s: int, autocommit: bool) -> AsyncEngine:
    """Prepares a pool; nothing is connected yet.

    Args:
        database_url: `postgresql://...` as asyncpg and libpq read it, a Unix socket through `?host=/directory`; with
            `pgbouncer=true` among its options where connections are handed out for each transaction.
        pool_size: The most connections at once.
        statement_timeout_s: After how many seconds the server gives up a statement and the wait for a lock; 0 is never.
            Through PgBouncer it is given up a second later, from here.
        autocommit: Whether each statement is a transaction of its own, which saves two round trips.
    """
    address, is_pooled = _read(database_url)
    bounds = {
        "statement_timeout": f"{statement_timeout_s}s",
        "lock_timeout": f"{min(LOCK_TIMEOUT_S, statement_timeout_s)}s",
    }
    # Of what one transaction sets or prepares on a connection of PgBouncer's the next one finds nothing, or another's.
    unprepared = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: ""} if is_pooled else {}

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        # asyncpg reads the address itself: it knows what libpq knows (sslmode, several hosts, sockets).
        return await asyncpg.connect(
            address,
            timeout=CONNECT_TIMEOUT_S,
            # The server's own timeout comes first; this one is for a server that does not answer at all.
            command_timeout=statement_timeout_s + 1 if statement_timeout_s else None,
            statement_cache_size=0 if is_pooled else 100,
            server_settings={"application_name": "cavalcade", **({} if is_pooled else bounds)},
        )

    def adapted() -> Any:  # noqa: ANN401 - SQLAlchemy's, which waits for `connect` by itself
        driver: Any = engine.dialect.dbapi
        return driver.connect(async_creator_fn=connect, **unprepared)

    engine: AsyncEngine = create_async_engine(
        "postgresql+asyncpg://",
        creator=adapted,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_recycle=1800,
        pool_use_lifo=True,
        hide_parameters=True,  # they hold names, and errors end up in logs
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _read(database_url: str) -> tuple[str, bool]:
    """The address as asyncpg reads it, and whether PgBouncer is in between."""
    scheme, _, rest = database_url.partition("://")
    place, _, query = rest.partition("?")
    options = query.split("&") if query else []
    kept = "&".join(option for option in options if not option.startswith(_PGBOUNCER))
    address = f"{scheme.removesuffix('+asyncpg')}://{place}{'?' if kept else ''}{kept}"
    return address, f"{_PGBOUNCER}true" in options


async def refuse_pooler(database_url: str) -> None:
    """Looks whether the database gets what connections are to set: statements are bounded by that.

    Raises:
        PoolerInBetween: Where it does not, and the address does not say `pgbouncer=true`.
        Unavailable: PostgreSQL is away.
    """
    if _read(database_url)[1]:
        return
    engine = open_engine(database_url, pool_size=1, statement_timeout_s=STATEMENT_TIMEOUT_S, autocommit=True)
    try:
        with translated():
            async with engine.connect() as connected:
                found = (await connected.exec_driver_sql("SHOW statement_timeout")).scalar_one()
    except Unavailable as error:
        if "startup parameter" not in str(error.__cause__):
            raise
        found = None
    finally:
        await engine.dispose()
    if found != f"{STATEMENT_TIMEOUT_S}s":
        raise PoolerInBetween(
            "Something like PgBouncer stands before the database and does not pass on what connections set. "
            "Add pgbouncer=true to the options in CAVALCADE_DATABASE_URL, as in postgresql://user@host/name?pgbouncer=true"
        )


def _refuse_closed(connection: Any, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:  # noqa: ANN401 - the driver's, adapted at run time
    """Has the pool replace a connection that PostgreSQL has closed, as after its restart; costs no round trip."""
    # A new one is not refused: the pool would give up with an error that says nothing, the statement says more.
    used = entry.info.get("used", False)
    entry.info["used"] = True
    if used and connection.driver_connection.is_closed():
        raise DisconnectionError


@contextmanager
def translated() -> Iterator[None]:
    """Raises `Unavailable` in place of what says that PostgreSQL is away; other errors pass."""
    try:
        yield
    except PoolTimeoutError as error:
        raise Unavailable("every connection to PostgreSQL is busy") from error
    except DBAPIError as error:
        if not _says_away(error):
            raise
        raise Unavailable(
            f"PostgreSQL is away ({type(error.orig.__cause__ if error.orig else error).__name__})"
        ) from error
    except OSError as error:  # among them TimeoutError and refused connections
        raise Unavailable(f"PostgreSQL cannot be reached ({type(error).__name__})") from error


def _says_away(error: DBAPIError) -> bool:
    cause = error.orig.__cause__ if error.orig is not None else None
    # The schema was migrated under a prepared statement; nothing ran, and the next call prepares it again.
    if error.connection_invalidated or isinstance(cause, asyncpg.InvalidCachedStatementError):
        return True
    state: str = getattr(error.orig, "sqlstate", None) or ""
    return state[:2] in _AWAY_CLASSES or state in _AWAY_STATES


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether a statement waited for a lock longer than `lock_timeout`."""
    return getattr(error.orig, "sqlstate", None) == "55P03"


def violated_constraint(error: DBAPIError) -> str | None:
    """The name of the constraint that a statement violated, if that is what went wrong."""
    cause = error.orig.__cause__ if error.orig is not None else None
    return getattr(cause, "constraint_name", None)
