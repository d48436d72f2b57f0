"""The calls over HTTP, against a server that answers as the test says, or breaks the connection."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cavalcade.client import (
    ErrorCode,
    Membership,
    ProtocolError,
    Rejected,
    Unreachable,
    change_session,
    create_session,
    fetch_session,
    find_nearby,
    join_session,
    leave_session,
    preview_session,
)

CODE = "abcdefghij.AAAAAAAAAAAAAAAAAAAAAA"
SESSION = {"id": "abcdefghij", "name": "Trip", "created_at": 1, "expires_at": 2}
LOST = None


class ScriptedServer:
    """Answers each request with the next answer, and remembers the request."""

    def __init__(self) -> None:
        self.answers: deque[tuple[int, object] | None] = deque()
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""
        self.headers = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((head[0].rpartition(" ")[0], headers, json.loads(body) if body else None))
        answer = self.answers.popleft()
        if answer is not None:
            status, content = answer
            payload = b"" if content is None else json.dumps(content).encode()
            head_lines = (
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(payload)}\r\nConnection: close\r\n{self.headers}\r\n"
            )
            writer.write(head_lines.encode() + payload)
            await writer.drain()
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    async with await asyncio.start_server(scripted.serve, "127.0.0.1", 0) as listening:
        scripted.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield scripted


def created(**more: object) -> tuple[int, object]:
    return 201, {"session": SESSION, "participant": {"id": 1}, "token": "t", "socket": "ws://x/socket", **more}


def problem(status: int, code: str, **more: object) -> tuple[int, object]:
    return status, {"type": "about:blank", "title": "T", "status": status, "detail": "Why.", "code": code, **more}


def member(server: ScriptedServer) -> Membership:
    return Membership(server.url, "abcdefghij", 1, "token", "ws://x/socket")


async def test_creating_sends_what_was_given_and_nothing_else(server: ScriptedServer) -> None:
    server.answers.append(created(code=CODE, link="l", viewer_code="v", viewer_link="vl"))
    membership = await create_session(server.url + "/", name="Trip", host_name="Anna")
    assert membership == Membership(
        server.url, "abcdefghij", 1, "t", "ws://x/socket", CODE, "l", viewer_code="v", viewer_link="vl"
    )
    line, headers, body = server.requests[0]
    assert line == "POST /api/sessions"
    assert body == {"name": "Trip", "host": {"name": "Anna"}}
    assert len(headers["idempotency-key"]) >= 16


async def test_a_lost_answer_is_asked_for_again_under_the_same_key(server: ScriptedServer) -> None:
    server.answers.extend([LOST, problem(503, "unavailable"), (502, None), created()])
    membership = await join_session(f"{server.url}/j#{CODE}", name="Ben")
    assert membership.code == CODE
    assert len({headers["idempotency-key"] for _, headers, _ in server.requests}) == 1
    assert len(server.requests) == 4


async def test_two_calls_have_two_keys(server: ScriptedServer) -> None:
    server.answers.extend([created(), created()])
    for _ in range(2):
        await join_session((server.url, CODE))
    assert len({headers["idempotency-key"] for _, headers, _ in server.requests}) == 2


async def test_a_server_that_never_answers_is_unreachable(server: ScriptedServer) -> None:
    server.answers.extend([LOST] * 4)
    with pytest.raises(Unreachable, match="no answer from the server"):
        await create_session(server.url)
    assert not server.answers


async def test_changing_is_not_repeated(server: ScriptedServer) -> None:
    server.answers.append(LOST)
    with pytest.raises(Unreachable):
        await change_session(member(server), extend_s=60)
    server.answers.append((200, {"session": SESSION}))
    assert (await change_session(member(server), name="Trip")).name == "Trip"
    assert server.requests[-1][1]["authorization"] == "Bearer token"


async def test_a_problem_document_is_raised_with_its_code_and_fields(server: ScriptedServer) -> None:
    server.answers.append(problem(400, "invalid_request", errors=[{"pointer": "/name", "detail": "too long"}]))
    with pytest.raises(Rejected) as refused:
        await create_session(server.url)
    assert refused.value.code is ErrorCode.INVALID_REQUEST
    assert [(error.pointer, error.detail) for error in refused.value.errors] == [("/name", "too long")]
    server.headers = "Retry-After: 600\r\n"
    server.answers.append(problem(429, "too_many_requests"))
    with pytest.raises(Rejected) as refused:
        await create_session(server.url)
    assert refused.value.retry_after_s == 600


async def test_a_short_wait_that_the_server_asks_for_is_waited(server: ScriptedServer) -> None:
    server.headers = "Retry-After: 1\r\n"
    server.answers.append(problem(429, "too_many_requests"))
    server.answers.append(created())
    begun = asyncio.get_running_loop().time()
    assert (await create_session(server.url)).session_id == SESSION["id"]
    assert asyncio.get_running_loop().time() - begun >= 1
    keys = [headers["idempotency-key"] for _, headers, *_ in server.requests]
    assert len(keys) == 2
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((200, ["not an object"]), ProtocolError, "not the JSON that was expected"),
        ((201, {"session": {}}), ProtocolError, "session and a participant"),
        ((201, {"session": SESSION, "participant": {"id": 1}}), ProtocolError, "token"),
        ((404, {"hello": "world"}), Unreachable, "is this its address"),
        (problem(400, "teapot"), ProtocolError, "does not know"),
    ],
)
async def test_an_answer_that_is_not_from_cavalcade_is_named(
    server: ScriptedServer, answer: tuple[int, object], error: type[Exception], words: str
) -> None:
    server.answers.append(answer)
    with pytest.raises(error, match=words):
        await create_session(server.url)


async def test_leaving_what_was_left_is_done(server: ScriptedServer) -> None:
    server.answers.extend([(204, None), problem(401, "unauthorized"), problem(404, "session_not_found")])
    for _ in range(3):
        await leave_session(member(server))
    server.answers.append(problem(403, "forbidden"))
    with pytest.raises(Rejected):
        await leave_session(member(server))


async def test_reading(server: ScriptedServer) -> None:
    snapshot = {"session": SESSION, "participants": []}
    position = {"participant": 2, "lat": 1.0, "lon": 2.0, "fix_time": 3}
    server.answers.extend(
        [
            (200, {"session": SESSION, "participants": 4}),
            (200, {"offset": 5, "server_time": 6, "me": 1, "snapshot": snapshot, "positions": [position]}),
            (200, {"positions": [{**position, "distance": 12.5}]}),
        ]
    )
    assert (await preview_session((server.url, CODE))).participants == 4
    fetched = await fetch_session(member(server))
    assert fetched.state is not None
    assert fetched.state.offset == 5
    (neighbour,) = await find_nearby(member(server), 100)
    assert (neighbour.participant, neighbour.distance, neighbour.position) == (2, 12.5, fetched.positions[0][1])
    assert [line for line, _, _ in server.requests] == [
        "POST /api/sessions/abcdefghij/preview",
        "GET /api/sessions/abcdefghij",
        "GET /api/sessions/abcdefghij/nearby?radius_m=100",
    ]


@pytest.mark.parametrize("address", ["localhost:8080", "ftp://localhost", "http://[", ""])
async def test_what_is_no_address_is_named(address: str) -> None:
    with pytest.raises(Unreachable):
        await create_session(address)


async def test_a_code_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="not the code"):
        await join_session(("http://localhost", "hello"))
