"""The session's name and how long it lives."""

import math
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

from cavalcade.domain import names
from cavalcade.domain.errors import ErrorCode, FieldError, Rejected
from cavalcade.domain.feature import HOSTS, Change, Command, Effects, Feature, Situation
from cavalcade.domain.fields import Whole
from cavalcade.domain.model import Participant, Role, Session, SessionState

MAX_EXTEND_S: Final = 30 * 86_400
ONLY_THE_HOST: Final = "Only the host may do this."


@dataclass(frozen=True, slots=True)
class SessionChanged(Change):
    """The session's settings changed."""

    type: ClassVar[str] = "session_changed"
    session: Session

    def evolve(self, state: SessionState) -> SessionState:
        """These are its settings."""
        return replace(state, session=self.session)

    def effects(self) -> Effects:
        """What expires with the session may have to be kept for longer."""
        return Effects(keeps_longer=True)


@dataclass(frozen=True, slots=True)
class SetSession(Command):
    """Rename or extend, by the host; None leaves a field as it is."""

    operation: ClassVar[str | None] = "session:set"
    meaning: ClassVar[str] = "rename, extend"
    roles: ClassVar[frozenset[Role]] = HOSTS
    refusal: ClassVar[str] = ONLY_THE_HOST
    name: Annotated[str | None, names.NAME] = None
    extend_s: Annotated[int | None, Whole(1, MAX_EXTEND_S)] = None

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """Another name or a later end; an extension answers a question for more time."""
        session, limits = situation.state.session, situation.limits
        name = session.name if self.name is None else self.name or names.default_session_name(session.id)
        expires_at = session.expires_at
        time_asked_by = session.time_asked_by
        if self.extend_s is not None:
            expires_at += self.extend_s * 1000
            time_asked_by = None
            latest = min(situation.now + limits.max_lifetime_s * 1000, session.created_at + limits.max_age_s * 1000)
            if expires_at > latest:
                room_s = max(0, (latest - session.expires_at) // 1000)
                detail = f"the session can be extended by at most {room_s} seconds now"
                raise Rejected(ErrorCode.INVALID_REQUEST, errors=(FieldError("/extend_s", detail),))
        changed = replace(session, name=name, expires_at=expires_at, time_asked_by=time_asked_by)
        return [] if changed == session else [SessionChanged(changed)]


FEATURE: Final = Feature(
    commands=(SetSession,),
    changes=(SessionChanged,),
    asked=(
        ("session:set", {}, SetSession()),
        ("session:set", {"name": "Tour", "extend_s": 60}, SetSession("Tour", 60)),
        ("session:set", {"extend_s": 60.0}, SetSession(None, 60)),
    ),
    refused=(
        ("session:set", {"extend_s": 0}, ("/extend_s",)),
        ("session:set", {"extend_s": -60}, ("/extend_s",)),
        ("session:set", {"extend_s": True}, ("/extend_s",)),
        ("session:set", {"extend_s": math.nan}, ("/extend_s",)),
        ("session:set", {"extend_s": 10**4000, "name": "\u202e"}, ("/name", "/extend_s")),
    ),
    happened=tuple(
        (
            SessionChanged(Session("k3v9x0m2qa", "Tour", 1_800_000, 30_600_000, asked_by)),
            {
                "session": {
                    "id": "k3v9x0m2qa",
                    "name": "Tour",
                    "created_at": 1_800_000,
                    "expires_at": 30_600_000,
                    "time_asked_by": asked_by,
                }
            },
        )
        for asked_by in (None, 2)
    ),
)
