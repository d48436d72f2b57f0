"""What happens to the store when PostgreSQL is away, comes back, or refuses. A real server is started and stopped."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cavalcade.domain import session as rules
from cavalcade.domain.features.membership import Join
from cavalcade.domain.model import Limits, Role
from cavalcade.domain.operations import Operation
from cavalcade.stack import postgres
from cavalcade.stack.process import Process, Service
from cavalcade.storage import connection
from cavalcade.storage.errors import Unavailable
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored

Database = asyncpg.Connection

LIMITS = Limits()
EMPTY = Stored(rules.found("aaaaaaaaaa", None, None, 1_000, LIMITS), 1, b"code", b"viewer")


async def join(store: SessionStore, base: Stored) -> Stored:
    events = rules.decide(base.state, Operation(None, Join(Role.MEMBER)), 2_000, LIMITS)
    after = rules.replay(base.state, events)
    await store.append(base, events, after)
    return Stored(after, base.epoch, base.code_hash, base.viewer_hash)


async def waiting_for_a_lock(database: Database) -> int:
    """The process id of a server process that waits, once there is one."""
    while True:
        pid: int | None = await database.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        if pid is not None:
            return pid


class Restartable:
    """A PostgreSQL of the test's own, since the shared one must go on running."""

    def __init__(self, service: Service, url: str) -> None:
        self.service = service
        self.url = url
        self._process: Process | None = None

    async def start(self) -> None:
        self._process = await Process.start(self.service)
        await self._process.until_ready()

    async def stop(self) -> None:
        if self._process is not None:
            await self._process.stop()
            self._process = None


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Restartable]:
    with tempfile.TemporaryDirectory(prefix="cavalcade-restart-") as name:
        folder = Path(name)
        postgres.create(folder / "data")
        service = postgres.service(folder / "data", folder, folder / "log")
        restartable = Restartable(service, postgres.url(folder))
        await restartable.start()
        await migrate(restartable.url)
        yield restartable
        await restartable.stop()


async def test_a_restart_between_calls_costs_neither_reads_nor_writes(server: Restartable) -> None:
    store = SessionStore.open(server.url, pool_size=3)
    await store.insert(EMPTY, [])
    await asyncio.gather(*(store.ping() for _ in range(3)))  # so that several old connections lie in the pool
    await server.stop()
    await server.start()
    joined = await join(store, EMPTY)
    assert await store.load("aaaaaaaaaa") == joined
    await asyncio.gather(*(store.ping() for _ in range(3)))
    await store.close()


async def test_a_server_that_is_away_and_comes_back(server: Restartable) -> None:
    store = SessionStore.open(server.url)
    await store.ping()
    await server.stop()
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            await store.ping()
        assert caught.value.__cause__ is not None
    with pytest.raises(Unavailable):
        await join(store, EMPTY)
    await server.start()
    await store.ping()
    await store.close()


async def test_a_connection_that_is_cut_while_it_works(store: SessionStore, database: Database) -> None:
    await store.insert(EMPTY, [])
    async with database.transaction():
        await database.execute("SELECT 1 FROM sessions FOR UPDATE")
        appending = asyncio.create_task(join(store, EMPTY))
        await database.execute("SELECT pg_terminate_backend($1)", await waiting_for_a_lock(database))
        with pytest.raises(Unavailable):
            await appending
    assert await store.load("aaaaaaaaaa") == EMPTY


async def test_nobody_listens() -> None:
    store = SessionStore.open("postgresql://cavalcade@127.0.0.1:1/cavalcade")
    with pytest.raises(Unavailable, match="cannot be reached"):
        await store.ping()
    await store.close()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
async def test_the_usual_addresses(migrated_url: str, scheme: str) -> None:
    store = SessionStore.open(migrated_url.replace("postgresql", scheme, 1))
    await store.ping()
    await store.close()


async def test_options_of_libpq_in_the_address_are_understood(migrated_url: str) -> None:
    store = SessionStore.open(f"{migrated_url}&sslmode=disable")
    await store.ping()
    await store.close()


