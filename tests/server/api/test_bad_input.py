"""Whatever comes in: one clear problem document with every bad field, and never a 500."""

import json
from typing import Any

import httpx
import pytest

from tests.server.conftest import Running, bearer

JSON = {"Content-Type": "application/json"}
NOT_TEXT = [1, True, [], {}, 1.5]
BAD_NAMES = [*NOT_TEXT, "x" * 49, "a\x00b", "a\u202eb", "a\ue000b", "a\nb\x1b", "o\u0301\u0301\u0301\u0301\u0301\u0301"]
BAD_COLORS = [*NOT_TEXT, "", "red", "#12345", "#1234567", "#gggggg", "#123456\n", "\u0661"]
BAD_SECONDS = [0, -1, 1.5, "300", True, [], {}, 10**30, -(10**30), 1e300]
BAD_CODES = [*NOT_TEXT, "x" * 129]


@pytest.fixture
async def host(server: Running) -> dict[str, Any]:
    return await server.create()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer, which must be a problem of this code in its whole form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"/api/docs#{code}"
    assert body["title"]
    assert body["detail"]
    return body


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in problem(answer, 400, "invalid_request")["errors"]]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
async def test_names(server: Running, host: dict[str, Any], name: object) -> None:
    path = f"/api/sessions/{host['session']['id']}"
    create = await server.http.post("/api/sessions", json={"name": name, "host": {"name": name}})
    assert pointers(create) == ["/name", "/host/name"]
    join = await server.http.post(f"{path}/join", json={"code": host["code"], "name": name})
    assert pointers(join) == ["/name"]
    assert pointers(await server.http.patch(path, json={"name": name}, headers=bearer(host))) == ["/name"]


@pytest.mark.parametrize("color", BAD_COLORS, ids=ascii)
async def test_colors(server: Running, host: dict[str, Any], color: object) -> None:
    assert pointers(await server.http.post("/api/sessions", json={"host": {"color": color}})) == ["/host/color"]
    join = await server.http.post(
        f"/api/sessions/{host['session']['id']}/join", json={"code": host["code"], "color": color}
    )
    assert pointers(join) == ["/color"]


@pytest.mark.parametrize("seconds", BAD_SECONDS, ids=str)
async def test_lifetimes(server: Running, host: dict[str, Any], seconds: object) -> None:
    path = f"/api/sessions/{host['session']['id']}"
    assert pointers(await server.http.post("/api/sessions", json={"lifetime_s": seconds})) == ["/lifetime_s"]
    assert pointers(await server.http.patch(path, json={"extend_s": seconds}, headers=bearer(host))) == ["/extend_s"]


@pytest.mark.parametrize("seconds", [299, 7 * 86_400 + 1])
async def test_lifetimes_beyond_the_bounds(server: Running, seconds: int) -> None:
    assert pointers(await server.http.post("/api/sessions", json={"lifetime_s": seconds})) == ["/lifetime_s"]


@pytest.mark.parametrize("code", BAD_CODES, ids=ascii)
async def test_codes(server: Running, host: dict[str, Any], code: object) -> None:
    for call in ("preview", "join"):
        path = f"/api/sessions/{host['session']['id']}/{call}"
        assert pointers(await server.http.post(path, json={"code": code})) == ["/code"]
        assert pointers(await server.http.post(path, json={})) == ["/code"]


async def test_all_bad_fields_are_named_at_once(server: Running, host: dict[str, Any]) -> None:
    body = {"name": 1, "lifetime_s": "x", "host": {"name": "\x00", "color": 2, "hat": 3}, "a/b~c": 4}
    expected = ["/name", "/lifetime_s", "/host/name", "/host/color", "/host/hat", "/a~1b~0c"]
    assert pointers(await server.http.post("/api/sessions", json=body)) == expected
    path = f"/api/sessions/{host['session']['id']}"
    join = await server.http.post(f"{path}/join", json={"code": 1, "name": 2, "color": 3, "role": "host"})
    assert pointers(join) == ["/code", "/name", "/color", "/role"]
    patch = await server.http.patch(path, json={"name": 1, "extend_s": 0, "ended": 1}, headers=bearer(host))
    assert pointers(patch) == ["/name", "/extend_s", "/ended"]


@pytest.mark.parametrize("body", [[], "x", 1, None, True], ids=ascii)
async def test_bodies_that_are_no_objects(server: Running, host: dict[str, Any], body: object) -> None:
    path = f"/api/sessions/{host['session']['id']}"
    content = json.dumps(body).encode()
    for url, method in (
        ("/api/sessions", "POST"),
        (f"{path}/join", "POST"),
        (f"{path}/preview", "POST"),
        (path, "PATCH"),
    ):
        answer = await server.http.request(method, url, content=content, headers={**JSON, **bearer(host)})
        assert "" in pointers(answer)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"name": NaN}',
        b'{"lifetime_s": Infinity}',
        b'{"lifetime_s": 1e999}',
        b'{"lifetime_s": ' + b"9" * 5000 + b"}",
        b"\xff\xfe",
        '{"name": "é"}'.encode("utf-16"),
        b'{"name": "\\ud800"}',
        b'{"name": "\xc3\x28"}',
        b"[" * 30_000,
        b'{"name":' * 5_000,
        b'{"name": "a\x01b"}',
        b"name=x",
    ],
    ids=lambda content: ascii(content[:24]),
)
async def test_bodies_that_are_no_json(server: Running, host: dict[str, Any], content: bytes) -> None:
    path = f"/api/sessions/{host['session']['id']}"
    for url, method in (("/api/sessions", "POST"), (f"{path}/join", "POST"), (path, "PATCH")):
        answer = await server.http.request(method, url, content=content, headers={**JSON, **bearer(host)})
        problem(answer, 400, "invalid_request")


