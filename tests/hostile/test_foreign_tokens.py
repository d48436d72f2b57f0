"""A member of one session against another one, in every call and every operation that there is."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as open_websocket

from cavalcade.client import Membership, connect, fetch_session
from cavalcade.domain.fix import Position
from cavalcade.domain.session import FEATURES
from cavalcade.server.api.handlers import HANDLERS
from cavalcade.server.api.openapi import document
from cavalcade.wire.frame import encode_client_push
from cavalcade.wire.positions import pack_fix
from tests.hostile.installation import Installation

CALLS = [
    (method, path)
    for path, methods in document(HANDLERS, "http://localhost")["paths"].items()
    for method, call in methods.items()
    if call["security"]
]
BODIES: dict[str, dict[str, Any]] = {"patch": {"name": "Taken over"}}
QUERIES = {"/api/sessions/{session_id}/nearby": "?radius_m=5000"}

PAYLOADS: dict[str, Mapping[str, Any]] = {name: payload for feature in FEATURES for name, payload, _ in feature.asked}


def test_calls_without_a_token_are_those_that_let_people_in() -> None:
    """A new call has a token, or is thought about here."""
    made = document(HANDLERS, "http://localhost")["paths"]
    every = {(method, path) for path, methods in made.items() for method in methods}
    assert every - set(CALLS) == {
        ("post", "/api/sessions"),
        ("post", "/api/sessions/{session_id}/preview"),
        ("post", "/api/sessions/{session_id}/join"),
    }


async def _offset(membership: Membership) -> int:
    state = (await fetch_session(membership)).state
    assert state is not None
    return state.offset


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_no_call_takes_another_sessions_token(installation: Installation, method: str, path: str) -> None:
    mallory, victim = await installation.create(), await installation.create()
    before = await _offset(victim)
    target = path.replace("{session_id}", victim.session_id).replace("{id}", victim.session_id)
    assert victim.session_id in target
    async with installation.caller() as client:
        for headers in ({"Authorization": f"Bearer {mallory.token}"}, {}, {"Authorization": "Bearer x"}):
            answer: httpx.Response = await client.request(
                method.upper(), target + QUERIES.get(path, ""), json=BODIES.get(method), headers=headers
            )
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert await _offset(victim) == before


@pytest.mark.parametrize("operation", sorted(PAYLOADS))
async def test_no_operation_reaches_another_topic(installation: Installation, operation: str) -> None:
    mallory, victim = await installation.create(), await installation.create()
    async with connect(victim) as watching:
        before = await _offset(victim)
        frames = itertools.count(2)
        async with open_websocket(mallory.socket_url, subprotocols=list(mallory.subprotocols)) as socket:  # type: ignore[arg-type]
            own, other = f"session:{mallory.session_id}", f"session:{victim.session_id}"
            await socket.send(json.dumps(["1", "1", own, "phx_join", {}]))
            for join_ref, event in itertools.product(("1", None, "2"), (operation, "position", "phx_leave")):
                payload = {**PAYLOADS.get(event, {"lat": 1.0, "lon": 1.0}), "op_id": f"m{next(frames)}"}
                await socket.send(json.dumps([join_ref, str(next(frames)), other, event, payload]))
                packed = pack_fix(Position(watching.positions.get(1, Position(0, 0, 0)).fix_time + 1, 1, 1))
                await socket.send(encode_client_push(join_ref or "", "", other, "position", packed))
            await socket.send(json.dumps([None, "last", "phoenix", "heartbeat", {}]))
            async with asyncio.timeout(10):
                while (reply := json.loads(await socket.recv()))[1] != "last":
                    assert reply[2] != other or reply[3] == "phx_reply"
                    if reply[2] == other and reply[4]["status"] == "ok":
                        assert reply[4]["response"] == {}  # a leave of what was never joined
        assert await _offset(victim) == before
        assert watching.positions == {}


@pytest.mark.parametrize("who", ["query", "token", "topic"])
async def test_query_token_and_topic_must_agree(installation: Installation, who: str) -> None:
    mallory, victim = await installation.create(), await installation.create()
    named = dict.fromkeys(("query", "token", "topic"), victim) | {who: mallory}
    async with open_websocket(
        named["query"].socket_url,
        subprotocols=list(named["token"].subprotocols),  # type: ignore[arg-type]
    ) as socket:
        await socket.send(json.dumps(["1", "1", f"session:{named['topic'].session_id}", "phx_join", {}]))
        async with asyncio.timeout(10):
            reply = json.loads(await socket.recv())
        assert (reply[4]["status"], reply[4]["response"]["reason"]) == ("error", "unauthorized")
