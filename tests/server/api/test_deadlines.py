"""An answer comes in time whatever the database does, and the key settles what became of the call."""

import asyncio
import uuid

import asyncpg
import pytest

from cavalcade.server.api import handlers
from tests.server.conftest import Running


async def test_a_call_that_was_given_up_is_settled_by_its_key(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    created = await server.create()
    path, body = f"/api/sessions/{created['session']['id']}/join", {"code": created["code"]}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    database = await asyncpg.connect(server.api.settings.database_url)
    monkeypatch.setattr(handlers, "REPLY_DEADLINE_S", 0.1)
    async with database.transaction():
        # Readers go on, so the code is admitted; then the join waits.
        await database.execute("LOCK TABLE sessions IN EXCLUSIVE MODE")
        async with asyncio.timeout(1):
            late = await server.http.post(path, json=body, headers=key)
        assert (late.status_code, late.json()["code"]) == (503, "unavailable")
    monkeypatch.undo()
    await database.close()
    again = await server.http.post(path, json=body, headers=key)
    assert (again.status_code, again.json()["participant"]["id"]) == (201, 2)
    other = await server.join(created["code"])
    assert other["participant"]["id"] == 3
