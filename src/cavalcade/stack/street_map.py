"""What lies beneath the people on the page: where its streets come from, and what Caddy and the policy say of that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from cavalcade.settings import StreetMap

OPEN_FREE_MAP = "https://tiles.openfreemap.org/planet"
"""Vector tiles of the whole world, free for anyone, in the schema of OpenMapTiles."""

HELSINKI = "/tiles/helsinki.pmtiles"
"""The streets that come with the page: those that the built-in convoy rides on."""

_OWN_FILE = "/tiles/own.pmtiles"


def page_configuration(streets: StreetMap, *, demo: bool) -> str:
    """What Caddy fills into the page, written like the query of an address: nothing in it is special on the way."""
    given = (
        {"style": streets.style, "style_dark": streets.style_dark}
        if streets.style
        else {"tiles": _tiles(streets, demo=demo)}
    )
    return urlencode({name: value for name, value in given.items() if value}, safe="/:")


def content_security_policy(streets: StreetMap, sockets: str, *, demo: bool) -> str:
    """What the page may load, and from where. This is the one place to change it.

    Args:
        streets: Where the map has its streets from.
        sockets: The origin of the page's own WebSockets, ``ws://`` or ``wss://``.
        demo: The built-in convoy rides.
    """
    addresses = [streets.style, streets.style_dark] if streets.style else [_tiles(streets, demo=demo)]
    origins = {_origin(address) for address in (*addresses, *streets.sources) if address and "://" in address}
    elsewhere = "".join(f" {origin}" for origin in sorted(origins))
    directives = {
        "default-src": "'self'",
        # Safari before 15.4 does not count the sockets of the page's own host as 'self'.
        "connect-src": f"'self' {sockets}{elsewhere}",
        "worker-src": "'self' blob:",
        "img-src": f"'self' data: blob:{elsewhere}",
        # The page and the map library set styles by script alone, which needs no more than this.
        "style-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{directive} {sources}" for directive, sources in directives.items())


def caddy_lines(streets: StreetMap) -> str:
    """The part of the Caddyfile that serves a file of one's own, in the ranges that a browser asks for."""
    if streets.file is None:
        return ""
    folder, name = (json.dumps(str(part)) for part in (streets.file.parent, f"/{streets.file.name}"))
    return f"""handle {_OWN_FILE} {{
		root * {folder}
		rewrite * {name}
		header Cache-Control "public, max-age=3600"
		file_server
	}}"""


def _tiles(streets: StreetMap, *, demo: bool) -> str | None:
    if streets.file is not None:
        return _OWN_FILE
    return streets.tiles or (HELSINKI if demo else OPEN_FREE_MAP)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
