"""What the request of a WebSocket says, read without I/O.

A refusal is a 403 for a foreign Origin, an unsupported version or subprotocol alone: a browser cannot see why a
handshake failed, so everything else that is a handshake at all is accepted and answered at the join.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cavalcade.wire.codes import is_session_id

PATH: Final = "/socket/websocket"
SUBPROTOCOL: Final = "phoenix"
_TOKEN_PREFIX: Final = "base64url.bearer.phx."  # noqa: S105 - the prefix of a subprotocol, not a secret
_PROTOCOL_VERSIONS: Final = ("13", "8", "7")
"""Those that picows speaks; it fails on one that is no text rather than refusing it."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """An accepted request.

    Attributes:
        session_id: The session that the query names; empty where it names none, which the join then refuses.
        token: The token as sent, unchecked; None where there is none.
        subprotocol: What to answer with, where the client offered any.
    """

    session_id: str
    token: str | None
    subprotocol: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is answered with an HTTP status and no socket."""

    status: int
    reason: str


def read_handshake(target: str, headers: Mapping[str, str], origins: frozenset[str]) -> Handshake | Refusal:
    """Reads a request for a socket.

    Args:
        target: The request's target, path and query.
        headers: Its headers, looked up without regard to case.
        origins: From where browsers may come; a client that sends no Origin is no browser.
    """
    try:
        parts = urlsplit(target)
        query = parse_qs(parts.query, max_num_fields=32)
    except ValueError:
        return Refusal(400, "malformed request target")
    if parts.path != PATH:
        return Refusal(404, "no socket here")
    if headers.get("Sec-WebSocket-Version") not in _PROTOCOL_VERSIONS:
        return Refusal(426, "unsupported protocol")
    origin = headers.get("Origin")
    if origin is not None and origin not in origins:
        return Refusal(403, "foreign origin")
    if not query.get("vsn", [""])[-1].startswith("2."):
        return Refusal(403, "unsupported version")
    token = query.get("token", [None])[-1]
    offered = [item.strip() for item in headers.get("Sec-WebSocket-Protocol", "").split(",") if item.strip()]
    if offered:
        if SUBPROTOCOL not in offered:
            return Refusal(403, "unsupported subprotocol")
        token = next((t for item in offered if (t := _bearer(item)) is not None), token)
    session_id = query.get("session", [""])[-1]
    return Handshake(session_id if is_session_id(session_id) else "", token, SUBPROTOCOL if offered else None)


def _bearer(subprotocol: str) -> str | None:
    """The token in a subprotocol, which phoenix.js encodes with btoa and strips of its padding."""
    if not subprotocol.startswith(_TOKEN_PREFIX):
        return None
    encoded = subprotocol.removeprefix(_TOKEN_PREFIX).translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
