"""What the store hands out and takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cavalcade.domain.events import Event
from cavalcade.domain.model import SessionState

FORGOTTEN: Final = ""
"""The digest of an operation whose content was scrubbed: it is known by its id alone."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A session as it is stored.

    Attributes:
        state: The session, folded up to `state.offset`.
        epoch: Counts its owners, from 1; an owner with an older one may not write any more.
        code_hash: Of the secret that lets in members.
        viewer_hash: Of the secret that lets in viewers.
    """

    state: SessionState
    epoch: int
    code_hash: bytes
    viewer_hash: bytes


@dataclass(frozen=True, slots=True)
class End:
    """How a session ends.

    Attributes:
        base: The session as it was when that was decided.
        event: The event that ends it, at the base's offset + 1.
        after: The base's state with the event folded in.
    """

    base: Stored
    event: Event
    after: SessionState


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended, kept as long as its session so that the same operation again gets the same reply.

    Attributes:
        digest: The fingerprint of the operation's content.
        reply: What was answered, as JSON.
    """

    digest: str
    reply: Mapping[str, object]
