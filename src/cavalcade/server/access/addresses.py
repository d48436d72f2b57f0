"""Whose address a request comes from, when only the proxies of our own may say so."""

import ipaddress
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOCAL_BUCKET = "local"
"""What a peer on a Unix socket counts as where no proxy says for whom it asks."""


def client_address(peer: str | None, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> Address | None:
    """Finds who asks: the nearest hop that is no proxy of our own.

    Args:
        peer: The address at the other end of the connection; None on a Unix socket, which is trusted.
        forwarded_for: The values of the headers `X-Forwarded-For`, in order; anybody may have written the left of them.
        trusted: The networks of our own proxies.

    Returns:
        The address, or None where only a Unix socket is known. A malformed hop ends the search: what lies left of it
        cannot be told from forgery.
    """
    nearest = None if peer is None else _parsed(peer)
    if peer is not None and (nearest is None or not _is_trusted(nearest, trusted)):
        return nearest
    hops = [hop for value in forwarded_for for hop in value.split(",")]
    for hop in reversed(hops):
        address = _parsed(hop.strip())
        if address is None:
            break
        nearest = address
        if not _is_trusted(address, trusted):
            break
    return nearest


def bucket(address: Address | None) -> str:
    """What an address counts as: itself, or for IPv6 its /64, which one household or phone has to itself."""
    if address is None:
        return LOCAL_BUCKET
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted if network.version == address.version)


def _parsed(text: str) -> Address | None:
    """Reads an address as proxies write it: bare, with a port, or in brackets."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address
