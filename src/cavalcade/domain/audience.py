"""Who may read the content of an event, or what a feature keeps; also where its type is not known."""

from cavalcade.domain.features.chat import CHAT, MEMBERS, SessionChat
from cavalcade.domain.kept import Features
from cavalcade.domain.model import Role, SessionState

__all__ = ["CHAT", "MEMBERS", "may_read", "readable"]


def may_read(audience: str | None, reader: int, state: SessionState) -> bool:
    """Whether somebody may read what is for an audience, besides what lies before their joining; see `events.read_by`.

    Args:
        audience: `MEMBERS`, `CHAT`, or None for everybody. What a newer version writes there is for nobody here to
            read.
        reader: The participant; of what is not for everybody, somebody who is not in the session may read nothing.
        state: The session as it is when they read.
    """
    if audience is None:
        return True
    person = state.participants.get(reader)
    if person is None or audience not in {MEMBERS, CHAT}:
        return False
    return person.role is not Role.VIEWER or (audience == CHAT and state.features.of(SessionChat).viewers_read)


def readable(features: Features, reader: int, state: SessionState) -> Features:
    """Of what features keep, what somebody may read."""
    kept = {key: one for key, one in features.kept.items() if may_read(one.audience, reader, state)}
    foreign = {key: one for key, one in features.foreign.items() if may_read(_audience(one), reader, state)}
    return Features(kept, foreign)


def _audience(foreign: object) -> str | None:
    audience = foreign.get("audience") if isinstance(foreign, dict) else None
    return None if audience is None else str(audience)
