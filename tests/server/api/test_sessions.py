"""What stands behind the calls, where HTTP cannot show it."""

import contextlib
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from cavalcade.domain.commands import creation
from cavalcade.domain.errors import ErrorCode, Rejected
from cavalcade.server.api.sessions import Sessions
from cavalcade.server.processes.clock import now_ms
from tests.server.conftest import SECRET, Running, bearer

NEW_SECRET = "another secret of more than 32 characters"


def with_secrets(server: Running, *secrets: str) -> Sessions:
    """The same sessions behind a server with other secrets."""
    return Sessions(server.store, server.api.backend, server.api.settings.limits, secrets)


async def test_a_creation_is_repeated_across_a_change_of_secret(server: Running) -> None:
    key, command = str(uuid.uuid4()), creation({})
    first = await with_secrets(server, SECRET).create(command, key, "digest", now_ms())
    again = await with_secrets(server, NEW_SECRET, SECRET).create(command, key, "digest", now_ms())
    assert (again.code, again.viewer_code) == (first.code, first.viewer_code)
    with pytest.raises(Rejected) as raised:
        await with_secrets(server, NEW_SECRET).create(command, key, "digest", now_ms())
    assert raised.value.code is ErrorCode.OP_ID_REUSED


async def test_codes_cannot_be_computed_from_the_key_alone(server: Running) -> None:
    command = creation({})
    one, other = [
        await with_secrets(server, secret).create(command, str(uuid.uuid4()), "digest", now_ms())
        for secret in (SECRET, NEW_SECRET)
    ]
    assert one.code.partition(".")[2] != other.code.partition(".")[2]
    assert one.code.partition(".")[2] != one.viewer_code.partition(".")[2]


async def test_only_hashes_of_secrets_are_stored(server: Running) -> None:
    made = await with_secrets(server, SECRET).create(creation({}), None, "", now_ms())
    stored = await server.store.load(made.state.session.id)
    assert stored is not None
    for code, hashed in ((made.code, stored.code_hash), (made.viewer_code, stored.viewer_hash)):
        assert len(hashed) == 32
        assert code.partition(".")[2].encode() not in hashed


@contextlib.contextmanager
def statements(server: Running) -> Iterator[list[str]]:
    """The first words of the statements that PostgreSQL is sent meanwhile, without those that open a transaction."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement.split(maxsplit=1)[0])

    engine = server.store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("keyed", "repeated", "expected"), [(False, False, 2), (True, False, 3), (True, True, 2)])
async def test_a_join_reads_the_session_once(server: Running, keyed: bool, repeated: bool, expected: int) -> None:
    made = (await server.http.post("/api/sessions", json={})).json()
    address, headers = f"/api/sessions/{made['session']['id']}/join", {"Idempotency-Key": str(uuid.uuid4())}
    body = {"code": made["code"], "name": "Ben"}
    if repeated:
        await server.http.post(address, json=body, headers=headers)
    with statements(server) as sent:
        joined = await server.http.post(address, json=body, headers=headers if keyed else {})
    assert joined.status_code == 201
    assert joined.json()["participant"]["id"] == 2
    assert len(sent) == expected, sent  # the session, the key where there is one, and what is appended


async def test_a_change_reads_the_session_once(server: Running) -> None:
    made = (await server.http.post("/api/sessions", json={})).json()
    with statements(server) as sent:
        changed = await server.http.patch(
            f"/api/sessions/{made['session']['id']}", json={"name": "Ride"}, headers=bearer(made)
        )
    assert changed.json()["session"]["name"] == "Ride"
    assert len(sent) == 2, sent
