"""Signing secrets: what people think up is refused, what a program made at random never is."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid

import pytest
from hypothesis import example, given, strategies

from cavalcade.signing_secret import LEAST_BITS, estimated_bits, is_placeholder, weakness_of


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "tooshort",
        # Placeholders, and what people write in their place.
        "change-me-change-me-change-me-change-me",
        "CHANGE_ME_TO_SOMETHING_LONG_AND_RANDOM",
        "changeme1changeme2changeme3changeme4",
        "please-replace-this-with-a-real-secret-value",
        "your-256-bit-secret-your-256-bit-secret",
        "insert-a-long-random-string-of-32-characters",
        "REPLACE_WITH_OUTPUT_OF_openssl_rand_-hex_32",
        "<a secret of 32 characters or more here>",
        "${CAVALCADE_SECRET:?at least 32 characters}",
        "example-secret-do-not-use-in-production-0001",
        "supersecretsupersecretsupersecret",
        "thisisaverylongsecretthatnobodycanguess",
        "my-sup3r-s3cr3t-k3y-for-pr0duct1on-2024",
        "bitte-das-geheime-passwort-hier-ersetzen",
        "por-favor-cambiar-esta-clave-secreta-aqui",
        "remplacez-cette-cle-secrete-par-une-longue",
        "the quick brown fox jumps over the lazy dog",
        "lorem ipsum dolor sit amet consectetur",
        # Repetitions.
        "a" * 32,
        "x" * 200,
        "ab" * 20,
        "deadbeef" * 4,
        "P@ssw0rd" * 4 + "!",
        "00000000-0000-0000-0000-000000000000",
        "1111111122222222333333334444444455555555",
        # Runs along the alphabet and the keyboard.
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "qwertyuiopasdfghjklzxcvbnm123456",
        "QWERTYUIOP-ASDFGHJKL-ZXCVBNM-QWERTZUIOP",
        "1q2w3e4r5t6y7u8i9o0p1q2w3e4r5t6y",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,",
        "poiuytrewqlkjhgfdsamnbvcxz0987654321",
        # The same in another spelling.
        base64.b64encode(b"change-me-change-me-change-me").decode(),
        b"change-me-change-me-change-me".hex(),
        base64.b64encode(b"a" * 32).decode(),
    ],
)
def test_what_can_be_guessed_is_refused(secret: str) -> None:
    weak = weakness_of(secret)
    assert weak is not None
    assert "openssl rand -hex 32" in weak
    assert not secret or secret not in weak


# Each of these is drawn from the bytes that `secrets` or `openssl rand` would take.
@given(strategies.integers(0, 2**256 - 1))
@example(2**256 - 1 - int(secrets.token_hex(32), 16))
def test_what_a_program_made_is_never_refused(number: int) -> None:
    # Hypothesis likes numbers that nobody gets by chance, such as 0: hashed, they are what chance would give.
    made = hashlib.sha256(number.to_bytes(32, "big")).digest()
    for secret in (
        base64.urlsafe_b64encode(made).rstrip(b"=").decode(),  # secrets.token_urlsafe(32)
        base64.b64encode(made).decode(),  # openssl rand -base64 32
        made.hex(),  # secrets.token_hex(32), openssl rand -hex 32
        made[:16].hex(),
        made[:16].hex().upper(),
        str(uuid.UUID(bytes=made[:16])),
        base64.b32encode(made[:20]).decode(),
    ):
        assert weakness_of(secret) is None, secret


def test_real_randomness_is_far_from_the_bound() -> None:
    least = min(estimated_bits(secrets.token_hex(16)) for _ in range(200))
    assert least > LEAST_BITS + 8
    assert min(estimated_bits(secrets.token_urlsafe(32)) for _ in range(100)) > LEAST_BITS * 1.5


def test_a_random_part_is_enough() -> None:
    assert weakness_of(f"my-secret-key-{secrets.token_urlsafe(24)}") is None
    # Several words that a program drew from a long list.
    assert weakness_of("oblong-tweezers-graveyard-unpaved-cubicle-parsnip-flyable-mongoose") is None


@pytest.mark.parametrize(
    "password", ["change-me", "CHANGE_ME", "password", "secret", "...", "<password>", "${PW}", "xxxx"]
)
def test_placeholders_of_passwords(password: str) -> None:
    assert is_placeholder(password)


@pytest.mark.parametrize("password", ["", "hunter2", "password1-of-the-database", "x3x", "f9a048dc465c8f6c"])
def test_other_passwords(password: str) -> None:
    assert not is_placeholder(password)
