"""The commands of docs/backup.md, run as they stand there: what was backed up comes back, and tokens with it."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from cavalcade.client import (
    ErrorCode,
    LiveSession,
    Membership,
    Rejected,
    connect,
    create_session,
    fetch_session,
    join_session,
    preview_session,
)
from cavalcade.stack import postgres

if TYPE_CHECKING:
    from cavalcade.client import Resumption
    from tests.stack.conftest import Up

StartUp = Callable[..., Awaitable["Up"]]

PAGE = (Path(__file__).parents[2] / "docs" / "backup.md").read_text()
EMBEDDED, OWN, COPY, UNPACK, DUMP, KEEP_SECRET, RESTORE_EMBEDDED, RESTORE_OWN = re.findall(
    r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
)
SOON = 20.0


async def run(*blocks: str, **variables: str | Path) -> None:
    """Run blocks of the page one after another in one shell, which ends at the first command that fails."""
    path = os.pathsep.join((str(Path(sys.executable).parent), str(postgres.binaries()), os.environ["PATH"]))
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", "\n".join(blocks)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PATH": path} | {name: str(value) for name, value in variables.items()},
    )
    said, _ = await shell.communicate()
    assert (shell.returncode, said.decode()) == (0, "")


async def rename(anna: Membership, name: str) -> Resumption:
    """Have Anna do something, and return what her phone knows then."""
    async with connect(anna) as session:
        await session.set_profile(name=name)
        await session.wait_for(lambda live: live.me is not None and live.me.name == name, SOON)
        return session.resumption()


async def name_after_coming_back(anna: Membership, known: Resumption, offset: int) -> str:
    """Join with the token and the offset of before, and return Anna's name at ``offset``."""
    session = LiveSession(anna, resumption=known)
    session.start()
    await session.wait_for(lambda live: live.state.offset == offset and len(live.present) == 1, SOON)
    assert session.me is not None
    name = session.me.name
    await session.close()
    assert name is not None
    return name


def offset_of(known: Resumption) -> int:
    assert known.state is not None
    return known.state.offset


async def test_embedded_servers(directory: Path, free_port: int, start_up: StartUp) -> None:
    data, backup = directory / "data", directory / "backup"
    backup.mkdir()
    arguments = ("--port", str(free_port), "--data", data)
    up = await start_up(*arguments)
    anna = await create_session(await up.ready(), host_name="Anna")
    first = await rename(anna, "dumped")
    await run(EMBEDDED, DUMP, KEEP_SECRET, DATA=data, BACKUP=backup)
    second = await rename(anna, "copied")
    assert await up.end(signal.SIGTERM) == 0
    await run(EMBEDDED, COPY, DATA=data, BACKUP=backup)

    shutil.rmtree(data)
    await run(EMBEDDED, UNPACK, DATA=data, BACKUP=backup)
    up = await start_up(*arguments)
    await up.ready()
    # Her phone asks for what came after `first`, and is told.
    assert await name_after_coming_back(anna, first, offset_of(second)) == "copied"
    assert await up.end(signal.SIGTERM) == 0

    shutil.rmtree(data)
    up = await start_up(*arguments)
    await up.ready()
    await run(EMBEDDED, RESTORE_EMBEDDED, DATA=data, BACKUP=backup)
    with pytest.raises(Rejected) as refused:  # the secret is not read yet
        await fetch_session(anna)
    assert refused.value.code is ErrorCode.UNAUTHORIZED
    assert anna.link
    assert (await preview_session(anna.link)).participants == 1  # links need no secret
    assert await up.end(signal.SIGTERM) == 0
    up = await start_up(*arguments)
    await up.ready()
    # Her phone knows more than the dump, and takes what there is.
    assert await name_after_coming_back(anna, second, offset_of(first)) == "dumped"
    assert offset_of(await rename(anna, "on again")) == offset_of(first) + 1 == offset_of(second)
    # A phone that still knows "copied" at this offset is told what really happened there.
    assert await name_after_coming_back(anna, second, offset_of(second)) == "on again"
    assert {path.stat().st_mode & 0o077 for path in backup.iterdir()} == {0}


async def test_servers_of_ones_own(
    directory: Path, free_port: int, start_up: StartUp, database_url: str, redis_url: str
) -> None:
    environment = {
        "CAVALCADE_DATABASE_URL": database_url,
        "CAVALCADE_REDIS_URL": redis_url,
        "CAVALCADE_SECRET": secrets.token_urlsafe(32),
    }
    arguments = ("--port", str(free_port), "--data", directory / "data")
    up = await start_up(*arguments, environment=environment)
    anna = await create_session(await up.ready(), host_name="Anna")
    known = await rename(anna, "dumped")
    await run(OWN, DUMP, BACKUP=directory, **environment)
    await rename(anna, "lost")
    assert anna.link
    ben = await join_session(anna.link, name="Ben")
    assert await up.end(signal.SIGTERM) == 0

    connection = await asyncpg.connect(database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    await run(OWN, RESTORE_OWN, BACKUP=directory, **environment)
    up = await start_up(*arguments, environment=environment)
    await up.ready()
    assert await name_after_coming_back(anna, known, offset_of(known)) == "dumped"
    with pytest.raises(Rejected) as refused:  # the backup does not know him
        await fetch_session(ben)
    assert refused.value.code is ErrorCode.UNAUTHORIZED
    # The page warns of this: the next one to join gets his number, which his token names.
    assert (await join_session(anna.link, name="Carl")).participant == ben.participant
