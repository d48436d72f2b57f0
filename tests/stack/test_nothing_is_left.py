"""What is promised about the end, looked at from outside: a minute later nothing of a session is stored anywhere."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from redis.asyncio import Redis

from cavalcade.client import Fix, PlaceKind, connect, create_session, find_nearby, join_session
from cavalcade.stack import postgres, valkey

if TYPE_CHECKING:
    from tests.stack.conftest import Up

PROMISED_S = 60
OF_NO_SESSION = {b"cavalcade:gateways", b"cavalcade:nodes"}
"""Keys that say which processes there are."""

GONE = -2
"""What PTTL says of a key that was deleted meanwhile."""

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


async def milliseconds_left(run: Path) -> list[int]:
    """How long Valkey keeps each key of a session; less than nothing where it does so for ever."""
    client = Redis.from_url(valkey.url(run / "valkey.sock"))
    left = [await client.pttl(key) async for key in client.scan_iter("*") if key not in OF_NO_SESSION]
    await client.aclose()
    return [milliseconds for milliseconds in left if milliseconds != GONE]


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


NAMES = ("Xanthippe Quill", "Zebulon Quay", "Ride to Xochimilco")
PLACE = Fix(61.2345678, 23.8765432)
RENAMED = "Xanthippe Renamed"


REMOVED = "xylophone in the quarry"
CORRECTED = "quagga at the oxbow"


async def found_in_keys(run: Path, trace: bytes) -> list[bytes]:
    """Which keys of Valkey hold a trace, in their names or in what they hold."""
    client = Redis.from_url(valkey.url(run / "valkey.sock"))
    kept = [(key, await client.dump(key)) async for key in client.scan_iter("*")]
    slow = await client.slowlog_get(1000)
    await client.aclose()
    return [key for key, content in kept if trace in key + (content or b"")] + [b"slowlog" for _ in slow]


def traces() -> list[bytes]:
    """All that would show who rode where: names, and numbers of the place as they are spelt and packed."""
    numbers = [round(number * 1e7) for number in (PLACE.lat, PLACE.lon)]
    packed = [number.to_bytes(4, order, signed=True) for number in numbers for order in ("big", "little")]
    spelt = [text.encode() for number in numbers for text in (str(number), f"{number / 1e7}")]
    return [*(name.encode() for name in (*NAMES, RENAMED)), *packed, *spelt]


def found_in(folder: Path, wanted: Sequence[bytes] = (), *, but: str | None = None) -> list[tuple[str, bytes]]:
    """Which files below a folder hold which trace."""
    left_out = None if but is None else folder / but
    files = [path for path in folder.rglob("*") if path.is_file() and left_out not in path.parents]
    contents = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return [(name, trace) for name, content in contents.items() for trace in wanted or traces() if trace in content]


async def found_in_tables(run: Path, wanted: Sequence[bytes] = ()) -> list[tuple[str, bytes]]:
    """Which tables, those of PostgreSQL's own among them, hold which trace in their rows."""
    database = await asyncpg.connect(postgres.url(run / "postgres"))
    tables = await database.fetch(
        "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables"
        " WHERE table_type = 'BASE TABLE'"
    )
    found = []
    for (name,) in tables:
        rows = "\n".join(str(row[0]) for row in await database.fetch(f"SELECT t::text FROM {name} AS t"))
        found += [(name, trace) for trace in wanted or traces() if trace in rows.encode()]
    await database.close()
    return found


@pytest.mark.parametrize("backend", ["services", "monolith"])
async def test_no_file_and_no_row_tells_of_a_session_that_is_over(
    directory: Path, free_port: int, start_up: Callable[..., Awaitable[Up]], backend: str
) -> None:
    """In Valkey's files and in logs nothing stands at any time; in PostgreSQL's files nothing after it has stopped."""
    data = directory / "data"
    left_behind = data / "valkey" / "appendonlydir" / "appendonly.aof.1.incr.aof"  # by an earlier version
    left_behind.parent.mkdir(parents=True)
    left_behind.write_bytes(b"\n".join(traces()))
    (data / "lock").touch()  # by which `cavalcade up` knows its own folder
    settings = {"CAVALCADE_PURGE_AFTER_S": "1"}
    up = await start_up("--backend", backend, "--port", str(free_port), "--data", data, environment=settings)
    host = await create_session(await up.ready(), name=NAMES[2], host_name=NAMES[0])
    assert host.link is not None
    ben = await join_session(host.link, name=NAMES[1])
    async with connect(host) as anna, connect(ben) as other:
        anna.report(PLACE)
        other.report(PLACE)
        await anna.wait_for(lambda session: set(session.positions) == {1, 2}, timeout=10)
        await anna.set_profile(name=RENAMED)
        async with asyncio.timeout(10):
            while not await find_nearby(host, radius_m=1000):  # noqa: ASYNC110 - it is stored a moment later
                await asyncio.sleep(0.05)
        database = await asyncpg.connect(postgres.url(data / "run" / "postgres"))
        await database.execute("ANALYZE")  # as PostgreSQL does by itself after many changes
        await database.close()
        assert await found_in_tables(data / "run")  # or this would show nothing
        assert found_in(data, but="postgres") == []
        # What is removed is gone with the answer, and its digest, from which a short text can be guessed, too.
        trace = REMOVED.encode()
        message = await anna.send_message(REMOVED)
        (event,) = await anna.messages(limit=1)
        database = await asyncpg.connect(postgres.url(data / "run" / "postgres"))
        query = "SELECT digest FROM outcomes WHERE op_id = $1"
        sent = (await database.fetchval(query, event.op_id)).encode()
        await database.close()
        assert [name for name, _ in await found_in_tables(data / "run", [trace])] == ["public.events"]
        assert [name for name, _ in await found_in_tables(data / "run", [sent])] == ["public.outcomes"]
        await anna.remove_message(message)
        assert await found_in_tables(data / "run", [trace, sent]) == []
        assert await found_in_keys(data / "run", trace) == []
        assert found_in(data, [trace], but="postgres") == []
        # So it is with a place: with each change what it was before, and with its removal the rest.
        place = await anna.add_place(PlaceKind.NOTE, (1, 2), name=REMOVED)
        tables = {name for name, _ in await found_in_tables(data / "run", [trace])}
        assert tables == {"public.events", "public.sessions"}
        await anna.set_place(place, name="Mill", note=CORRECTED)
        assert await found_in_tables(data / "run", [trace]) == []
        assert await found_in_tables(data / "run", [CORRECTED.encode()])
        await anna.remove_place(place)
        for gone in (trace, CORRECTED.encode()):
            assert await found_in_tables(data / "run", [gone]) == []
            assert await found_in_keys(data / "run", gone) == []
            assert found_in(data, [gone], but="postgres") == []
        await anna.end()
    async with asyncio.timeout(PROMISED_S):
        while any({**await stored(data / "run"), "keys": 0}.values()):  # noqa: ASYNC110 - nothing tells when it is purged
            await asyncio.sleep(0.2)
    # Valkey deletes the rest by itself; that it does is seen by the test that waits for all of the minute.
    assert all(0 < left <= PROMISED_S * 1000 for left in await milliseconds_left(data / "run"))
    assert await found_in_tables(data / "run") == []
    assert await up.end(signal.SIGTERM) == 0
    assert found_in(data) == []