async def test_too_many_connections(migrated_url: str, database: Database) -> None:
    await database.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    store = SessionStore.open(migrated_url.replace("cavalcade@", "crowded@", 1))
    with pytest.raises(Unavailable):
        await store.ping()
    await store.close()
    await database.execute("DROP ROLE crowded")


async def test_every_connection_busy(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "POOL_TIMEOUT_S", 0.05)
    engine = connection.open_engine(migrated_url, pool_size=1, statement_timeout_s=5, autocommit=True)
    store = SessionStore(engine)
    async with engine.connect():
        with pytest.raises(Unavailable, match="busy"):
            await store.ping()
    await store.ping()
    await store.close()


async def test_a_row_that_somebody_keeps_locked(migrated_url: str, database: Database) -> None:
    store = SessionStore(connection.open_engine(migrated_url, pool_size=1, statement_timeout_s=1, autocommit=True))
    await store.insert(EMPTY, [])
    async with database.transaction():
        await database.execute("SELECT 1 FROM sessions FOR UPDATE")
        with pytest.raises(Unavailable):
            await join(store, EMPTY)
    await join(store, EMPTY)
    await store.close()


async def test_a_server_process_that_hangs_is_given_up_with_its_connection(server: Restartable) -> None:
    engine = connection.open_engine(server.url, pool_size=1, statement_timeout_s=1, autocommit=True)
    store = SessionStore(engine)
    async with engine.connect() as connected:
        hanging = (await connected.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    os.kill(hanging, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable):
            await store.ping()
        await store.ping()
    finally:
        os.kill(hanging, signal.SIGCONT)
    await store.close()


async def test_a_caller_that_gives_up_leaves_its_place_in_the_pool(migrated_url: str, database: Database) -> None:
    store = SessionStore.open(migrated_url, pool_size=1)
    await store.insert(EMPTY, [])
    async with database.transaction():
        await database.execute("SELECT 1 FROM sessions FOR UPDATE")
        appending = asyncio.create_task(join(store, EMPTY))
        await waiting_for_a_lock(database)
        appending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await appending
    assert await store.load("aaaaaaaaaa") == EMPTY
    await store.close()


@pytest.mark.parametrize(
    ("state", "away"),
    [
        ("53100", True),  # disk full
        ("40001", True),  # serialization failure
        ("40P01", True),  # deadlock
        ("57014", True),  # statement timeout
        ("57P01", True),  # shutting down
        ("25006", True),  # became a standby
        ("42P01", False),  # no such table
        ("22012", False),  # division by zero
        ("23514", False),  # a check was violated
    ],
)
async def test_which_refusals_mean_away(store: SessionStore, database: Database, state: str, away: bool) -> None:
    await database.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    await store.insert(EMPTY, [])
    with pytest.raises(Unavailable if away else DBAPIError):
        await join(store, EMPTY)
    await database.execute("DROP TRIGGER refuse ON events")
    await join(store, EMPTY)


async def test_errors_do_not_quote_what_is_stored(store: SessionStore, database: Database) -> None:
    await database.execute("ALTER TABLE participants ADD CHECK (name = '')")
    await store.insert(EMPTY, [])
    with pytest.raises(DBAPIError) as caught:
        await join(store, EMPTY)
    assert "Traveller 1" not in str(caught.value)


async def test_a_schema_that_changes_under_open_connections(store: SessionStore, database: Database) -> None:
    await store.insert(EMPTY, [])
    await store.load("aaaaaaaaaa")
    await database.execute("ALTER TABLE sessions ALTER COLUMN next_participant TYPE bigint")
    with pytest.raises(Unavailable):
        await store.load("aaaaaaaaaa")
    assert await store.load("aaaaaaaaaa") == EMPTY


async def test_statements_are_bounded(migrated_url: str) -> None:
    engine = connection.open_engine(migrated_url, pool_size=1, statement_timeout_s=5, autocommit=True)
    async with engine.connect() as connected:
        assert (await connected.execute(text("SHOW statement_timeout"))).scalar_one() == "5s"
        assert (await connected.execute(text("SHOW lock_timeout"))).scalar_one() == "3s"
    await engine.dispose()
