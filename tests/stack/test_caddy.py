"""Caddy's configuration, in a real Caddy: what goes where, which headers, and what never reaches a log."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import os
import re
import socket
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from cavalcade.server.http.problems import KINDS
from cavalcade.settings import StreetMap
from cavalcade.stack import caddy, programs
from cavalcade.stack.authority import authority_for
from cavalcade.stack.errors import StackError
from cavalcade.stack.process import last_lines
from tests.stack import doors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from cavalcade.settings import Network
    from cavalcade.stack.caddy import Door

SCRIPT = b"let convoy = 1;\n" * 200
PAGE = '<title>{{ placeholder `http.vars.base_url` }}</title><meta content="{{ placeholder `http.vars.map` | html }}">'
TILES = b"PMTiles" + bytes(range(256)) * 64


def configuration(
    door: Door,
    directory: Path,
    backend: str = "services",
    nodes: int = 1,
    *,
    streets: StreetMap | None = None,
    app: Path | None = None,
    affinity: bool = False,
    demo: bool = False,
    trusted_proxies: Sequence[Network] = (),
) -> str:
    return caddy.configuration(
        door,
        storage=directory / "caddy",
        backend=programs.backend(backend, directory, nodes),
        page=directory / "page",
        streets=streets,
        app=app,
        affinity=affinity,
        demo=demo,
        trusted_proxies=trusted_proxies,
    )


DOORS = {
    "local": caddy.local_door(8080),
    "proxied": caddy.proxied_door("https://convoy.example.org", 8080),
    "public": caddy.public_door("https://convoy.example.org"),
    "lan": caddy.lan_door("192.168.1.7", 8443),
    "lan over IPv6": caddy.lan_door("fd00::7", 8443),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_configuration_is_valid(door: Door, directory: Path) -> None:
    spaced = directory / 'a "quoted" folder'
    spaced.mkdir()
    (spaced / "caddy").mkdir()
    authority_for(door.host, caddy.authority_folder(spaced / "caddy"), datetime.now(UTC))
    assert_valid(configuration(door, spaced), spaced)
    assert_valid(configuration(door, spaced, app=spaced / "app.sock"), spaced)


def assert_valid(text: str, directory: Path) -> None:
    (directory / "Caddyfile").write_text(text)
    done = subprocess.run(
        [caddy.binary(), "validate", "--adapter", "caddyfile", "--config", directory / "Caddyfile"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("backend", "nodes"), [("services", 2), ("monolith", 1), ("monolith", 3)])
def test_configuration_for_several_is_valid(backend: str, nodes: int, directory: Path) -> None:
    assert_valid(configuration(caddy.local_door(8080), directory, backend, nodes), directory)


@pytest.mark.parametrize("address", ["http://convoy.example.org", "https://192.168.1.7", "https://convoy.example:8443"])
def test_public_door_needs_what_certificates_need(address: str) -> None:
    with pytest.raises(StackError, match="cannot be served with automatic certificates"):
        caddy.public_door(address)


def test_port_in_use_is_named(free_port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        with pytest.raises(StackError, match=f"Port {free_port} is in use by another program") as caught:
            caddy.check_ports(caddy.local_door(free_port))
        assert "--port" in caught.value.advice
    caddy.check_ports(caddy.local_door(free_port))


def test_address_of_another_machine_is_named(free_port: int) -> None:
    with pytest.raises(StackError, match=r"192\.0\.2\.1 is not an address of this machine"):
        caddy.check_ports(caddy.lan_door("192.0.2.1", free_port))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the request's head, as JSON, once the request is there to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    if "transfer-encoding: chunked" in map(str.lower, head):
        try:
            await reader.readuntil(b"0\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
    body = json.dumps({"request": head[0], "headers": [line.lower() for line in head[1:] if line]}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body)
    await writer.drain()
    writer.close()


@pytest.fixture
async def http(directory: Path, free_port: int) -> AsyncIterator[None]:
    """Answers calls, for the embedded door on a Unix socket and for the deployed one on a port."""
    async with (
        await asyncio.start_unix_server(echo, directory / "api.sock"),
        await asyncio.start_server(echo, "127.0.0.1", free_port + 1),
    ):
        yield


@pytest.fixture(params=doors.KINDS)
async def client(request: pytest.FixtureRequest, directory: Path, free_port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Asks a Caddy in front of ``http``, of nobody who takes sockets, and of a small page."""
    assets = directory / "page" / "assets"
    assets.mkdir(parents=True)
    (directory / "page" / "index.html").write_text(PAGE)
    (directory / "page" / ".hidden").write_text("hidden")
    (assets / "main-a1b2.js").write_bytes(SCRIPT)
    (assets / "main-a1b2.js.gz").write_bytes(gzip.compress(SCRIPT))
    if request.param == "embedded":
        tiles = directory / 'a "quoted" map.pmtiles'
        tiles.write_bytes(TILES)
        text = configuration(caddy.local_door(free_port), directory, streets=StreetMap(file=tiles))
        environment = None
    else:
        text = doors.on_this_machine(doors.DEPLOYED.read_text())
        addresses = [f"127.0.0.1:{free_port + 1}"], [f"unix/{directory}/nobody.sock"]
        environment = doors.deployed_environment(free_port, directory / "page", *addresses)
    # So that the log says all that it could ever say of a request.
    text = text.replace("\tadmin off\n", "\tadmin off\n\tdebug\n", 1)
    async with (
        doors.running(text, directory, free_port, environment),
        httpx.AsyncClient(base_url=f"http://localhost:{free_port}", trust_env=False) as asking,
    ):
        yield asking


