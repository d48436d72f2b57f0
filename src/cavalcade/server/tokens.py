"""Tokens: who somebody is in which session, signed, so that checking one needs no database.

`1.<session>.<participant>.<expiry in s>.<HMAC-SHA256 in base64url>`: letters, digits, dots, dashes and underscores,
safe in a header, a query and a WebSocket subprotocol.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_TOKEN_LENGTH: Final = 128
_VERSION: Final = "1"
_FORM: Final = re.compile(r"1\.([a-z0-9]{10})\.([1-9][0-9]{0,8})\.([1-9][0-9]{0,11})\.([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says.

    Attributes:
        session_id: The session it lets into; into no other.
        participant: Whose it is.
        expires_at: ms since the epoch.
    """

    session_id: str
    participant: int
    expires_at: int


class TokenSigner:
    """Signs tokens with the first secret and accepts those that any of the secrets signed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Takes the signing secrets, newest first."""
        self._keys = [hashlib.sha256(f"cavalcade token\0{secret}".encode()).digest() for secret in secrets]

    def issue(self, session_id: str, participant: int, expires_at: int) -> str:
        """Makes a token.

        Args:
            session_id: The session it lets into.
            participant: Whose it is.
            expires_at: ms since the epoch, counted in whole seconds.
        """
        body = f"{_VERSION}.{session_id}.{participant}.{expires_at // 1000}"
        return f"{body}.{_sign(self._keys[0], body)}"

    def verify(self, token: str, now: int) -> Claims | None:
        """Reads a token; None where it is malformed, signed by nobody we know, or expired at `now` (ms)."""
        match = _FORM.fullmatch(token) if len(token) <= MAX_TOKEN_LENGTH else None
        if match is None:
            return None
        body, signature = token.rsplit(".", 1)
        # Every key is tried whatever the outcome of the others, so that timing tells nothing about them.
        valid = [hmac.compare_digest(_sign(key, body), signature) for key in self._keys]
        expires_at = int(match[3]) * 1000
        if not any(valid) or expires_at <= now:
            return None
        return Claims(match[1], int(match[2]), expires_at)


def _sign(key: bytes, body: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, body.encode(), "sha256")).rstrip(b"=").decode()
