"""Session ids and the secrets in links: `<id>.<secret>`, the secret 128 bits in 22 characters of base64url."""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

_ID_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_ID: Final = re.compile(r"[a-z0-9]{10}")
_CODE: Final = re.compile(r"([a-z0-9]{10})\.([A-Za-z0-9_-]{22})")


def new_session_id() -> str:
    """A fresh session id: 10 lower-case letters and digits (51 bits, not secret)."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(10))


def new_secret() -> str:
    """A fresh secret of 128 bits."""
    return _base64url(secrets.token_bytes(16))


def derived_secret(signing_secret: str, purpose: str, key: str) -> str:
    """The secret that belongs to an `Idempotency-Key`, so that a replayed creation returns the same link.

    Args:
        signing_secret: The server's own secret, without which the result cannot be computed from the key.
        purpose: What it is for; different purposes give unrelated secrets.
        key: The `Idempotency-Key`.
    """
    digest = hmac.digest(signing_secret.encode(), f"{purpose}\0{key}".encode(), hashlib.sha256)
    return _base64url(digest[:16])


def is_session_id(text: str) -> bool:
    """Whether a text has the form of a session id."""
    return _ID.fullmatch(text) is not None


def parse_code(code: str) -> tuple[str, str] | None:
    """Splits a code into session id and secret; None where it has not the form of one."""
    match = _CODE.fullmatch(code)
    return None if match is None else (match[1], match[2])


def hash_secret(secret: str) -> bytes:
    """What the server keeps of a secret. A plain SHA-256 is enough: the secret has 128 random bits."""
    return hashlib.sha256(secret.encode()).digest()


def hash_key(key: str) -> str:
    """What the server keeps of an `Idempotency-Key`."""
    return hashlib.sha256(key.encode()).hexdigest()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
