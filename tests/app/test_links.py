import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.app.links import Invitation, for_watching, read_invitation, server_address

CODE = "abc123def0.AAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("text", "server", "watch"),
    [
        (f"https://convoy.example.org/j#{CODE}", "https://convoy.example.org", False),
        (f"http://localhost:8080/j#{CODE}&watch", "http://localhost:8080", True),
        (f"Join us:\nhttps://example.org/group/j#{CODE} see you!", "https://example.org/group", False),
        (f"cavalcade://open/j?server=https%3A%2F%2Fexample.org#{CODE}", "https://example.org", False),
        (f"/j?server=https%3A%2F%2Fexample.org%3A8443#{CODE}&watch", "https://example.org:8443", True),
        (f"/j#{CODE}", None, False),
        (f"  {CODE} ", None, False),
    ],
)
def test_it_reads_every_form(text: str, server: str | None, watch: bool) -> None:
    assert read_invitation(text) == Invitation(server, CODE, watch)


@pytest.mark.parametrize(
    "text",
    ["", "/", "https://example.org", "https://example.org/j#abc", f"https://bad host/j#{CODE}x", f"https://[/j#{CODE}",
     f"/j?server=javascript%3Aalert#{CODE}", f"/j?server=https%3A%2F%2Fa%40b%3Ac#{CODE}"],
)  # fmt: skip
def test_what_is_no_invitation_is_none(text: str) -> None:
    assert read_invitation(text) is None


def test_an_invitation_says_no_secret_when_it_is_printed() -> None:
    assert "AAAA" not in repr(Invitation("https://example.org", CODE))


def test_a_viewer_link_says_that_it_is_for_watching() -> None:
    read = read_invitation(for_watching(f"https://example.org/j#{CODE}"))
    assert read is not None
    assert read.is_for_watching


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    read_invitation(text)
    read_invitation(f"https://{text}/j#{CODE}")
    server_address(text)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("convoy.example.org", "https://convoy.example.org"),
        (" https://Convoy.Example.org/ ", "https://convoy.example.org"),
        ("localhost:8080", "http://localhost:8080"),
        ("http://192.168.1.4:8080", "http://192.168.1.4:8080"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("ftp://example.org", None),
        ("https://", None),
        ("two words", None),
        ("https://user@example.org", None),
    ],
)
def test_a_server_may_be_typed_as_people_do(typed: str, address: str | None) -> None:
    assert server_address(typed) == address