embedded = pytest.mark.parametrize("client", ["embedded"], indirect=True)
"""Of what the deployed door does without."""


@pytest.mark.usefixtures("http")
@pytest.mark.parametrize("path", ["/api/sessions?x=1", "/healthz", "/readyz"])
async def test_api_paths_go_to_who_answers_http(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).json()["request"] == f"GET {path} HTTP/1.1"


@pytest.mark.usefixtures("http")
async def test_what_a_client_says_about_its_address_is_replaced(client: httpx.AsyncClient) -> None:
    claims = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    headers = (await client.get("/api/sessions", headers=claims)).json()["headers"]
    assert not any("203.0.113.9" in header for header in headers)
    assert any(header in {"x-forwarded-for: 127.0.0.1", "x-forwarded-for: ::1"} for header in headers)


CODE = "k3v9x0m2qa.AbCdEfGhIjKlMnOpQrStU_"

MANGLED = (
    *("/J", "/j/", "//j", "/j.", "/j)", "/j%29", "/j/more", "/j%20", "/j&watch", "/index.html/"),
    *(f"/j%23{CODE}", f"/J%23{CODE})", f"/j%2523{CODE}", f"/j/{CODE}", f"/{CODE}", f"/(j{CODE}", f"/see/j%23{CODE}%3E"),
    *(f"/j%23{CODE.replace('.', dot)}" for dot in ("%2E", "%252e")),
    f"/see?u=https%3A%2F%2Fride.example%2Fj%23{CODE}",
)
"""What becomes of the path of a link on its way."""

LINKS = Path(__file__).parent.parent / "vectors" / "links.json"

CONDITIONS: tuple[dict[str, str], ...] = (
    {},
    {"Range": "bytes=0-3"},
    {"If-None-Match": "*"},
    {"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"},
)
"""Beside whole pages a browser asks for parts, and for what has changed."""


FILLED_IN = {
    '<title>http://localhost:{}</title><meta content="tiles=/tiles/own.pmtiles">',
    '<title>https://localhost:{}</title><meta content="tiles=https://tiles.openfreemap.org/planet">',
}
"""The page as the embedded door and the deployed one give it away, with their port."""


def assert_page(answer: httpx.Response, port: int) -> None:
    """It is the page, filled in, with what goes with it."""
    assert answer.text in {text.format(port) for text in FILLED_IN}
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert re.search(f"connect-src 'self' wss?://localhost:{port}[ ;]", answer.headers["Content-Security-Policy"])
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "geolocation=(self)" in answer.headers["Permissions-Policy"]
    assert "Server" not in answer.headers


async def test_page_is_asked_for_each_time_and_may_load_little(client: httpx.AsyncClient, free_port: int) -> None:
    for path, headers in itertools.product(("/", "/j", "/index.html", *MANGLED), CONDITIONS):
        answer = await client.get(path, headers=headers)
        assert (path, answer.status_code) == (path, 200)
        assert_page(answer, free_port)


async def test_whatever_is_read_as_a_link_leads_to_the_page(client: httpx.AsyncClient, free_port: int) -> None:
    """What is sent of it stands before the `#`; the page reads what stands behind as well."""
    targets = {
        vector["text"].removeprefix("https://ride.example").partition("#")[0]: vector["code"]
        for vector in json.loads(LINKS.read_text())
        if vector["text"].startswith("https://ride.example/") and vector["code"]
    }
    for target, code in targets.items():
        answer = await client.get(target)
        assert_page(answer, free_port)
        if target == "/j" or code in target:
            assert (target, answer.status_code) == (target, 200)


NOWHERE = ("/elsewhere", "/jobs", "/j-2", "/assets/main-old.js", "/assets/", "/.hidden", "/see/this.page", "/socket")


