"""Asking the host for more time."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from cavalcade.domain.feature import Change, Command, Feature, Situation
from cavalcade.domain.model import Participant, ParticipantId, Role, SessionState


@dataclass(frozen=True, slots=True)
class TimeAsked(Change):
    """Somebody asked the host for more time."""

    type: ClassVar[str] = "time_asked"
    meaning: ClassVar[str] = "stands in `time_asked_by` until the session is extended or they leave"
    participant: ParticipantId

    def evolve(self, state: SessionState) -> SessionState:
        """The question stands."""
        return replace(state, session=replace(state.session, time_asked_by=self.participant))


@dataclass(frozen=True, slots=True)
class AskTime(Command):
    """Ask the host for more time. While somebody's question stands, another one changes nothing."""

    operation: ClassVar[str | None] = "time:ask"
    meaning: ClassVar[str] = (
        "ask the host for more time; changes nothing for the host, or while somebody's question stands"
    )

    def decide(self, me: Participant, situation: Situation) -> list[Change]:
        """A question. The host gives time rather than asks for it, and one question is as good as ten."""
        if me.role is Role.HOST or situation.state.session.time_asked_by is not None:
            return []
        return [TimeAsked(me.id)]


FEATURE: Final = Feature(
    commands=(AskTime,),
    changes=(TimeAsked,),
    asked=(("time:ask", {}, AskTime()),),
    refused=(("time:ask", {"seconds": 60}, ("/seconds",)),),
    happened=((TimeAsked(2), {"participant": 2}),),
)
