"""Whose page asks: what browsers say of it, and which addresses are our own."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_OUR_OWN: Final = ("same-origin", "none")
"""What `Sec-Fetch-Site` says of our own page, and of what its reader asked for by hand."""


def allowed_origins(public_url: str) -> frozenset[str]:
    """The Origins that a browser may come from: the public address, and for a local one its other names."""
    parts = urlsplit(public_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if host not in _LOOPBACK:
        return frozenset({public_url})
    port = f":{parts.port}" if parts.port else ""
    return frozenset(f"{parts.scheme}://{name}{port}" for name in _LOOPBACK)


def is_of_another_site(headers: Mapping[str, str], origins: frozenset[str]) -> bool:
    """Whether a browser says that a page which is not ours asks.

    Args:
        headers: Of the request, looked up without regard to case. What is no browser sends neither of the two.
        origins: See `allowed_origins`.
    """
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if site is not None and site not in _OUR_OWN:
        return True
    if origin == "null":  # where a browser does not want to say
        return site is None
    return origin is not None and origin not in origins
