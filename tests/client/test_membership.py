"""Memberships: links, the token's subprotocol, and secrets that are not shown."""

import base64

import pytest

from cavalcade.client.membership import Membership, split_link

CODE = "abcdefghij.AAAAAAAAAAAAAAAAAAAAAA"
MEMBERSHIP = Membership(
    "https://example.org", "abcdefghij", 1, "secret-token", "wss://example.org/socket", code=CODE, link="x#" + CODE
)


@pytest.mark.parametrize(
    ("link", "server"),
    [
        (f"https://example.org/j#{CODE}", "https://example.org"),
        (f" http://localhost:8080/j#{CODE}&k=v\n", "http://localhost:8080"),
        (f"https://example.org/convoy/j#{CODE}", "https://example.org/convoy"),
    ],
)
def test_a_link_is_a_server_and_a_code(link: str, server: str) -> None:
    assert split_link(link) == (server, CODE)


@pytest.mark.parametrize("link", ["", "hello", CODE, f"ftp://example.org/j#{CODE}", "https://example.org/j#short"])
def test_what_is_no_link_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match="not a Cavalcade link"):
        split_link(link)


def test_the_token_travels_as_the_javascript_client_sends_it() -> None:
    name, token = MEMBERSHIP.subprotocols
    assert name == "phoenix"
    assert "=" not in token
    encoded = token.removeprefix("base64url.bearer.phx.")
    assert base64.b64decode(encoded + "=" * (-len(encoded) % 4)) == b"secret-token"
    assert MEMBERSHIP.socket_url == "wss://example.org/socket/websocket?vsn=2.0.0&session=abcdefghij"


def test_secrets_are_not_shown() -> None:
    assert "secret-token" not in repr(MEMBERSHIP)
    assert CODE not in repr(MEMBERSHIP)
