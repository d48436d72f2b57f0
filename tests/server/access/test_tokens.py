"""Tokens: what was issued verifies, and nothing else does."""

import base64
import string
from itertools import starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.domain.model import Limits
from cavalcade.server.access.tokens import Claims, TokenSigner, token_expiry

NOW = 1_800_000_000_000
OLD, NEW = "o" * 32, "n" * 32

session_ids = st.text(string.ascii_lowercase + string.digits, min_size=10, max_size=10)
claims = st.builds(Claims, session_ids, st.integers(0, 0xFFFF), st.integers(NOW + 1, 2**53))


@given(claims)
def test_says_what_it_was_issued_for(claims: Claims) -> None:
    signer = TokenSigner([NEW])
    token = signer.issue(claims.session_id, claims.participant, claims.expires_at)
    assert signer.verify(token, NOW) == claims
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    assert len(token) == 74


@given(st.text() | st.text(string.ascii_letters + string.digits + "-_", min_size=74, max_size=74))
def test_other_text_never_verifies_and_never_raises(text: str) -> None:
    assert TokenSigner([NEW]).verify(text, NOW) is None


@given(claims, st.integers(0, 73), st.sampled_from(string.ascii_letters + string.digits + "-_=+/.~ \0\x7f\u00e9"))
def test_no_character_can_be_changed(claims: Claims, place: int, character: str) -> None:
    signer = TokenSigner([NEW])
    token = signer.issue(claims.session_id, claims.participant, claims.expires_at)
    forged = token[:place] + character + token[place + 1 :]
    assert forged == token or signer.verify(forged, NOW) is None


@given(claims, st.binary(min_size=55, max_size=55))
def test_a_known_payload_with_another_signature_does_not_verify(claims: Claims, noise: bytes) -> None:
    signer = TokenSigner([NEW])
    token = signer.issue(claims.session_id, claims.participant, claims.expires_at)
    payload = base64.urlsafe_b64decode(token + "==")[:23]
    forged = base64.urlsafe_b64encode(payload + noise[:32]).rstrip(b"=").decode()
    assert signer.verify(forged, NOW) is None


def test_secrets_can_be_rotated() -> None:
    before, between, after = starmap(TokenSigner, [([OLD],), ([NEW, OLD],), ([NEW],)])
    old_token, new_token = before.issue("abcdefghij", 1, NOW + 1), between.issue("abcdefghij", 1, NOW + 1)
    assert between.verify(old_token, NOW) == between.verify(new_token, NOW) == Claims("abcdefghij", 1, NOW + 1)
    assert after.verify(old_token, NOW) is None
    assert after.verify(new_token, NOW) is not None


def test_holds_until_its_time_is_over() -> None:
    signer = TokenSigner([NEW])
    token = signer.issue("abcdefghij", 1, NOW)
    assert signer.verify(token, NOW - 1) is not None
    assert signer.verify(token, NOW) is None


def test_outlives_any_session_by_a_day() -> None:
    assert token_expiry(NOW, Limits(max_age_s=10)) == NOW + 10_000 + 86_400_000


@pytest.mark.parametrize("session_id", ["", "short", "ABCDEFGHIJ", "abcdefghi\u00e9", "abcdefghijk"])
def test_is_issued_for_session_ids_alone(session_id: str) -> None:
    with pytest.raises(ValueError, match="session id"):
        TokenSigner([NEW]).issue(session_id, 1, NOW)


def test_needs_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        TokenSigner([])