async def test_a_body_must_be_there_where_it_says_something(server: Running, host: dict[str, Any]) -> None:
    path = f"/api/sessions/{host['session']['id']}"
    problem(await server.http.post(f"{path}/join", headers=JSON), 400, "invalid_request")
    problem(await server.http.patch(path, headers={**JSON, **bearer(host)}), 400, "invalid_request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "\xff"])
async def test_bodies_of_another_type(server: Running, host: dict[str, Any], kind: str) -> None:
    path, headers = f"/api/sessions/{host['session']['id']}", {b"Content-Type": kind.encode("latin-1")}
    problem(await server.http.post("/api/sessions", content=b"{}", headers=headers), 415, "unsupported_media_type")
    problem(await server.http.post(f"{path}/join", content=b"{}", headers=headers), 415, "unsupported_media_type")


async def test_json_with_a_charset_is_json(server: Running) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await server.http.post("/api/sessions", content=b"{}", headers=headers)).status_code == 201


async def test_large_bodies(server: Running, host: dict[str, Any]) -> None:
    path = f"/api/sessions/{host['session']['id']}"

    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 4096

    for url, method in (("/api/sessions", "POST"), (f"{path}/join", "POST"), (path, "PATCH")):
        announced = await server.http.request(method, url, content=b" " * 65_537, headers={**JSON, **bearer(host)})
        problem(announced, 413, "payload_too_large")
        chunked = await server.http.request(method, url, content=endless(), headers={**JSON, **bearer(host)})
        problem(chunked, 413, "payload_too_large")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "radius_m=",
        "radius_m=nan",
        "radius_m=inf",
        "radius_m=0",
        "radius_m=-5",
        "radius_m=50001",
        "radius_m=1e3",
        "radius_m=1_0",
        "radius_m=%00",
        "radius_m=%FF",
        "radius_m=%D9%A3",
        "radius_m=5&radius_m=6",
        "radius_m=5&unit=km",
        "radius_m[]=5",
        "radius_m=" + "9" * 400,
    ],
)
async def test_radii(server: Running, host: dict[str, Any], query: str) -> None:
    answer = await server.http.get(f"/api/sessions/{host['session']['id']}/nearby?{query}", headers=bearer(host))
    assert pointers(answer)


@pytest.mark.parametrize("key", ["short", "x" * 129, "with space in the middle", "schl\xfcssel-schl\xfcssel"])
async def test_idempotency_keys(server: Running, host: dict[str, Any], key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    body = {"code": host["code"]}
    assert pointers(await server.http.post("/api/sessions", json={}, headers=headers)) == [""]
    path = f"/api/sessions/{host['session']['id']}/join"
    assert pointers(await server.http.post(path, json=body, headers=headers)) == [""]


@pytest.mark.parametrize("path", ["/", "/api", "/api/session", "/api/sessions/a/b/c", "/metrics", "/api/docs/docs.py"])
async def test_unknown_addresses(server: Running, path: str) -> None:
    problem(await server.http.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/sessions", {"POST"}),
        ("GET", "/api/sessions", {"POST"}),
        ("POST", "/api/sessions/abcdefghij", {"GET", "PATCH", "DELETE"}),
        ("GET", "/api/sessions/abcdefghij/join", {"POST"}),
        ("POST", "/healthz", {"GET"}),
        ("TRACE", "/api/sessions", {"POST"}),
    ],
)
async def test_other_methods(server: Running, method: str, path: str, allowed: set[str]) -> None:
    answer = await server.http.request(method, path)
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed | {"OPTIONS"}


async def test_nothing_secret_comes_back_in_a_problem(server: Running, host: dict[str, Any]) -> None:
    secret = host["code"].partition(".")[2]
    path = f"/api/sessions/{host['session']['id']}"
    answers = [
        await server.http.post(f"{path}/join", json={"code": host["code"], "name": "\x00"}),
        await server.http.post("/api/sessions/zzzzzzzzzz/join", json={"code": host["code"]}),
        await server.http.get("/api/sessions/zzzzzzzzzz", headers=bearer(host)),
        await server.http.post(f"{path}/join", content=f'{{"code": "{host["code"]}"', headers=JSON),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        assert secret not in answer.text
        assert host["token"] not in answer.text
