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

from cavalcade.storage.errors import Unavailable

CONNECT_TIMEOUT_S: Final = 3
STATEMENT_TIMEOUT_S: Final = 5
LOCK_TIMEOUT_S: Final = 3
POOL_TIMEOUT_S: Final = 2

_AWAY_CLASSES: Final = frozenset({"08", "28", "3D", "40", "53", "57", "58"})
"""SQLSTATE classes: connection, who may connect, to which database, rollback, resources, intervention, system."""

_AWAY_STATES: Final = frozenset({"25006", "55P03"})
"""Read-only because it has become a standby, and a lock that was not granted in time."""


def open_engine(database_url: str, *, pool_size: int, statement_timeout_s: int, autocommit: bool) -> AsyncEngine:
    """Prepares a pool; nothing is connected yet.

    Args:
        database_url: `postgresql://...` as asyncpg and libpq read it, a Unix socket through `?host=/directory`.
        pool_size: The most connections at once.
        statement_timeout_s: After how many seconds the server gives up a statement and the wait for a lock; 0 is never.
        autocommit: Whether each statement is a transaction of its own, which saves two round trips.
    """
    scheme, _, rest = database_url.partition("://")
    address = f"{scheme.removesuffix('+asyncpg')}://{rest}"
    lock_timeout_s = min(LOCK_TIMEOUT_S, statement_timeout_s)

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        # asyncpg reads the address itself: it knows what libpq knows (sslmode, several hosts, sockets).
        return await asyncpg.connect(
            address,
            timeout=CONNECT_TIMEOUT_S,
            # The server's own timeout comes first; this one is for a server that does not answer at all.
            command_timeout=statement_timeout_s + 1 if statement_timeout_s else None,
            server_settings={
                "application_name": "cavalcade",
                "statement_timeout": f"{statement_timeout_s}s",
                "lock_timeout": f"{lock_timeout_s}s",
            },
        )

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
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
    # The schema was migrated under a prepared statement; nothing ran, and the next call prepares it anew.
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
