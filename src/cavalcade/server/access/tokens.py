"""Tokens: who somebody is in which session, signed so that no database is asked.

A token is base64url without padding of `version, session id, participant, expiry, HMAC-SHA256`: 74 characters, all of
them fit for headers, addresses and subprotocols.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cavalcade.domain.model import DAY_S, Limits
from cavalcade.wire.codes import is_session_id

VERSION: Final = 1

_CLAIMS: Final = struct.Struct(">B10sIQ")
_LENGTH: Final = (_CLAIMS.size + hashlib.sha256().digest_size) * 8 // 6 + 1
_PURPOSE: Final = b"token\0"
"""Set before what is signed: the same secret derives other things as well, which must never pass for a token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says.

    Attributes:
        session_id: The only session that it opens.
        participant: Whose it is; whether they are still there is not in it.
        expires_at: ms since the epoch.
    """

    session_id: str
    participant: int
    expires_at: int


class TokenSigner:
    """Issues tokens with the first of its secrets and accepts those of any of them, so that secrets can be rotated."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Takes the secrets, the one that signs first.

        Raises:
            ValueError: Where there is none.
        """
        if not secrets:
            raise ValueError("there must be a secret to sign with")
        self._keys = [secret.encode() for secret in secrets]

    def issue(self, session_id: str, participant: int, expires_at: int) -> str:
        """Makes a token.

        Args:
            session_id: The session that it opens.
            participant: Whose it is.
            expires_at: Until when it holds, ms since the epoch; see `token_expiry`.

        Raises:
            ValueError: Where the session id has not the form of one.
        """
        if not is_session_id(session_id):
            raise ValueError("not a session id")
        return _signed(_CLAIMS.pack(VERSION, session_id.encode(), participant, expires_at), self._keys[0])

    def verify(self, token: str, now: int) -> Claims | None:
        """Reads a token.

        Args:
            token: What a client sent; anything at all.
            now: ms since the epoch.

        Returns:
            What it says, or None where none of the secrets signed exactly this text or its time is over.
        """
        if len(token) != _LENGTH or not token.isascii():
            return None
        try:
            payload = base64.urlsafe_b64decode(token + "=" * (-_LENGTH % 4))[: _CLAIMS.size]
        except (binascii.Error, ValueError):
            return None
        # Whole texts are compared: base64 could otherwise spell the same bytes in several ways.
        matches = [
            len(payload) == _CLAIMS.size and hmac.compare_digest(_signed(payload, key), token) for key in self._keys
        ]
        if not any(matches):
            return None
        version, session_id, participant, expires_at = _CLAIMS.unpack(payload)
        if version != VERSION or now >= expires_at:
            return None
        return Claims(session_id.decode(), participant, expires_at)


def token_expiry(now: int, limits: Limits) -> int:
    """Until when a token issued now holds (ms since the epoch): a day longer than any session that began before."""
    return now + (limits.max_age_s + DAY_S) * 1000


def _signed(payload: bytes, key: bytes) -> str:
    signature = hmac.digest(key, _PURPOSE + payload, hashlib.sha256)
    return base64.urlsafe_b64encode(payload + signature).rstrip(b"=").decode()
