"""Links as they arrive. What is right stands in `tests/vectors/links.json`, which holds the page as well."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.wire.links import Invitation, for_watching, read_invitation, server_address

CODE = "abc123def0.AAAAAAAAAAAAAAAAAAAAAA"
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "links.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=[repr(vector["text"])[-60:] for vector in VECTORS])
def test_it_reads_what_arrives(vector: dict[str, object]) -> None:
    read = read_invitation(str(vector["text"]))
    if vector["code"] is None:
        assert read is None
    else:
        assert read == Invitation(vector["server"], str(vector["code"]), bool(vector["watch"]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [f"https://[/j#{CODE}", f"/j?server=javascript%3Aalert#{CODE}", f"/j?server=https%3A%2F%2Fa%40b%3Ac#{CODE}",
     f"https://user@example.org/j#{CODE}"],
)  # fmt: skip
def test_what_names_no_server_that_one_can_have_is_none(text: str) -> None:
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


@given(st.text(st.characters()))
def test_text_behind_a_link_takes_nothing_from_it(text: str) -> None:
    assert read_invitation(f"https://ride.example/j#{CODE} {text}") == Invitation("https://ride.example", CODE)


def test_a_long_text_takes_no_time() -> None:
    assert read_invitation("%25" * 1_000_000 + f"https://ride.example/j#{CODE}") is None


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
