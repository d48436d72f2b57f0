"""One life of a session as a version stored it: every statement with its parameters and its answer.

A schema may change while processes of the version before still serve. So before a migration is written,
`python -m tests.storage.recording` keeps here what this version does, under the name of its schema; from then on
`test_upgrade` holds every newer schema to it.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import Connection, event

from cavalcade.domain.features.ending import EndSession
from cavalcade.domain.features.membership import Join, Leave
from cavalcade.domain.features.profile import SetProfile
from cavalcade.domain.model import Limits, Role
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, found, replay
from cavalcade.stack import postgres
from cavalcade.stack.process import Process
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Outcome, Stored

FOLDER: Final = Path(__file__).parent / "recordings"
SESSION: Final = "k3v9x0m2qa"
NOW: Final = 1_795_000_000_000


def to_json(value: object) -> object:
    """A parameter or a column for a file; bytes as hexadecimal digits."""
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def from_json(value: Any) -> Any:
    """What `to_json` was given."""
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) and value.keys() == {"hex"} else value


async def live(store: SessionStore) -> None:
    """A session is made, joined, changed, read, taken over, ended and deleted."""
    limits = Limits()
    empty = found(SESSION, "Trip", 3600, NOW, limits)
    events = decide(empty, Operation(None, Join(Role.MEMBER, "Anna", "#336699")), NOW, limits)
    stored = Stored(replay(empty, events), 1, b"c" * 32, b"v" * 32)
    await store.insert(stored, events, key_hash="key", digest="made")
    operations = [
        Operation(None, Join(Role.MEMBER, "Ben", None)),
        Operation(2, SetProfile(name="Benny"), "op-1", "renamed"),
        Operation(2, Leave(), "op-2", "left"),
        Operation(1, EndSession(), "op-3", "ended"),
    ]
    for number, operation in enumerate(operations, 1):
        loaded = await store.load(SESSION)
        assert loaded is not None
        decided = decide(loaded.state, operation, NOW + number, limits)
        after = replay(loaded.state, decided)
        outcome = None if operation.op_id is None else Outcome(operation.digest, {"offset": after.offset})
        await store.append(loaded, decided, after, memory=operation.memory, outcome=outcome)
    await store.recall(SESSION, 2, "op-1")
    await store.events_after(SESSION, 0)
    await store.offsets([SESSION])
    at_the_end = await store.load(SESSION)
    assert at_the_end is not None
    await store.take_over([at_the_end])
    await store.due(NOW)
    await store.purge(NOW + 100_000)


async def record() -> tuple[str, str]:
    """Makes the recording of this version: its file's name, and what is in it."""
    with tempfile.TemporaryDirectory(prefix="cavalcade-record-") as name:
        server = Path(name)
        postgres.create(server / "postgres")
        process = await Process.start(postgres.service(server / "postgres", server, server / "log"))
        await process.until_ready()
        url = postgres.url(server)
        await migrate(url)
        store = SessionStore.open(url, pool_size=1)
        done: list[tuple[str, Sequence[Any]]] = []

        def note(_: Connection, __: object, statement: str, parameters: Any, *___: object) -> None:
            done.append((statement, list(parameters)))

        event.listen(store._engine.sync_engine, "before_cursor_execute", note)
        await live(store)
        await store.close()
        connection = await asyncpg.connect(url)
        schema = await connection.fetchval("SELECT version_num FROM alembic_version")
        await connection.close()
        await process.stop()
    lines: list[Mapping[str, Any]] = [
        {"statement": statement, "parameters": [to_json(value) for value in parameters]}
        for statement, parameters in done
    ]
    return f"{schema}.json", json.dumps(lines, indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    _name, _text = asyncio.run(record())
    (FOLDER / _name).write_text(_text)
