"""This version beside a newer one with one more feature, and what is due there: each serves what the other stored."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from cavalcade.domain.features.membership import Join
from cavalcade.domain.model import Limits, Role
from cavalcade.domain.operations import Operation
from cavalcade.domain.session import decide, found, replay
from cavalcade.server.access.tokens import TokenSigner
from cavalcade.server.processes.clock import now_ms
from cavalcade.storage.sessions import SessionStore
from cavalcade.storage.stored import Stored
from cavalcade.wire.codes import new_session_id
from cavalcade.wire.messages import event_to_dict
from testbed.installations.installation import free_ports
from tests.monolith.conftest import running_node
from tests.services.conftest import Gateway, running_gateway
from tests.services.peer import Peer

SECRET = secrets.token_urlsafe(32)
NOTE = {"participant": 2, "text": "left at the mill", "fades_at": None}
STANDING = {"4": {"by": 2, "text": "left at the mill", "fades_at": None}}


@dataclass
class Serving:
    """A process that takes connections."""

    port: int
    process: asyncio.subprocess.Process | None = None
    transports: list[asyncio.Transport] = field(default_factory=list)

    def address(self, session_id: str) -> str:
        return f"ws://127.0.0.1:{self.port}/socket/websocket?vsn=2.0.0&session={session_id}"

    def token(self, session_id: str, participant: int) -> str:
        return TokenSigner([SECRET]).issue(session_id, participant, now_ms() + 3_600_000)


@asynccontextmanager
async def newer(kind: str, database_url: str, redis_url: str) -> AsyncIterator[Serving]:
    """A gateway or a node that has notes as well, as a process of its own."""
    sockets, internal, http = free_ports(3)
    listen = {"gateway": sockets, "node": http}[kind]
    arguments = ["--listen", f"127.0.0.1:{listen}", "--internal", f"127.0.0.1:{internal}"]
    if kind == "node":
        arguments += ["--sockets", f"127.0.0.1:{sockets}"]
    settings = {
        "CAVALCADE_DATABASE_URL": database_url,
        "CAVALCADE_REDIS_URL": redis_url,
        "CAVALCADE_SECRET": SECRET,
        "CAVALCADE_DRAIN_S": "0",
        "CAVALCADE_WINDOW_MS": "20",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.notes", kind, *arguments), env={**os.environ, **settings}
    )
    serving = Serving(sockets, process)
    try:
        async with asyncio.timeout(120):
            await _until_it_listens(sockets)
        yield serving
    finally:
        for transport in serving.transports:
            transport.abort()
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_it_listens(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def new_session(database_url: str) -> str:
    """A session with a host, a member and a viewer."""
    now, store = now_ms(), SessionStore.open(database_url)
    state = found(new_session_id(), None, None, now, Limits())
    events = []
    for role in (Role.MEMBER, Role.MEMBER, Role.VIEWER):
        events += decide(state, Operation(None, Join(role)), now, Limits())
        state = replay(state, events[-1:])
    await store.insert(Stored(state, 1, secrets.token_bytes(32), secrets.token_bytes(32)), events)
    await store.close()
    return state.session.id


async def joined(at: Serving | Gateway, session_id: str, who: int, **parameters: Any) -> tuple[Peer, Any]:
    peer = await Peer.connect(at, session_id, who)
    return peer, await peer.join(**parameters)


def notes_in(reply: Any) -> Any:
    """What a snapshot says of notes."""
    return reply["snapshot"].get("features", {}).get("notes", {}).get("standing")


async def reply_to(at: Serving | Gateway, session_id: str, who: int, **parameters: Any) -> Any:
    """The reply to a join of a connection that goes again."""
    peer, reply = await joined(at, session_id, who, **parameters)
    async with peer:
        return reply


async def sees_it_all(at: Serving | Gateway, session_id: str) -> None:
    """A member sees the note in a snapshot and among the events, a viewer in neither."""
    assert notes_in(await reply_to(at, session_id, 1)) == STANDING
    assert notes_in(await reply_to(at, session_id, 3)) is None
    events = {who: (await reply_to(at, session_id, who, offset=3))["events"] for who in (1, 3)}
    assert [(event["type"], event["data"]) for event in events[1][:1]] == [("note_written", NOTE)]
    assert [(event["type"], event["data"]) for event in events[3][:1]] == [("note_written", None)]


async def test_a_gateway_beside_a_newer_one(database_url: str, redis_url: str) -> None:
    async with (
        newer("gateway", database_url, redis_url) as other,
        running_gateway(database_url, redis_url, secret=SECRET) as gateway,
    ):
        session_id = await new_session(database_url)
        (anna, _), (ben, _) = await joined(gateway, session_id, 1), await joined(other, session_id, 2)
        viewer, _ = await joined(gateway, session_id, 3)
        await ben.do("note:write", {"op_id": "n", "text": "left at the mill"})
        # Passed on whole by a process that does not know it, and to whom it may.
        event = await anna.receive("event")
        assert (event["data"], event["audience"]) == (NOTE, "members")
        assert {**event, "data": None} == await viewer.receive("event")
        # What this version stores next does not erase what it could not fold.
        await anna.do("profile:set", {"op_id": "p", "name": "Anna"})
        for at in (gateway, other):
            await sees_it_all(at, session_id)
        await ben.do("mood:set", {"op_id": "m", "word": "fine"})
        await anna.next(lambda message: message.event == "event" and message.payload["type"] == "mood_changed")
        for at in (gateway, other):
            reply = await reply_to(at, session_id, 3)
            assert reply["snapshot"]["participants"][1]["features"]["mood"]["word"] == "fine"
            assert reply["snapshot"]["participants"][0]["name"] == "Anna"
        # An event whose type it does not know still scrubs what this version remembers and stored.
        await ben.do("note:erase", {"op_id": "e", "note": 4})
        await anna.next(lambda message: message.event == "event" and message.payload["type"] == "note_erased")
        for at in (gateway, other):
            reply = await reply_to(at, session_id, 1, offset=3)
            assert [(e["type"], e["data"]) for e in reply["events"] if e["offset"] == 4] == [("note_written", None)]
            assert notes_in(await reply_to(at, session_id, 1)) == {}


async def test_a_node_takes_over_from_a_newer_one_and_back(database_url: str, redis_url: str) -> None:
    async with newer("node", database_url, redis_url) as other:
        session_id = await new_session(database_url)
        ben, _ = await joined(other, session_id, 2)
        await ben.do("note:write", {"op_id": "n", "text": "left at the mill"})
    async with running_node(database_url, redis_url, secret=SECRET) as node:
        this = Serving(int(node.sockets.rpartition(":")[2].partition("/")[0]))
        await sees_it_all(this, session_id)
        anna, _ = await joined(this, session_id, 1)
        await anna.do("profile:set", {"op_id": "p", "name": "Anna"})
        await sees_it_all(this, session_id)
    async with newer("node", database_url, redis_url) as other:
        await sees_it_all(other, session_id)
        ben, reply = await joined(other, session_id, 2)
        assert reply["snapshot"]["participants"][0]["name"] == "Anna"
        await ben.do("note:erase", {"op_id": "e", "note": 4})
        reply = await reply_to(other, session_id, 1, offset=3)
        assert [event["data"] for event in reply["events"][:1]] == [None]


@pytest.mark.parametrize("kind", ["gateway", "node"])
async def test_what_is_due_happens_once_though_the_process_that_knew_it_was_killed(
    kind: str, database_url: str, redis_url: str
) -> None:
    """Nobody is connected, and of two processes the one that stored it dies between then and its time."""
    async with (
        newer(kind, database_url, redis_url) as first,
        newer(kind, database_url, redis_url) as other,
    ):
        session_id = await new_session(database_url)
        ben, _ = await joined(first, session_id, 2)
        await ben.do("note:write", {"op_id": "n", "text": "gone soon", "fades_s": 1})
        assert first.process is not None
        first.process.kill()
        ben.socket.transport.abort()
        store = SessionStore.open(database_url)
        async with asyncio.timeout(120):
            while len(await store.events_after(session_id, 3)) < 2:  # noqa: ASYNC110 - nobody is connected
                await asyncio.sleep(0.1)
        # Who comes now is told of it, and it does not happen again.
        _, reply = await joined(other, session_id, 1)
        assert notes_in(reply) == {}
        assert await store.timed(2**62) == []
        await asyncio.sleep(1.2)  # two more looks
        events = await store.events_after(session_id, 3)
        await store.close()
    written, erased = (event_to_dict(event) for event in events)
    assert (written["type"], written["data"]) == ("note_written", None)
    assert (erased["type"], erased["by"], erased["op_id"]) == ("note_erased", None, None)
    assert erased["at"] >= written["at"] + 1_000  # type: ignore[operator]  # whole numbers


@pytest.mark.parametrize("kind", ["gateway", "node"])
async def test_those_who_are_connected_are_told_of_what_was_due(kind: str, database_url: str, redis_url: str) -> None:
    async with newer(kind, database_url, redis_url) as one:
        session_id = await new_session(database_url)
        (anna, _), (ben, _) = await joined(one, session_id, 1), await joined(one, session_id, 2)
        await ben.do("note:write", {"op_id": "n", "text": "gone soon", "fades_s": 1})
        for peer in (anna, ben):
            for kind_of_event in ("note_written", "note_erased"):
                assert (await peer.receive("event"))["type"] == kind_of_event
