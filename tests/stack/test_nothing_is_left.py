"""What is promised about the end, looked at from outside: a minute later nothing of a session is stored anywhere."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from redis.asyncio import Redis

from cavalcade.client import Fix, connect, create_session, find_nearby, join_session
from cavalcade.stack import postgres, valkey

if TYPE_CHECKING:
    from tests.stack.conftest import Up

PROMISED_S = 60
OF_NO_SESSION = {b"cavalcade:gateways", b"cavalcade:nodes"}
"""Keys that say which processes there are."""

SESSION_TABLES = ("sessions", "participants", "events", "outcomes", "creations")


async def stored(run: Path) -> dict[str, int]:
    """How many rows each table holds, and how many keys Valkey."""
    database = await asyncpg.connect(postgres.url(run / "postgres"))
    tables = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    counts = {name: await database.fetchval(f'SELECT count(*) FROM "{name}"') for (name,) in tables}
    await database.close()
    client = Redis.from_url(valkey.url(run / "valkey.sock"))
    keys = [key async for key in client.scan_iter("*") if key not in OF_NO_SESSION]
    await client.aclose()
    assert set(counts) >= set(SESSION_TABLES)
    counts.pop("alembic_version", None)
    return {**counts, "keys": len(keys)}


@pytest.mark.long
@pytest.mark.parametrize("backend", ["services", "monolith"])
async def test_a_minute_after_the_end_nothing_is_stored(
    directory: Path, free_port: int, start_up: Callable[..., Awaitable[Up]], backend: str
) -> None:
    run = directory / "data" / "run"
    up = await start_up("--backend", backend, "--port", str(free_port), "--data", directory / "data")
    host = await create_session(await up.ready(), host_name="Anna")
    assert host.link is not None
    ben = await join_session(host.link, name="Ben")
    async with connect(host) as anna, connect(ben) as other:
        anna.report(Fix(60.0, 24.0))
        other.report(Fix(60.001, 24.0))
        await anna.wait_for(lambda session: set(session.positions) == {1, 2}, timeout=10)
        await anna.set_profile(name="Annette")
        async with asyncio.timeout(10):
            while not await find_nearby(host, radius_m=1000):  # noqa: ASYNC110 - it is stored a moment later
                await asyncio.sleep(0.05)
        before = await stored(run)
        await anna.end()
    assert all(before[name] > 0 for name in (*SESSION_TABLES, "keys"))
    await asyncio.sleep(PROMISED_S)
    assert {name: count for name, count in (await stored(run)).items() if count} == {}
    assert await up.end(signal.SIGTERM) == 0
