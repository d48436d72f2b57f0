"""Whose address a request counts against, whatever it claims."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.server.access.addresses import bucket, client_address

TRUSTED = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # nobody's proxy may not speak for others
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], "198.51.100.1"),
        (None, ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),  # what the client itself sent lies left
        (None, ["1.2.3.4", "198.51.100.1, 10.1.1.1"], "198.51.100.1"),
        (None, ["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        (None, ["198.51.100.1:4711"], "198.51.100.1"),
        (None, ["[2001:db8::1]:4711"], "2001:db8::1"),
        (None, ["2001:db8::1"], "2001:db8::1"),
        (None, ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, nonsense, 10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_finds_the_nearest_hop_that_is_not_ours(peer: str | None, forwarded_for: list[str], expected: str) -> None:
    assert client_address(peer, forwarded_for, TRUSTED) == ipaddress.ip_address(expected)


@pytest.mark.parametrize("forwarded_for", [[], [""], ["unknown"], ["fe80::1%eth0"], [","], ["1.2.3.4, "]])
def test_knows_nobody_where_nobody_is_named(forwarded_for: list[str]) -> None:
    assert client_address(None, forwarded_for, TRUSTED) is None
    assert client_address("not an address", forwarded_for, TRUSTED) is None


@given(st.lists(st.text(max_size=60)))
def test_takes_any_header(forwarded_for: list[str]) -> None:
    client_address(None, forwarded_for, TRUSTED)


def test_counts_ipv6_by_network_and_ipv4_by_address() -> None:
    first, second = (ipaddress.ip_address(f"2001:db8:1:2{rest}") for rest in ("::1", ":ffff::9"))
    assert bucket(first) == bucket(second) == "2001:db8:1:2::/64"
    assert bucket(ipaddress.ip_address("2001:db8:1:3::1")) != bucket(first)
    assert bucket(ipaddress.ip_address("198.51.100.1")) == "198.51.100.1"
    assert bucket(None) == "local"