async def test_what_is_not_there_is_told_by_the_page(client: httpx.AsyncClient, free_port: int) -> None:
    for path, headers in itertools.product(NOWHERE, CONDITIONS):
        answer = await client.get(path, headers=headers)
        assert (path, answer.status_code) == (path, 404)
        assert_page(answer, free_port)


async def test_hashed_assets_are_kept_for_good_and_come_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/main-a1b2.js", headers={"Accept-Encoding": "gzip"})
    assert answer.content == SCRIPT
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


@embedded
async def test_tiles_of_ones_own_come_in_ranges_and_uncompressed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/tiles/own.pmtiles", headers={"Range": "bytes=7-262", "Accept-Encoding": "gzip, br"})
    assert (answer.status_code, answer.content) == (206, bytes(range(256)))
    assert answer.headers["Content-Range"] == f"bytes 7-262/{len(TILES)}"
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["ETag"]


@embedded
async def test_page_by_address_leads_to_the_name(client: httpx.AsyncClient, free_port: int) -> None:
    """A page from 127.0.0.1 would have an Origin that sockets are refused for."""
    assert client.base_url.port == free_port
    for path in ("/", "/j", "/j?a=b", *MANGLED):
        reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
        with closing(writer):
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{free_port}\r\n\r\n".encode())
            async with asyncio.timeout(10):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 307 ")
        # Without a fragment of its own, so that browsers keep the one that they have.
        assert f"\r\nLocation: http://localhost:{free_port}{path}\r\n" in head


async def test_missing_api_is_told_as_a_problem_document(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/sessions", json={}, timeout=20)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    kind = KINDS["unavailable"]
    assert {name: answer.json()[name] for name in ("type", "title", "code", "status")} == {
        "type": "/api/docs#unavailable",
        "title": kind.title,
        "code": kind.code,
        "status": kind.status,
    }


@pytest.mark.usefixtures("http")
@pytest.mark.parametrize("chunk", [b"-1\r\n", b"zz\r\n", b"1" * 40 + b"\r\n", b"2\r\n{}x\r\n"], ids=ascii)
async def test_body_that_cannot_be_read_is_its_senders_mistake(
    client: httpx.AsyncClient, free_port: int, chunk: bytes
) -> None:
    assert client.base_url.port == free_port
    reader, writer = await asyncio.open_connection("127.0.0.1", free_port)
    with closing(writer):
        writer.write(b"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400 ")
            length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.startswith(b"Content-Length"))
            problem = json.loads(await reader.readexactly(length))
    assert b"Server:" not in head
    assert b"Retry-After" not in head
    kind = KINDS["invalid_request"]
    assert (problem["code"], problem["title"], problem["status"]) == (kind.code, kind.title, kind.status)


async def test_large_heads_are_refused_at_the_door(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/sessions", headers={"X": "y" * 13_000})).status_code == 431
    assert (await client.get("/api/sessions?" + "y" * 13_000)).status_code == 431


async def test_tokens_and_codes_reach_no_log(client: httpx.AsyncClient, directory: Path) -> None:
    bearer = {"Authorization": "Bearer very-secret"}
    queries = ("token=very-secret", "%74oken=very-secret", "a;token=very-secret")
    codes = (CODE, CODE.upper(), CODE[:-3], CODE.replace(".", "%2E"), CODE.replace(".", "%252E"))
    sockets = [client.get(f"/socket/websocket?{query}", headers=bearer) for query in queries]
    calls = [client.get(f"/api/sessions/{code}/join") for code in codes]
    # At once: for each, Caddy looks some seconds for a server that takes it.
    assert {answer.status_code for answer in await asyncio.gather(*sockets, *calls)} == {503}
    for query in queries:
        await client.get(f"/assets/missing.js?{query}")
    logged = last_lines(directory / "caddy.log", 10_000)
    assert "/api/sessions/hidden/join" in logged
    assert not [secret for secret in ("very-secret", CODE[11:-3], CODE[11:-3].upper()) if secret in logged]


@pytest.mark.parametrize(
    ("door", "networks", "believed"),
    [
        ("local", (), None),
        ("proxied", (), "127.0.0.0/8 ::1/128"),
        ("proxied", (ip_network("10.0.0.0/8"), ip_network("fd00::/8")), "10.0.0.0/8 fd00::/8"),
        ("public", (ip_network("10.0.0.0/8"),), "10.0.0.0/8"),
    ],
)
def test_who_is_believed_about_addresses(
    directory: Path, door: str, networks: Sequence[Network], believed: str | None
) -> None:
    text = configuration(DOORS[door], directory, trusted_proxies=networks)
    assert_valid(text, directory)
    found = re.search(r"trusted_proxies static (.*)", text)
    assert (found and found[1]) == believed
