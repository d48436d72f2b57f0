"""Whose page asks, by what browsers say of it."""

import pytest

from cavalcade.server.access.origins import allowed_origins, is_of_another_site

OURS = "https://convoy.example.org"


@pytest.mark.parametrize(
    ("headers", "is_of_another"),
    [
        ({}, False),  # no browser
        ({"Origin": OURS}, False),
        ({"Origin": OURS, "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "http://convoy.example.org"}, True),
        ({"Origin": OURS + ":8443"}, True),
        ({"Origin": OURS + ".evil.example"}, True),
        ({"Origin": ""}, True),
        ({"Origin": "null"}, True),  # the frame of somebody else, which says no more
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),  # a neighbour below the same domain
        ({"Origin": OURS, "Sec-Fetch-Site": "cross-site"}, True),
        # A name of somebody else's that leads to this machine: the page is of the same origin, which is not ours.
        ({"Origin": "http://evil.example:8080", "Sec-Fetch-Site": "same-origin"}, True),
    ],
)
def test_only_our_own_page_is_not_of_another_site(headers: dict[str, str], is_of_another: bool) -> None:
    assert is_of_another_site(headers, allowed_origins(OURS)) is is_of_another


def test_this_machine_has_more_than_one_name() -> None:
    origins = allowed_origins("http://localhost:8080")
    assert origins == {"http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"}
