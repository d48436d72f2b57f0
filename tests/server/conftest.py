"""The API as a process runs it: uvicorn on a Unix socket, the services backend, PostgreSQL and Valkey."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis.asyncio
from prometheus_client import CollectorRegistry

from cavalcade.server.access.rate_limits import RateLimits
from cavalcade.server.access.tokens import TokenSigner
from cavalcade.server.api.application import create_app
from cavalcade.server.api.context import Api
from cavalcade.server.api.sessions import Sessions
from cavalcade.server.http.serving import serve_http
from cavalcade.server.live_storage.live_state import LivePositionWriter, LiveState
from cavalcade.server.live_storage.redis_link import RedisLink
from cavalcade.services.backend import ServicesBackend
from cavalcade.settings import Settings
from cavalcade.stack import postgres
from cavalcade.storage.migrate import migrate
from cavalcade.storage.sessions import SessionStore
from tests.quotas import AMPLE

SECRET = "a secret of more than 32 characters for tests"
PUBLIC_URL = "https://convoy.example.org"


@dataclass(frozen=True)
class Running:
    """A running API server, and what it is made of."""

    api: Api
    http: httpx.AsyncClient
    registry: CollectorRegistry
    store: SessionStore
    writer: LivePositionWriter
    redis: redis.asyncio.Redis

    async def create(self, **body: object) -> dict[str, Any]:
        """A new session as its host."""
        answer = await self.http.post("/api/sessions", json=body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    async def join(self, code: str, **more: object) -> dict[str, Any]:
        """Somebody let in by a code."""
        answer = await self.http.post(f"/api/sessions/{code[:10]}/join", json={"code": code, **more})
        assert answer.status_code == 201, answer.text
        joined: dict[str, Any] = answer.json()
        return joined


def bearer(entry: dict[str, Any]) -> dict[str, str]:
    """The header of somebody who created or joined."""
    return {"Authorization": f"Bearer {entry['token']}"}


async def answering(client: httpx.AsyncClient) -> None:
    """Waits until a server takes connections."""
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(httpx.ConnectError):
                await client.get("/healthz")
                return
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def running(settings: Settings, *, wait_for_redis: bool = True) -> AsyncIterator[Running]:
    """Runs an API server with these settings."""
    registry = CollectorRegistry()
    store = SessionStore.open(settings.database_url, pool_size=5)
    client = redis.asyncio.Redis.from_url(settings.redis_url)
    connected = asyncio.Event()
    link = RedisLink(settings.redis_url, connected=connected.set)
    writer = LivePositionWriter(link)
    backend = ServicesBackend(store, LiveState(client), writer, settings.limits)
    api = Api(
        settings=settings,
        sessions=Sessions(store, backend, settings.limits, settings.secrets),
        backend=backend,
        signer=TokenSigner(settings.secrets),
        limits=RateLimits(link, settings.secrets[0], settings.quotas),
    )
    with tempfile.TemporaryDirectory(prefix="cavalcade-api-") as folder:
        listen = f"unix:{Path(folder) / 'api.sock'}"
        linking = asyncio.create_task(link.run())
        serving = asyncio.create_task(serve_http(create_app(api, registry), listen))
        if wait_for_redis:
            await asyncio.wait_for(connected.wait(), 5)
            writer.connected()
        transport = httpx.AsyncHTTPTransport(uds=listen.removeprefix("unix:"))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            await answering(http)
            yield Running(api, http, registry, store, writer, client)
        for task in (serving, linking):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    await store.close()
    await client.aclose()


@pytest.fixture(scope="session")
async def settings(postgres_url: str, valkey_url: str, server_directory: Path) -> AsyncIterator[Settings]:
    """What a process would read from its environment, with a database of its own."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE DATABASE test_api")
    database_url = postgres.url(server_directory, "test_api")
    await migrate(database_url)
    yield Settings(
        database_url=database_url, redis_url=valkey_url, secrets=(SECRET,), public_url=PUBLIC_URL, quotas=AMPLE
    )
    await connection.execute("DROP DATABASE test_api WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="session")
async def server(settings: Settings) -> AsyncIterator[Running]:
    """A running API server that all these tests share; each test makes sessions of its own."""
    async with running(settings) as made:
        yield made
