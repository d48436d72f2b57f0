"""A migrated database of the test's own, and a store over it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from cavalcade.storage.sessions import SessionStore


@pytest.fixture
async def store(migrated_url: str) -> AsyncIterator[SessionStore]:
    opened = SessionStore.open(migrated_url)
    yield opened
    await opened.close()


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection beside the store's, to look at the tables and to disturb."""
    connection = await asyncpg.connect(migrated_url)
    yield connection
    await connection.close()
