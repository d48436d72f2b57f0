"""Who may read the content of an event, or what a feature keeps; also where its type is not known."""

from typing import Final

from cavalcade.domain.kept import Features
from cavalcade.domain.model import Participant, Role

MEMBERS: Final = "members"
"""Everybody but viewers."""


def may_read(audience: str | None, reader: Participant | None) -> bool:
    """Whether somebody may read what is for an audience.

    Args:
        audience: `MEMBERS`, or None for everybody. What a newer version writes there is for nobody here to read.
        reader: Who; None for somebody who is not in the session.
    """
    return audience is None or (audience == MEMBERS and reader is not None and reader.role is not Role.VIEWER)


def readable(features: Features, reader: Participant | None) -> Features:
    """Of what features keep, what somebody may read; None for somebody who is not in the session."""
    kept = {key: one for key, one in features.kept.items() if may_read(one.audience, reader)}
    foreign = {key: one for key, one in features.foreign.items() if may_read(_audience(one), reader)}
    return Features(kept, foreign)


def _audience(foreign: object) -> str | None:
    audience = foreign.get("audience") if isinstance(foreign, dict) else None
    return None if audience is None else str(audience)
