"""The connection to Redis: it is given up when nothing comes over it any more, and kept while Redis is only quiet."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from cavalcade.server.live_storage import redis_link
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.stack import valkey
from testbed.installations.proxy import Proxy

WITHIN_S = 5.0


@pytest.fixture
async def way(server_directory: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """What lies between a link and Redis, of which a sign of life is asked for more often."""
    assert redis_url
    monkeypatch.setattr(redis_link, "BEAT_S", 0.05)
    async with Proxy(server_directory / "valkey.sock", server_directory / "link.sock") as opened:
        yield opened


@pytest.fixture
def url(way: Proxy, server_directory: Path) -> str:
    assert way
    return valkey.url(server_directory / "link.sock")


async def test_way_that_is_dead_without_a_word_is_given_up(way: Proxy, url: str) -> None:
    stands: asyncio.Queue[None] = asyncio.Queue()
    link = RedisLink(url, connected=lambda: stands.put_nowait(None))
    running = asyncio.create_task(link.run())
    async with asyncio.timeout(WITHIN_S):
        await stands.get()
        await link.call("SET", "kept", "1")
        way.silence()
        await stands.get()
        assert await link.call("GET", "kept") == b"1"
    running.cancel()


async def test_subscription_is_kept_while_it_is_quiet_and_made_again_when_its_way_is_dead(
    way: Proxy, url: str, redis_url: str
) -> None:
    pushed: asyncio.Queue[list[object]] = asyncio.Queue()
    link = RedisLink(url, connected=lambda: _subscribe(link), pushed=pushed.put_nowait)
    running = asyncio.create_task(link.run())
    async with asyncio.timeout(WITHIN_S), Redis.from_url(redis_url) as client:
        assert (await pushed.get())[0] == b"subscribe"
        first = link._protocol
        assert first is not None
        while first.heard < 2 + 3 * redis_link.MOST_SILENT:  # noqa: ASYNC110 - answers to PING are told to nobody
            await asyncio.sleep(0.01)
        assert link._protocol is first
        way.silence()
        assert (await pushed.get())[0] == b"subscribe"
        await client.publish("news", "told")
        assert (await pushed.get())[2] == b"told"
    running.cancel()


def _subscribe(link: RedisLink) -> None:
    link.tell([("SUBSCRIBE", "news")])
