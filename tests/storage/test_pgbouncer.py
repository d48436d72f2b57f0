"""PgBouncer hands out its connections to PostgreSQL by the transaction: that works where it is said, or is refused."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from cavalcade.domain.model import Limits
from cavalcade.domain.session import found
from cavalcade.stack import postgres
from cavalcade.stack.process import Process, Service
from cavalcade.storage.errors import PoolerInBetween
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from tests.storage.test_connection import join

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/opt/homebrew/bin")
BOUNDS = "statement_timeout, lock_timeout"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed (apt-get install pgbouncer)")

Pooler = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def running(folder: Path, server_directory: Path, database: str, ignores: str) -> AsyncIterator[str]:
    """A PgBouncer over one database, with two connections to it; its address."""
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        f"[databases]\n{database} = host={server_directory} user={postgres.USER}\n"
        f"[pgbouncer]\nlisten_addr =\nunix_socket_dir = {folder}\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = 2\nignore_startup_parameters = {ignores}\n"
    )

    async def answers() -> bool:
        try:
            connection = await asyncpg.connect(address, statement_cache_size=0)
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    assert PROGRAM is not None
    address = f"postgresql://{postgres.USER}@/{database}?host={quote(str(folder), safe='/')}&port=6432"
    command = postgres.as_identity(postgres.identity(), PROGRAM, configuration)
    process = await Process.start(Service("PgBouncer", command, answers, folder / "pgbouncer.log"))
    try:
        await process.until_ready()
        yield address
    finally:
        await process.stop()


@pytest.fixture
async def pooler(server_directory: Path, database_url: str) -> AsyncIterator[Pooler]:
    """Starts a PgBouncer over a database of this test's own, which ignores the startup parameters named."""
    database = database_url.partition("@/")[2].partition("?")[0]
    folder = server_directory / f"bouncer-{database}"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        yield lambda ignores: stack.enter_async_context(running(folder, server_directory, database, ignores))


@pytest.mark.parametrize("ignores", ["extra_float_digits", BOUNDS])
async def test_without_the_setting_it_is_refused_with_what_to_do(pooler: Pooler, ignores: str) -> None:
    with pytest.raises(PoolerInBetween, match=r"PgBouncer .* pgbouncer=true"):
        await migrate(await pooler(ignores))


async def test_with_the_setting_everything_works_for_many_at_once(pooler: Pooler) -> None:
    address = f"{await pooler('extra_float_digits')}&pgbouncer=true"
    await asyncio.gather(*(migrate(address) for _ in range(3)))
    stores = [SessionStore.open(address, pool_size=3) for _ in range(3)]

    async def ride(number: int) -> None:
        store, name = stores[number % len(stores)], f"session{number:03}"
        empty = Stored(found(name, None, None, 1_000, Limits()), 1, b"code", b"viewer")
        assert await store.insert(empty, []) is None
        stored = empty
        for _ in range(5):
            stored = await join(store, stored)
            assert await store.load(name) == stored
        async with store.locked(name) as locked:
            stored = await join(locked, stored)
        assert await store.offsets([name]) == {name: (1, 6)}
        assert len(await store.events_after(name, 0)) == 6
        assert set(await store.take_over([stored])) == {name}

    await asyncio.gather(*(ride(number) for number in range(24)))
    for store in stores:
        await store.close()
