"""HTTP heads and bodies that no client would send, through Caddy and at the process itself: refused, never a 5xx."""

import gzip
import json

import pytest

from tests.hostile.frames import handshake, read_answer
from tests.hostile.installation import Installation, exchange

DOORS = ("caddy", "deployed", "process")
PATIENCE_S = 5.0
GET = "GET /api/sessions/zzzzzzzzzz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
POST = "POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"


def post(body: bytes, *lines: str) -> bytes:
    return "\r\n".join((POST + f"Content-Length: {len(body)}", *lines, "", "")).encode("latin-1") + body


def get(*lines: str, target: str = "/api/sessions/zzzzzzzzzz") -> bytes:
    head = GET.replace("/api/sessions/zzzzzzzzzz", target).rstrip("\r\n")
    return "\r\n".join((head, *lines, "", "")).encode("latin-1")


# What is sent, and what may answer it; through Caddy some are refused earlier.
REQUESTS: dict[str, tuple[bytes, set[int]]] = {
    "huge header": (get("X: " + "y" * 100_000), {400, 431}),
    "huge target": (get(target="/api/" + "y" * 100_000), {400, 414, 431}),
    "many headers": (get(*[f"X-{n}: y" for n in range(5_000)]), {400, 431}),
    "huge cookie": (get("Cookie: " + "a=b; " * 20_000), {400, 431}),
    "many parameters": (get(target="/api/sessions/zzzzzzzzzz/nearby?" + "radius_m=5&" * 700), {400, 401, 431}),
    "no host": (b"GET /api/sessions/zzzzzzzzzz HTTP/1.1\r\nConnection: close\r\n\r\n", {400, 401}),
    "two hosts": (get("Host: evil.example"), {400, 401}),
    "odd host": (get().replace(b"Host: localhost", b"Host: \xff\x00"), {400}),
    "another host": (get().replace(b"Host: localhost", b"Host: evil.example"), {401}),
    "whole address": (get(target="http://evil.example/api/sessions/zzzzzzzzzz"), {401, 404}),
    "header with a bare CR": (get("X: a\rSet-Cookie: b"), {400}),
    "header with a NUL": (get("X: a\0b"), {400}),
    "folded header": (get("X: a\r\n b"), {400, 401}),
    "space before the colon": (get("Content-Length : 0"), {400}),
    "header without a name": (get(": x"), {400}),
    "latin-1 token": (get("Authorization: Bearer \xff\xfe"), {401}),
    "token of 8,000 letters": (get("Authorization: Bearer " + "A" * 8_000), {401, 431}),
    "two tokens": (get("Authorization: Bearer a", "Authorization: Bearer b"), {401}),
    "encoded slash": (get(target="/api/sessions/zzzzzzzzzz%2Fnearby"), {400, 401, 404}),
    "dots": (get(target="/api/sessions/../../metrics"), {400, 404}),
    "encoded dots": (get(target="/api/%2e%2e/%2e%2e/metrics"), {400, 404}),
    "bad percent": (get(target="/api/sessions/%zz"), {400, 401, 404}),
    "not UTF-8": (get(target="/api/sessions/%ff%fe"), {400, 401, 404}),
    "CRLF in the target": (get(target="/api/sessions/%0d%0aSet-Cookie:x"), {400, 401, 404}),
    "HTTP/3 by surprise": (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", {400, 505}),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n", {400}),
    "two lengths": (post(b"{}", "Content-Length: 20"), {400}),
    "length and chunks": (post(b"2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), {201, 400}),
    "negative length": (post(b"{}").replace(b"Length: 2", b"Length: -2"), {400}),
    "huge length": (post(b"{}").replace(b"Length: 2", b"Length: 99999999999999999999"), {400}),
    "announced 1 GB": (post(b"x" * 70_000).replace(b"Length: 70000", b"Length: 1073741824"), {413}),
    "gzipped": (post(gzip.compress(b'{"name": "x"}'), "Content-Encoding: gzip"), {400, 415}),
    "a bomb": (post(gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip"), {400, 413, 415}),
    "upgrade": (get("Upgrade: h2c", "HTTP2-Settings: AAMAAABk").replace(b": close", b": close, Upgrade"), {400, 401}),
    "unknown method": (get().replace(b"GET", b"BREW"), {400, 405}),
    "smuggled": (
        post(b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "Transfer-Encoding: \x0bchunked"),
        {400, 501},
    ),
    # Go's server, and so Caddy, answers these with a 501 of its own, as RFC 9112 wants it.
    "gzipped transfer": (post(b"{}", "Transfer-Encoding: gzip, chunked"), {400, 501}),
    "two transfer encodings": (post(b"{}", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"), {400, 501}),
    "another site's form": (
        POST.replace("application/json", "text/plain").encode() + b"Origin: https://evil.example\r\n\r\n",
        {403},
    ),
    "another site's call": (POST.encode() + b"Sec-Fetch-Site: cross-site\r\n\r\n", {403}),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", REQUESTS)
async def test_odd_requests_are_refused(installation: Installation, door: str, case: str) -> None:
    sent, allowed = REQUESTS[case]
    statuses = read_answer(await exchange(installation.doors("http")[door], [sent], PATIENCE_S)).statuses
    assert len(statuses) == 1
    assert statuses[0] in allowed


CUT_OFF = 0
"""The connection was closed without an answer."""

HANDSHAKES: dict[str, tuple[tuple[str, ...], str, set[int]]] = {
    "huge header": (("X: " + "y" * 100_000,), "vsn=2.0.0", {431, CUT_OFF}),
    "many headers": (tuple(f"X-{n}: y" for n in range(500)), "vsn=2.0.0", {400, 431}),
    "many parameters": ((), "vsn=2.0.0&" + "a=b&" * 500, {400}),
    "many versions": ((), "vsn=2.0.0&vsn=1.0.0", {403}),
    "bad percent": ((), "vsn=2.0.0%ff%zz&x=%", {101}),
    "foreign origin": (("Origin: https://evil.example",), "vsn=2.0.0", {403}),
    "two origins": (("Origin: http://localhost", "Origin: https://evil.example"), "vsn=2.0.0", {400, 403}),
    "odd origin": (("Origin: \xff",), "vsn=2.0.0", {403}),
    "two keys": (("Sec-WebSocket-Key: BBBBBBBBBBBBBBBBBBBBBB==",), "vsn=2.0.0", {101, 400}),
    "a body": (("Content-Length: 5",), "vsn=2.0.0", {400}),
    "a body in chunks": (("Transfer-Encoding: chunked",), "vsn=2.0.0", {400}),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", HANDSHAKES)
async def test_odd_handshakes_are_refused(installation: Installation, door: str, case: str) -> None:
    lines, query, allowed = HANDSHAKES[case]
    host = await installation.create()
    hello = handshake(host.session_id, host.token, *lines, query=query) + b"5\r\nhello\r\n0\r\n\r\n"
    statuses = read_answer(await exchange(installation.doors("socket")[door], [hello], PATIENCE_S)).statuses
    assert (statuses[0] if statuses else CUT_OFF) in allowed


async def test_the_answer_repeats_nothing_of_the_request_in_its_head(installation: Installation) -> None:
    """A header of ours that echoed would let somebody add headers, or poison a cache."""
    sent = get("X-Forwarded-Host: evil.example", target="/api/sessions/evil%0d%0aX-Evil:1").replace(
        b"Host: localhost", b"Host: evil.example"
    )
    for door in installation.doors("http").values():
        head = (await exchange(door, [sent], PATIENCE_S)).partition(b"\r\n\r\n")[0]
        assert b"evil" not in head.lower()


async def test_links_and_sockets_name_the_configured_address_whatever_host_was_asked(
    installation: Installation,
) -> None:
    sent = post(b"{}", "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: gopher").replace(
        b"Host: localhost", b"Host: evil.example"
    )
    for door in installation.doors("http").values():
        body = json.loads((await exchange(door, [sent], PATIENCE_S)).partition(b"\r\n\r\n")[2])
        assert body["link"].startswith(f"{installation.base}/j#")
        assert body["socket"] == installation.base.replace("http", "ws") + "/socket"
