"""The socket's handshake: what is refused there, and that everything else is answered at the join."""

import asyncio
import base64
import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from .conftest import ORIGIN, Gateway
from .peer import Peer

UPGRADE = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


async def _request(gateway: Gateway, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Sends a request by hand; returns status, headers in lower case and, where refused, the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in (UPGRADE | headers).items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode().split("\r\n")
    status = int(head[0].split()[1])
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if name}
    body = b"" if status == 101 else await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return status, found, body


def _target(query: str = "vsn=2.0.0&session=abcdefghij") -> str:
    return f"/socket/websocket?{query}"


async def test_a_foreign_origin_is_refused(gateway: Gateway) -> None:
    assert (await _request(gateway, _target(), Origin="https://evil.example"))[0] == 403
    assert (await _request(gateway, _target(), Origin="null"))[0] == 403


async def test_the_own_origin_and_none_at_all_are_accepted(gateway: Gateway) -> None:
    assert (await _request(gateway, _target(), Origin=ORIGIN))[0] == 101
    assert (await _request(gateway, _target()))[0] == 101


@pytest.mark.parametrize("query", ["session=abcdefghij", "vsn=1.0.0&session=abcdefghij", "vsn=&session=abcdefghij"])
async def test_an_unsupported_version_is_refused(gateway: Gateway, query: str) -> None:
    status, _, body = await _request(gateway, _target(query))
    assert (status, body) == (403, b"")


async def test_an_unsupported_subprotocol_is_refused(gateway: Gateway) -> None:
    assert (await _request(gateway, _target(), **{"Sec-WebSocket-Protocol": "mqtt, graphql-ws"}))[0] == 403


async def test_the_subprotocol_phoenix_is_echoed(gateway: Gateway) -> None:
    offered = {"Sec-WebSocket-Protocol": "phoenix, base64url.bearer.phx.eHh4"}
    status, headers, _ = await _request(gateway, _target(), **offered)
    assert (status, headers["sec-websocket-protocol"]) == (101, "phoenix")


async def test_firefox_and_its_keep_alive_are_accepted(gateway: Gateway) -> None:
    assert (await _request(gateway, _target(), Connection="keep-alive, Upgrade", Origin=ORIGIN))[0] == 101


async def test_a_plain_request_is_no_handshake(gateway: Gateway) -> None:
    status, _, _ = await _request(gateway, _target(), Connection="keep-alive")
    assert 400 <= status < 500


async def test_a_load_balancer_may_ask_whether_somebody_answers(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.port}", trust_env=False) as client:
        assert (await client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("version", ["12", "", "thirteen", "\xf6"])
async def test_another_protocol_is_told_so(gateway: Gateway, version: str) -> None:
    assert (await _request(gateway, _target(), **{"Sec-WebSocket-Version": version}))[0] == 426


async def test_another_path_is_not_found(gateway: Gateway) -> None:
    assert (await _request(gateway, "/socket/longpoll?vsn=2.0.0"))[0] == 404


@pytest.mark.parametrize(
    "query",
    [
        "vsn=2.0.0",
        "vsn=2.0.0&session=NOT-AN-ID",
        "vsn=2.0.0&session=abcdefghij&token=forged",
        "vsn=2.0.0&session=abcdefghij&token=%ff%00%0d%0a",
    ],
)
async def test_everything_else_is_accepted_and_answered_at_the_join(gateway: Gateway, query: str) -> None:
    async with connect(f"ws://127.0.0.1:{gateway.port}{_target(query)}") as socket:
        await socket.send(json.dumps(["1", "1", "session:abcdefghij", "phx_join", {}]))
        reply = json.loads(await socket.recv())
        assert reply[4] == {
            "status": "error",
            "response": {
                "reason": "unauthorized",
                "retry": False,
                "detail": "The token is not valid for this session.",
            },
        }


async def test_a_token_in_the_subprotocol_lets_in(gateway: Gateway) -> None:
    session_id = await gateway.session()
    # As btoa(token) without its padding, which phoenix.js sends.
    encoded = base64.b64encode(gateway.token(session_id, 1).encode()).decode().rstrip("=")
    subprotocols = [Subprotocol("phoenix"), Subprotocol(f"base64url.bearer.phx.{encoded}")]
    async with connect(gateway.address(session_id), subprotocols=subprotocols) as socket:
        assert socket.subprotocol == "phoenix"
        assert (await Peer(socket, session_id).join())["me"] == 1


async def test_a_token_in_the_subprotocol_is_preferred_to_one_in_the_query(gateway: Gateway) -> None:
    session_id = await gateway.session(2)
    encoded = base64.b64encode(gateway.token(session_id, 2).encode()).decode().rstrip("=")
    subprotocols = [Subprotocol("phoenix"), Subprotocol(f"base64url.bearer.phx.{encoded}")]
    address = f"{gateway.address(session_id)}&token={gateway.token(session_id, 1)}"
    async with connect(address, subprotocols=subprotocols) as socket:
        assert (await Peer(socket, session_id).join())["me"] == 2


async def test_query_token_and_topic_must_name_the_same_session(gateway: Gateway) -> None:
    mine, other = await gateway.session(), await gateway.session()
    for query, token, topic in [(mine, mine, other), (mine, other, mine), (other, mine, mine), (other, mine, other)]:
        address = f"{gateway.address(query)}&token={gateway.token(token, 1)}"
        async with connect(address) as socket:
            reply = await Peer(socket, topic).try_to_join()
            assert (reply["status"], reply["response"]["reason"]) == ("error", "unauthorized")


async def test_an_expired_token_is_unauthorized(gateway: Gateway) -> None:
    session_id = await gateway.session()
    async with connect(f"{gateway.address(session_id)}&token={gateway.token(session_id, 1, valid_s=-1)}") as socket:
        assert (await Peer(socket, session_id).try_to_join())["response"]["reason"] == "unauthorized"


async def test_a_refused_handshake_counts_no_connection(gateway: Gateway) -> None:
    with pytest.raises(InvalidStatus):
        await connect(gateway.address("abcdefghij", "vsn=1.0.0"))
    assert len(gateway.sockets) == 0
