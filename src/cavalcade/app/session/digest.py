"""What arrived while somebody rode, told in one sentence once they stand; pure. As the page's `digest.ts`."""

from dataclasses import dataclass, replace
from typing import Final

AFTER_RIDING_MS: Final = 5_000
"""Riding ends after 15 s of standing; the digest comes after 20 s."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What is remembered.

    Attributes:
        missed: The offsets of messages that came while one rode.
        ended_at: Since when one does not ride any more, ms since the epoch; None where that was told, or one rides.
        was_riding: One rode when it was last looked at.
    """

    missed: tuple[int, ...] = ()
    ended_at: int | None = None
    was_riding: bool = False


@dataclass(frozen=True, slots=True)
class Missed:
    """What is told.

    Attributes:
        count: How many messages.
        for_me: How many of them are for oneself.
        at: When that is told, ms since the epoch.
    """

    count: int
    for_me: int
    at: int


def note_arrival(digest: Digest, message: int, *, is_riding: bool) -> Digest:
    """A message came."""
    return replace(digest, missed=(*digest.missed, message)) if is_riding else digest


def look_at(digest: Digest, now: int, *, is_riding: bool) -> tuple[Digest, tuple[int, ...]]:
    """Looks whether it is time to tell; returns what came while one rode, once."""
    if is_riding:
        return replace(digest, ended_at=None, was_riding=True), ()
    ended_at = now if digest.was_riding else digest.ended_at
    if ended_at is None or now - ended_at < AFTER_RIDING_MS:
        return replace(digest, ended_at=ended_at, was_riding=False), ()
    return Digest(), digest.missed
