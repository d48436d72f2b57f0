from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavalcade.wire import codes

CODE = "abcdefghi0.AbCdEfGhIjKlMnOpQrSt-_"
CODES = st.from_regex(r"[a-z0-9]{10}\.[A-Za-z0-9_-]{22}", fullmatch=True)


def test_ids_and_secrets_have_their_form_and_differ() -> None:
    ids = {codes.new_session_id() for _ in range(1_000)}
    secrets = {codes.new_secret() for _ in range(1_000)}
    assert len(ids) == len(secrets) == 1_000
    assert all(codes.is_session_id(session_id) for session_id in ids)
    assert all(len(base64.urlsafe_b64decode(secret + "==")) * 8 == 128 for secret in secrets)
    assert {character for session_id in ids for character in session_id} == set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert codes.parse_code(f"{min(ids)}.{min(secrets)}") == (min(ids), min(secrets))


def test_a_derived_secret_depends_on_all_it_is_derived_from() -> None:
    secrets = {
        codes.derived_secret(signing, purpose, key)
        for signing in ("s1", "s2")
        for purpose in ("a", "b")
        for key in "kl"
    }
    assert len(secrets) == 8
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", secret) for secret in secrets)
    assert codes.derived_secret("s1", "a", "k") in secrets


@pytest.mark.parametrize(
    "text", ["", "abcdefghi", "abcdefghijk", "Abcdefghij", "abcdefgh-j", "abcdefghij\n", "\u0661" * 10]
)
def test_other_texts_are_no_session_ids(text: str) -> None:
    assert not codes.is_session_id(text)


@given(CODES)
def test_a_code_is_split(code: str) -> None:
    assert codes.parse_code(code) == tuple(code.split("."))


@pytest.mark.parametrize(
    "code",
    ["", ".", CODE[:-1], CODE + "A", CODE + "\n", " " + CODE, CODE.upper(), CODE.replace(".", ""), CODE + "&k=1"],
)
def test_other_texts_are_no_codes(code: str) -> None:
    assert codes.parse_code(code) is None


@given(st.text(st.characters()))
def test_any_text_is_looked_through(text: str) -> None:
    assert codes.parse_code(text) is None


def test_what_is_kept_of_secrets_does_not_hold_them() -> None:
    secret = codes.new_secret()
    assert len(codes.hash_secret(secret)) == 32
    assert secret.encode() not in codes.hash_secret(secret)
    assert codes.hash_secret(secret) == codes.hash_secret(secret) != codes.hash_secret(codes.new_secret())
    assert re.fullmatch(r"[0-9a-f]{64}", codes.hash_key("k" * 16))
