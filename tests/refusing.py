"""Ways in which a real Redis or Valkey is there and refuses writes, and takes them again afterwards."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import ResponseError

Way = Callable[[Redis, Path], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def out_of_memory(client: Redis, _folder: Path) -> AsyncIterator[None]:
    """Its memory is used up."""
    await client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await client.config_set("maxmemory", 0)


@asynccontextmanager
async def a_replica(client: Redis, _folder: Path) -> AsyncIterator[None]:
    """Another server has become the primary."""
    await client.execute_command("REPLICAOF", "127.0.0.1", 1)  # type: ignore[no-untyped-call]  # redis-py
    try:
        yield
    finally:
        await client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]  # redis-py


@asynccontextmanager
async def cannot_save(client: Redis, folder: Path) -> AsyncIterator[None]:
    """It is to save to its folder, and cannot."""
    obstacle = folder / "dump.rdb" / "in the way"
    obstacle.mkdir(parents=True)
    await client.config_set("save", "3600 1")
    try:
        await client.bgsave()
        while (await client.info("persistence"))["rdb_last_bgsave_status"] != "err":  # noqa: ASYNC110 - it does not tell
            await asyncio.sleep(0.01)
        yield
    finally:
        await client.config_set("save", "")
        shutil.rmtree(obstacle.parent)


WAYS: Final[dict[str, Way]] = {"OOM": out_of_memory, "READONLY": a_replica, "MISCONF": cannot_save}
"""By the kind of the error that it answers with."""


@asynccontextmanager
async def refusing(kind: str, redis_url: str, folder: Path) -> AsyncIterator[None]:
    """Has a Redis refuse writes, which is known once one was refused.

    Args:
        kind: One of `WAYS`.
        redis_url: Where it is.
        folder: Where it would save.
    """
    async with Redis.from_url(redis_url) as client, WAYS[kind](client, folder):
        try:
            await client.set("refused", 1)
        except ResponseError:
            yield
        else:
            raise AssertionError("it was carried out")
