"""How a session ends: by its host, or by itself when its time is over."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from cavalcade.domain.feature import HOSTS, Change, Command, Effects, Feature, Issuer, Situation
from cavalcade.domain.features.settings import ONLY_THE_HOST
from cavalcade.domain.model import Participant, Role, SessionState

ENDED: Final = "ended"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True)
class SessionEnded(Change):
    """The session is over: `ended` by its host or `expired`."""

    type: ClassVar[str] = "session_ended"
    meaning: ClassVar[str] = "`ended` by a host, or `expired`"
    reason: str

    def evolve(self, state: SessionState) -> SessionState:
        """It is over."""
        return replace(state, ended=self.reason)

    def effects(self) -> Effects:
        """It is over for everybody."""
        return Effects(ends=self.reason)


@dataclass(frozen=True, slots=True)
class EndSession(Command):
    """End it for everybody, by the host."""

    operation: ClassVar[str | None] = "session:end"
    meaning: ClassVar[str] = "end for all"
    finishes: ClassVar[bool] = True
    roles: ClassVar[frozenset[Role]] = HOSTS
    refusal: ClassVar[str] = ONLY_THE_HOST

    def decide(self, me: Participant, situation: Situation) -> list[Change]:  # noqa: ARG002
        """The end."""
        return [SessionEnded(ENDED)]


@dataclass(frozen=True, slots=True)
class Expire(Command):
    """End it because its time is over, by the system."""

    issuer: ClassVar[Issuer] = Issuer.SYSTEM

    def decide_alone(self, situation: Situation) -> list[Change]:
        """The end, where it is due and nobody was faster."""
        state = situation.state
        due = state.ended is None and situation.now >= state.session.expires_at
        return [SessionEnded(EXPIRED)] if due else []


FEATURE: Final = Feature(
    commands=(EndSession, Expire),
    changes=(SessionEnded,),
    asked=(("session:end", {}, EndSession()),),
    refused=(("session:end", {"on": True}, ("/on",)),),
    happened=((SessionEnded(ENDED), {"reason": "ended"}), (SessionEnded(EXPIRED), {"reason": "expired"})),
)
